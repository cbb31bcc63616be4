"""Mails that come back."""

from typing import TYPE_CHECKING, Any

import pytest

from portal.core.records import DAY
from tests.world.use_cases import EMAIL, PERSON
from tests.world.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.functions import Gateway
    from tests.world.world import World

OTHER: dict[str, Any] = {"email": "other@example.fr", "nir": "294032A120005", "siret": None}


@pytest.fixture
def report(world: "World", gateway: "Gateway") -> "Callable[..., None]":
    """Return a function that reports on the last mail sent to an address, as SES does."""

    def report(to: str, kind: str = "Permanent", *, tags: bool = True) -> None:
        sent = [each.asked for each in world.calls.all if each.operation == "SendEmail"]
        mail = [each for each in sent if each["Destination"]["ToAddresses"] == [to]][-1]
        detail: dict[str, Any] = {
            "eventType": kind if kind in {"Complaint", "Reject"} else "Bounce",
            "mail": {"messageId": "1", "destination": [to]},
        }
        if tags:
            detail["mail"]["tags"] = {
                "ses:configuration-set": ["mails"],
                **{each["Name"]: [each["Value"]] for each in mail["EmailTags"]},
            }
        if kind == "Complaint":
            detail["complaint"] = {"complainedRecipients": [{"emailAddress": to}]}
        elif kind != "Reject":
            detail["bounce"] = {"bounceType": kind, "bouncedRecipients": [{"emailAddress": to}]}
        if kind == "OnAccountSuppressionList":
            detail["bounce"] |= {"bounceType": "Permanent", "bounceSubType": kind}
        event = {"source": "aws.ses", "detail-type": "Email Bounced", "detail": detail}
        assert gateway.invoke("mail_feedback", event) is None

    return report


def receives(world: "World", gateway: "Gateway", now: int) -> bool:
    """Return what the account's page says about its address."""
    cookie = world.log_in(EMAIL, now=now).cookie
    sent = {"Cookie": [f"__Host-session={cookie}"]}
    return gateway.ask("account", "GET", "/api/me", headers=sent, now=now).json["email_receives"]


def delivery(gateway: "Gateway", registration: str) -> bool:
    """Return what the waiting page of a sign-up says about its mail."""
    body = {"registration": registration}
    return gateway.ask("signup", "POST", "/api/signup/delivery", body).json["receives"]


def test_a_bounce_is_shown_to_its_own_browser(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """A mail that bounced is shown with the handle of its sign-up, and with no other.

    Sign-ups and resends with the address are answered as before: nobody learns from them that its
    mails bounce, and nobody is refused for it.
    """
    own = world.sign_up()
    world.deliver()
    assert delivery(gateway, own)
    report(EMAIL)
    assert not delivery(gateway, own)
    other = world.sign_up(NOW + 60, nir=None)
    world.resend(EMAIL, NOW + 120)
    world.deliver(NOW + 120)
    assert len([mail for mail in world.mails() if mail.to == [EMAIL]]) > 1
    assert delivery(gateway, other)
    assert delivery(gateway, "r" * 42 + "w"), "an unknown sign-up is answered alike"
    by_address = gateway.ask("signup", "POST", "/api/signup/delivery", {"email": EMAIL})
    assert by_address.status == 422
    token = world.mails()[0].token
    world.set_password(token, now=NOW + 130)
    assert delivery(gateway, own), "the link was used: it arrived"


def test_an_address_that_bounced_is_answered_alike(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """Sign-up and resend cost and answer the same for an address that bounced as for another."""
    world.sign_up()
    world.sign_up(**OTHER)
    world.deliver()
    report(EMAIL)
    seen: list[object] = []
    for email in (EMAIL, OTHER["email"]):
        for path, body in (
            ("/api/signup", PERSON | {"email": email, "email_confirmation": email}),
            ("/api/signup/resend", {"email": email}),
        ):
            with world.calls.counted() as made:
                answer = gateway.ask("signup", "POST", path, body, now=NOW + 200)
            assert answer.status == 202
            seen.append((sorted(answer.headers), made))
    assert seen[:2] == seen[2:]


@pytest.mark.guards("complaints-are-no-bounces", "complaint-pauses", "pause-after-a-complaint")
def test_a_complaint_about_a_mail_of_a_stranger(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """A complaint about a stranger's sign-up pauses such mails for a day, and does nothing else.

    No page says that the address bounces, sign-ups are answered alike, and the holder of an account
    recovers the password all the same.
    """
    account_id = world.open_account()
    world.deliver()
    theirs = world.sign_up(NOW + 60, nir=None, siret=None)
    assert [mail.subject for mail in world.deliver(NOW + 60)] == ["Vous avez déjà un compte"]
    report(EMAIL, "Complaint")
    paused = [int(item.get("paused_until", {"N": "0"})["N"]) for item in world.items("MAIL#")]
    until = max(paused)
    assert until > NOW + DAY / 2
    assert delivery(gateway, theirs)
    assert receives(world, gateway, NOW + 61)
    assert "mail-bouncing" not in world.kinds(account_id)
    world.deliver(NOW + 62)
    tagged = EMAIL.replace("@", "+1@")
    for now, email in ((NOW + 200, EMAIL), (until - 1, EMAIL), (until - 1, tagged)):
        world.sign_up(now, email=email, nir=None, siret=None)
        world.resend(email, now)
    assert world.deliver(until - 1) == []
    world.recover(EMAIL, until - 1)
    (mail,) = world.deliver(until - 1)
    assert mail.subject == "Réinitialisation de votre mot de passe"
    world.sign_up(until, nir=None, siret=None)
    assert len(world.deliver(until)) == 1, "a day later it is over"


def test_a_complaint_about_another_mail(world: "World", report: "Callable[..., None]") -> None:
    """A complaint about a mail of one's own account changes nothing."""
    world.open_account()
    world.recover(EMAIL)
    world.deliver()
    before = world.items()
    report(EMAIL, "Complaint")
    assert world.items() == before


@pytest.mark.parametrize("kind", ["Reject", "OnAccountSuppressionList"])
def test_a_rejection_concerns_operators(
    world: "World", report: "Callable[..., None]", log: "Callable[[], str]", kind: str
) -> None:
    """A mail that SES did not try to send is counted, and changes nothing for anybody."""
    world.open_account()
    world.recover(EMAIL)
    world.deliver()
    before = world.items()
    report(EMAIL, kind)
    assert world.items() == before
    assert "Reject" in log()


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


def test_the_holder_learns_it_at_the_next_visit(
    world: "World", gateway: "Gateway", report: "Callable[..., None]"
) -> None:
    """The account's page says that the address bounces; the feed says it once."""
    account_id = world.open_account()
    assert receives(world, gateway, NOW)
    world.recover(EMAIL)
    world.deliver()
    for kind in ("Permanent", "Permanent"):
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
    """A report about a deleted account stores nothing."""
    world.open_account()
    world.recover(EMAIL)
    world.deliver()
    world.sweep("ACCOUNT#")
    before = world.items()
    report(EMAIL)
    assert world.items() == before


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
