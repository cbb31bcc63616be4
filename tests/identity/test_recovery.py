"""A forgotten password: a link by mail, and the new password set with it."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from portal.core import aws
from portal.core.outbox import Outgoing
from portal.core.problems import (
    INVALID_REQUEST,
    LINK_UNKNOWN,
    UNAUTHENTICATED,
    Problem,
)
from portal.core.records import HOUR
from portal.identity.bounces import note_bounce
from portal.identity.problems import CHANGE_EXPIRED, INVALID_CREDENTIALS, RECOVERY_EXPIRED
from tests.world.refusals import refused
from tests.world.use_cases import EMAIL
from tests.world.world import NOW, PASSWORD

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

NIR = "2940375120005"
NEW = "Another-Horse-8"
DOWN = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "SendEmail")


def shape(item: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of an item's attributes, and those of what a message is about."""
    about = item.get("about", {"M": {}})["M"]
    return (*sorted(item), *sorted(about))


def link(world: "World", identifier: str = EMAIL, now: int = NOW) -> str:
    """Ask for a recovery link and return the token of its mail."""
    world.recover(identifier, now)
    (mail,) = (each for each in world.deliver(now) if "nouveau-mot-de-passe#" in each.text)
    return mail.token


@pytest.mark.parametrize("identifier", [EMAIL, EMAIL.upper(), NIR, "2 94 03 75 120 005 91"])
def test_a_link_for_either_identifier(world: "World", identifier: str) -> None:
    """A link asked for by e-mail or NIR goes to the account's address and sets a password."""
    world.open_account()
    world.recover(identifier, NOW)
    (mail,) = world.deliver(NOW)
    assert (mail.to, mail.subject) == ([EMAIL], "Réinitialisation de votre mot de passe")
    assert mail.link.startswith("https://portail.example/nouveau-mot-de-passe#")
    world.reset(mail.token, NEW, NOW + 60)
    assert world.log_in(EMAIL, NEW, NOW + 61)
    assert world.log_in(NIR, NEW, NOW + 62)
    refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, PASSWORD, NOW + 63))


@pytest.mark.guards("recovery-lifetime")
def test_a_recovery_link_lasts_half_an_hour(world: "World") -> None:
    """A link is valid at 1799 s and late at 1800 s, swept or not; removed before, it is unknown."""
    world.open_account()
    token = link(world)
    late = NOW + 1800
    refused(RECOVERY_EXPIRED, lambda: world.reset(token, NEW, late))
    refused(INVALID_REQUEST, lambda: world.reset(token, "short", late - 1))
    world.sweep("TOKEN#")
    refused(RECOVERY_EXPIRED, lambda: world.reset(token, NEW, late))
    refused(LINK_UNKNOWN, lambda: world.reset(token, NEW, NOW + 1))
    assert world.log_in(EMAIL, PASSWORD)


def test_a_late_link_sends_nothing(world: "World") -> None:
    """A late recovery link sends no new one, unlike a validation link."""
    world.open_account()
    token = link(world)
    refused(RECOVERY_EXPIRED, lambda: world.reset(token, NEW, NOW + 1800))
    assert not world.messages()


@pytest.mark.guards("newest-recovery-only")
def test_only_the_newest_link_is_good(world: "World") -> None:
    """A newer recovery link ends the one before, even within its half hour."""
    world.open_account()
    first = link(world)
    second = link(world, now=NOW + 60)
    refused(RECOVERY_EXPIRED, lambda: world.reset(first, NEW, NOW + 61))
    world.reset(second, NEW, NOW + 61)
    refused(LINK_UNKNOWN, lambda: world.reset(first, "Third-Horse-99", NOW + 62))


@pytest.mark.guards("losing-recovery-is-told")
def test_a_link_says_at_its_opening_what_it_would_say_later(
    world: "World", gateway: "Gateway"
) -> None:
    """Opening a link answers as setting a password would, and uses nothing up."""
    world.open_account()

    def opened(token: str, at: int) -> tuple[int, str]:
        path = "/api/password-recovery/link"
        answer = gateway.ask("set_password", "POST", path, {"token": token}, now=at)
        return answer.status, answer.json["type"].rpartition("/")[2] if answer.text else ""

    first = link(world)
    second = link(world, now=NOW + 60)
    assert opened(first, NOW + 61) == (410, "link-expired")
    before = world.items("TOKEN#"), world.items("ACCOUNT#")
    for _ in range(2):
        assert opened(second, NOW + 61) == (204, "")
    assert (world.items("TOKEN#"), world.items("ACCOUNT#")) == before
    assert opened(second, NOW + 60 + 1800) == (410, "link-expired")
    world.reset(second, NEW, NOW + 62)
    assert opened(second, NOW + 63) == (404, "link-unknown")
    assert opened("A" * 96, NOW + 63) == (404, "link-unknown")


def test_a_link_is_used_once(world: "World") -> None:
    """A used link sets no second password."""
    world.open_account()
    token = link(world)
    world.reset(token, NEW)
    before = world.items()
    refused(LINK_UNKNOWN, lambda: world.reset(token, "Third-Horse-99"))
    assert world.items() == before


