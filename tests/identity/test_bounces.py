"""Mails that come back."""

from typing import TYPE_CHECKING, Any

import pytest

from portal.core.problems import INVALID_REQUEST, Problem
from portal.core.records import DAY
from tests.world.use_cases import EMAIL
from tests.world.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.functions import Gateway
    from tests.world.world import World

OTHER = {"email": "other@example.fr", "nir": "294032A120005", "siret": None}


@pytest.fixture
def report(world: "World", gateway: "Gateway") -> "Callable[..., None]":
    """Return a function that reports on the last mail sent to an address, as SES does."""

    def report(to: str, kind: str = "Permanent", *, tags: bool = True) -> None:
        sent = [each.asked for each in world.calls.all if each.operation == "SendEmail"]
        mail = [each for each in sent if each["Destination"]["ToAddresses"] == [to]][-1]
        detail: dict[str, Any] = {
            "eventType": "Complaint" if kind == "Complaint" else "Bounce",
            "mail": {"messageId": "1", "destination": [to]},
        }
        if tags:
            detail["mail"]["tags"] = {
                "ses:configuration-set": ["mails"],
                **{each["Name"]: [each["Value"]] for each in mail["EmailTags"]},
            }
        if kind == "Complaint":
            detail["complaint"] = {"complainedRecipients": [{"emailAddress": to}]}
        else:
            detail["bounce"] = {"bounceType": kind, "bouncedRecipients": [{"emailAddress": to}]}
        event = {"source": "aws.ses", "detail-type": "Email Bounced", "detail": detail}
        assert gateway.invoke("mail_feedback", event) is None

    return report


def receives(world: "World", gateway: "Gateway", now: int) -> bool:
    """Return what the account's page says about its address."""
    cookie = world.log_in(EMAIL, now=now).cookie
    sent = {"Cookie": [f"__Host-session={cookie}"]}
    return gateway.ask("account", "GET", "/api/me", headers=sent, now=now).json["email_receives"]


def undeliverable(ask: "Callable[[], object]") -> bool:
    """Return whether a request is refused because the address gets no mail."""
    try:
        ask()
    except Problem as problem:
        codes = [(error.field, error.code) for error in problem.errors]
        if problem.kind is not INVALID_REQUEST or codes != [("email", "undeliverable")]:
            raise
        return True
    return False


@pytest.mark.parametrize("kind", ["Permanent", "Complaint"])
def test_a_pending_address_that_bounces(
    world: "World", report: "Callable[..., None]", kind: str
) -> None:
    """Sign-up and resend then ask for another address, whoever types this one."""
    world.sign_up()
    world.deliver()
    report(EMAIL, kind)
    assert undeliverable(lambda: world.sign_up(NOW + 60))
    assert undeliverable(lambda: world.sign_up(NOW + 60, email=EMAIL.upper(), nir=None))
    assert undeliverable(lambda: world.resend(EMAIL, NOW + 60))
    assert not undeliverable(lambda: world.sign_up(NOW + 60, **OTHER))
    assert not undeliverable(lambda: world.resend("nobody@example.fr", NOW + 60))
    assert len(world.items("REGISTRATION#")) == 2, "a refused request writes nothing"