def test_consumption_is_atomic(world: "World") -> None:
    """Of two requests that read a valid link, the second changes nothing."""
    world.open_account()
    token = link(world)
    raced: list[int] = []

    def overtake(**_: object) -> None:
        if not raced:
            raced.append(1)
            world.reset(token, "Faster-Horse-77")

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        refused(LINK_UNKNOWN, lambda: world.reset(token, NEW))
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)
    assert world.log_in(EMAIL, "Faster-Horse-77")


@pytest.mark.guards("password-kills-recovery")
def test_a_password_change_ends_the_link(world: "World") -> None:
    """A change of password ends the links that were sent before."""
    world.open_account()
    token = link(world)
    session = world.authenticate(world.log_in(EMAIL).cookie)
    world.change_password(session, NEW)
    refused(LINK_UNKNOWN, lambda: world.reset(token, "Third-Horse-99"))


@pytest.mark.guards("address-kills-recovery")
def test_an_email_change_ends_the_link(world: "World") -> None:
    """A link sent to the former address sets no password after the address changed."""
    world.open_account()
    token = link(world)
    session = world.authenticate(world.log_in(EMAIL).cookie)
    world.request_email(session, "new@example.fr")
    (mail,) = (each for each in world.deliver() if each.to == ["new@example.fr"])
    world.confirm_email(session, mail.token)
    refused(LINK_UNKNOWN, lambda: world.reset(token, NEW))


@pytest.mark.guards("recovery-alike")
def test_known_and_unknown_cost_the_same(world: "World", gateway: "Gateway") -> None:
    """The answer, the calls and the writes look the same for every identifier."""
    world.open_account()
    world.sign_up(NOW, email="pending@example.fr", nir=None, siret=None)
    world.deliver()
    seen: list[object] = []
    for identifier in (EMAIL, NIR, "nobody@example.fr", "pending@example.fr", "1", "é" * 99):
        before = {(item["pk"]["S"], item["sk"]["S"]) for item in world.items()}
        with world.calls.counted() as made:
            answer = gateway.ask(
                "recover_password", "POST", "/api/password-recovery", {"identifier": identifier}
            )
        written = [
            shape(item)
            for item in world.items()
            if (item["pk"]["S"], item["sk"]["S"]) not in before
        ]
        shapes = sorted(each for each in written if "hits" not in each)
        seen.append((answer.status, answer.text, sorted(answer.headers.items()), made, shapes))
    assert seen == [seen[0]] * len(seen)
    assert (seen[0][0], seen[0][1]) == (202, "{}")
    assert world.calls.of("SESv2") == ["SendEmail", "SendEmail"], "the two validations"


def test_unknown_and_pending_get_no_mail(world: "World") -> None:
    """A request for an unknown identifier, or for an unfinished sign-up, sends nothing."""
    world.sign_up()
    world.deliver()
    world.recover(EMAIL)
    world.recover("nobody@example.fr")
    assert world.deliver() == []
    assert not world.messages()


def test_limits_of_the_requests(world: "World") -> None:
    """An account gets one mail a minute and three an hour, by either identifier."""
    world.open_account()
    sent = 0
    for at in (0, 0, 59, 60, 120, 180, HOUR - 1, HOUR):
        for identifier in (EMAIL, NIR):
            world.recover(identifier, NOW + at)
            sent += len(world.deliver(NOW + at))
    assert sent == 4


@pytest.mark.guards("password-ends-sessions")
def test_every_session_ends(world: "World") -> None:
    """A recovery ends every session of the account."""
    world.open_account()
    cookies = [world.log_in(EMAIL, now=NOW + n).cookie for n in range(3)]
    world.reset(link(world), NEW)
    for cookie in cookies:
        refused(UNAUTHENTICATED, lambda cookie=cookie: world.authenticate(cookie))


def test_a_reset_is_notified(world: "World") -> None:
    """A mail and the feed notify the holder; the event has only the account's id."""
    account_id = world.open_account()
    token = link(world)
    world.reset(token, NEW, NOW + 60)
    (mail,) = world.deliver(NOW + 60)
    assert (mail.to, mail.subject) == ([EMAIL], "Votre mot de passe a été modifié")
    assert world.kinds(account_id) == ["password-changed"]
    event = world.events()[-1]
    assert event["DetailType"] == "PasswordChanged"
    assert event["Detail"] == f'{{"account_id": "{account_id}"}}'


def test_a_reset_clears_failures(world: "World") -> None:
    """Recovery works while failures delay the login, and ends the delay."""
    world.open_account()
    for _ in range(7):
        with pytest.raises(Problem):
            world.log_in(EMAIL, "Wrong-Horse-77")
    world.reset(link(world), NEW)
    assert world.log_in(EMAIL, NEW)


def test_a_reset_password_follows_the_rules(world: "World") -> None:
    """A recovered password follows the same rules. A refused one leaves the link valid."""
    world.open_account()
    token = link(world)
    for password, code in (("short-A1", "too-short"), ("My-Dupont-77", "contains-identity")):
        problem = refused(INVALID_REQUEST, lambda password=password: world.reset(token, password))
        assert [error.code for error in problem.errors] == [code]
    world.reset(token, NEW)


def test_a_mail_that_fails_is_sent_again(world: "World") -> None:
    """After SES fails, the next try sends the same link and counts once in the limits."""
    world.open_account()
    world.deliver()
    world.recover(EMAIL)
    (message,) = world.messages()
    with world.failing(aws.ses(), "SendEmail", DOWN), pytest.raises(ClientError):
        world.send(message.id, NOW)
    tokens = {item["id"]["S"] for item in world.items("TOKEN#") if item["purpose"]["N"] == "2"}
    (kept,) = world.messages()
    assert {kept.about["link_id"]} == tokens
    times = [each for each in world.items("MAIL#") if "sent1" in each]
    world.send(message.id, NOW + 1)
    assert [each for each in world.items("MAIL#") if "sent1" in each] == times
    assert not world.messages()
    world.reset(world.mails()[-1].token, NEW, NOW + 1799)


def test_a_link_of_a_deleted_account(world: "World") -> None:
    """The link of a deleted account gets the answer of a used one."""
    world.open_account()
    token = link(world)
    world.sweep("ACCOUNT#")
    refused(LINK_UNKNOWN, lambda: world.reset(token, NEW))


def test_each_link_has_its_page(world: "World", gateway: "Gateway") -> None:
    """`PUT /api/password` accepts both kinds of links; opening accepts validation links only."""
    world.open_account()
    token = link(world)
    opened = gateway.ask("validate_email", "POST", "/api/email-validation", {"token": token})
    assert opened.status == 404
    new = {"token": token, "password": NEW, "confirmation": NEW}
    assert gateway.ask("set_password", "PUT", "/api/password", new, now=NOW + 1).status == 204
    again = gateway.ask("set_password", "PUT", "/api/password", new, now=NOW + 2)
    assert (again.status, again.json["type"].rpartition("/")[2]) == (404, "link-unknown")
    world.sign_up(NOW + 60, email="other@example.fr", nir=None, siret=None)
    mail = world.deliver(NOW + 60)[-1]
    refused(LINK_UNKNOWN, lambda: world.reset(mail.token, NEW))


def test_a_request_names_nobody(world: "World") -> None:
    """The message in the outbox has only a hash of the identifier."""
    world.recover(EMAIL)
    (message,) = world.messages()
    assert message == Outgoing(
        id=message.id,
        kind="recovery",
        created_at=NOW,
        expires_at=NOW + Outgoing.RETENTION,
        about={"login_mac": message.about["login_mac"]},
    )
    assert EMAIL not in str(world.items())


def test_a_rejected_person_may_recover(world: "World", gateway: "Gateway") -> None:
    """A person whose affiliation was rejected can still recover the account."""
    account_id = world.open_account()
    refused = {
        "detail-type": "AffiliationRejected",
        "time": "2026-09-21T15:00:00Z",
        "detail": {"account_id": account_id, "reason": "Radié."},
    }
    gateway.invoke("affiliation", refused)
    world.deliver()
    world.recover(EMAIL)
    (mail,) = world.deliver()
    world.reset(mail.token, "Another-Horse-8")
    assert world.log_in(EMAIL, "Another-Horse-8").cookie


@pytest.mark.guards("recovery-withdraws-changes")
def test_a_recovery_withdraws_a_change_of_address(world: "World") -> None:
    """An address that was asked for before a recovery can no longer be confirmed after it."""
    account_id = world.open_account()
    world.request_email(world.authenticate(world.log_in(EMAIL).cookie), "thief@example.fr")
    theirs = world.deliver()[-1].token
    world.reset(link(world), NEW, NOW + 60)
    account = world.account(account_id)
    assert (account.new_email, account.new_email_mac, account.email_change_id) == (None,) * 3
    session = world.authenticate(world.log_in(EMAIL, NEW, NOW + 61).cookie, NOW + 61)
    refused(CHANGE_EXPIRED, lambda: world.confirm_email(session, theirs, NOW + 62))


def test_an_own_new_password_leaves_a_change_of_address(world: "World") -> None:
    """Who asks for another address and then changes the password confirms both in one visit."""
    account_id = world.open_account()
    session = world.authenticate(world.log_in(EMAIL).cookie)
    world.request_email(session, "new@example.fr")
    token = world.deliver()[-1].token
    world.change_password(session, NEW)
    world.confirm_email(session, token)
    assert world.account(account_id).email == "new@example.fr"


def test_a_link_that_was_used_arrived(world: "World") -> None:
    """After a bounce, a recovery link that is used shows that the address receives mail again."""
    account_id = world.open_account()
    note_bounce(world.table, world.account(account_id).email_mac, account_id, None, NOW)
    assert world.account(account_id).mail_bounced_at
    world.reset(link(world), NEW, NOW + 60)
    assert world.account(account_id).mail_bounced_at is None