def test_an_account_that_bounces_is_answered_alike(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """The refusal is the same with and without an account, so it shows nothing."""
    world.open_account()
    world.sign_up(NOW, **OTHER)
    world.recover(EMAIL)
    world.deliver()
    report(EMAIL)
    report("other@example.fr")
    seen: list[object] = []
    for n, email in enumerate((EMAIL, "other@example.fr")):
        with world.calls.counted() as made:
            answer = gateway.ask(
                "signup", "POST", "/api/signup/resend", {"email": email}, now=NOW + 60 + n
            )
        headers = sorted(answer.headers)
        seen.append((answer.status, answer.json["errors"], headers, made))
    assert seen == [seen[0]] * 2
    assert seen[0][0] == 422


def test_a_pending_person_learns_it_at_the_next_visit(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """The page that waits for the mail says for a week that the address bounces.

    The request costs and answers the same for a sign-up, an account and an unknown address.
    """
    world.open_account()
    world.sign_up(NOW, **OTHER)
    world.recover(EMAIL)
    world.deliver()

    def delivery(email: str, now: int) -> tuple[object, list[str]]:
        with world.calls.counted() as made:
            answer = gateway.ask(
                "signup", "POST", "/api/signup/delivery", {"email": email}, now=now
            )
        return answer.json, made

    everybody = (EMAIL, "OTHER@example.fr", "nobody@example.fr")
    good = ({"receives": True}, ["UpdateItem", "GetItem"])
    assert [delivery(each, NOW + 60) for each in everybody] == [good] * 3
    report(EMAIL)
    report("other@example.fr")
    seen = [delivery(each, NOW + 60)[0] for each in everybody]
    assert seen == [{"receives": False}, {"receives": False}, {"receives": True}]
    ends = int(world.items("BOUNCE#")[-1]["expires_at"]["N"])
    assert delivery("other@example.fr", ends)[0] == {"receives": True}


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_temporary_failure_changes_nothing(
    world: "World", report: "Callable[..., None]", kind: str
) -> None:
    """A full mailbox or an unclear failure changes nothing."""
    world.sign_up()
    world.deliver()
    before = world.items()
    report(EMAIL, kind)
    assert world.items() == before


def test_a_mail_without_our_tags(world: "World", report: "Callable[..., None]") -> None:
    """A report without our tags stores nothing."""
    world.sign_up()
    world.deliver()
    before = world.items()
    report(EMAIL, tags=False)
    assert world.items() == before


def test_a_bounce_is_forgotten_after_a_week(world: "World", report: "Callable[..., None]") -> None:
    """After seven days a bounce no longer counts, even before TTL removes it."""
    world.sign_up()
    world.deliver()
    report(EMAIL)
    (item,) = world.items("BOUNCE#")
    assert int(item["expires_at"]["N"]) - int(item["at"]["N"]) == 7 * DAY
    assert EMAIL not in str(item)
    ends = int(item["expires_at"]["N"])
    for ask in (world.sign_up, lambda now: world.resend(EMAIL, now)):
        assert undeliverable(lambda ask=ask: ask(ends - 1))
        assert not undeliverable(lambda ask=ask: ask(ends))
    world.sweep("BOUNCE#")
    assert not undeliverable(lambda: world.sign_up(NOW + 60))


def test_the_holder_learns_it_at_the_next_visit(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """The account's page says that the address bounces; the feed says it once."""
    account_id = world.open_account()
    assert receives(world, gateway, NOW)
    world.recover(EMAIL)
    world.deliver()
    for kind in ("Permanent", "Permanent", "Complaint"):
        report(EMAIL, kind)
    assert not receives(world, gateway, NOW + 1)
    assert world.kinds(account_id).count("mail-bouncing") == 1
    entry = next(each for each in world.items("ACTIVITY#") if each["kind"]["S"] == "mail-bouncing")
    assert entry["actor"]["S"] == "portal"


def test_a_new_address_ends_the_warning(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """A new address ends the warning; a bounce of the new address shows it again."""
    account_id = world.open_account()
    world.recover(EMAIL)
    world.deliver()
    report(EMAIL)
    session = world.authenticate(world.log_in(EMAIL).cookie)
    world.request_email(session, "new@example.fr")
    mail = next(each for each in world.deliver() if each.to == ["new@example.fr"])
    world.confirm_email(session, mail.token)
    sent = {"Cookie": [f"__Host-session={world.log_in('new@example.fr').cookie}"]}
    profile = gateway.ask("account", "GET", "/api/me", headers=sent).json
    assert (profile["email"], profile["email_receives"]) == ("new@example.fr", True)
    report(EMAIL)
    assert world.account(account_id).mail_bounced_at is None, (
        "a report on the former address counts no more"
    )
    world.recover("new@example.fr", NOW + 1)
    world.deliver(NOW + 1)
    report("new@example.fr")
    assert world.account(account_id).mail_bounced_at
    assert world.kinds(account_id).count("mail-bouncing") == 2


def test_a_report_about_a_deleted_account(world: "World", report: "Callable[..., None]") -> None:
    """A report about a deleted account stores only the address."""
    world.open_account()
    world.recover(EMAIL)
    world.deliver()
    world.sweep("ACCOUNT#")
    report(EMAIL)
    assert len(world.items("BOUNCE#")) == 1
    assert not world.items("ACCOUNT#")


def test_tags_are_what_ses_accepts(world: "World") -> None:
    """The tags of every mail contain only letters, digits, dashes and underscores."""
    world.open_account()
    world.log_in(EMAIL)
    world.log_in(EMAIL)
    world.recover(EMAIL)
    world.deliver()
    sent = [each.asked for each in world.calls.all if each.operation == "SendEmail"]
    assert len(sent) == 3
    for asked in sent:
        for tag in asked["EmailTags"]:
            assert tag["Value"].replace("-", "a").replace("_", "a").isalnum()
            assert tag["Value"].isascii()
            assert len(tag["Value"]) <= 256
