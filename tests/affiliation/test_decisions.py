"""The back office's decisions on an affiliation."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from portal.core import aws
from portal.core.clock import ImplausibleTimeError
from tests.world.use_cases import EMAIL, stop_clock
from tests.world.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.functions import Gateway
    from tests.world.world import World

OTHER = {"email": "other@example.fr", "nir": "294032A120005"}
SIRET = "35600000000048"
FREE = "35600000049837"
CONFIRMED = "AffiliationConfirmed"
REJECTED = "AffiliationRejected"
NOBODY = "9f3e9c3e-1c0b-4b83-9d4e-0f6a4c5d7e21"


@pytest.fixture
def decide(gateway: "Gateway") -> "Callable[..., None]":
    """Return what sends a decision as the bus does."""

    def decide(kind: str, account_id: str, now: int = NOW, **detail: Any) -> None:
        gateway.invoke(
            "affiliation",
            {
                "version": "0",
                "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
                "source": "portal.backoffice",
                "account": "123456789012",
                "region": "eu-west-3",
                "resources": [],
                "detail-type": kind,
                "time": datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z"),
                "detail": {"account_id": account_id, **detail},
            },
        )

    return decide


@pytest.fixture
def account_id(world: "World") -> str:
    """Return the id of an account whose affiliation is pending."""
    account_id = world.open_account()
    world.deliver()
    return account_id


def test_a_confirmation(world: "World", decide: "Callable[..., None]", account_id: str) -> None:
    """One transaction changes the account, the feed and the mail."""
    with world.calls.counted() as made:
        decide(CONFIRMED, account_id, NOW + 60)
    assert made == ["GetItem", "GetItem", "TransactWriteItems"], "account, business"
    account = world.account(account_id)
    assert (account.affiliation, account.affiliation_at) == ("confirmed", (NOW + 60) * 1000)
    (mail,) = world.deliver()
    assert (mail.to, mail.subject) == ([EMAIL], "Notification d’affiliation")
    (entry,) = world.feed(account_id)[:1]
    assert entry.title == "Notification d’affiliation"
    assert entry.at.startswith("2026-09-21T14:14:20.")
    stored = [each for each in world.items("ACTIVITY#") if each["kind"]["S"] == entry.kind]
    assert stored[0]["actor"]["S"] == "back-office"


def test_a_rejection_says_why(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """The account, the feed and the mail have the reason."""
    decide(REJECTED, account_id, NOW + 60, reason="Pièce manquante.")
    account = world.account(account_id)
    assert (account.affiliation, account.affiliation_reason) == ("rejected", "Pièce manquante.")
    (mail,) = world.deliver()
    assert "Pièce manquante." in mail.text
    assert world.feed(account_id)[0].body.endswith("Pièce manquante.")


@pytest.mark.parametrize("kind", [CONFIRMED, REJECTED])
def test_a_client_s_affiliation(world: "World", decide: "Callable[..., None]", kind: str) -> None:
    """The client of an agent owns the mailbox: they read of their own affiliation, as others do."""
    asked_by_agent = world.open_account(is_agent=True)
    own = world.open_account(**OTHER, siret=None)
    world.deliver()
    for account_id in (asked_by_agent, own):
        decide(kind, account_id, NOW + 60)
        (mail,) = world.deliver()
        for words in (mail.text, mail.html, world.feed(account_id)[0].body):
            assert "client" not in words
            assert "Votre déclaration" in words or "Votre affiliation" in words
        stored = [each for each in world.items("ACTIVITY#") if account_id in each["pk"]["S"]]
        assert all(each["actor"]["S"] for each in stored), "the actor is always stored"


def test_a_rejection_without_reason(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """Without a reason, neither the mail nor the feed mentions one."""
    decide(REJECTED, account_id, NOW + 60)
    (mail,) = world.deliver()
    assert "Motif" not in mail.text
    assert world.feed(account_id)[0].body.endswith("validée.")


def test_a_repeated_event_counts_once(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """An event that the bus delivers twice adds one entry and sends one mail."""
    decide(CONFIRMED, account_id, NOW + 60, siret=FREE)
    before = world.items()
    decide(CONFIRMED, account_id, NOW + 60, siret=FREE)
    assert world.items() == before
    assert len(world.deliver()) == 1


@pytest.mark.guards("told-once")
@pytest.mark.parametrize(
    ("kind", "detail"), [(CONFIRMED, {}), (REJECTED, {"reason": "Pièce manquante."})]
)
def test_a_repeated_decision_is_notified_once(
    world: "World",
    decide: "Callable[..., None]",
    account_id: str,
    kind: str,
    detail: dict[str, str],
) -> None:
    """The same decision with a later time adds no second entry and sends no second mail."""
    decide(kind, account_id, NOW + 60, **detail)
    decide(kind, account_id, NOW + 180, **detail)
    other = REJECTED if kind == CONFIRMED else CONFIRMED
    decide(other, account_id, NOW + 120)  # late: a newer decision came before
    assert len(world.kinds(account_id)) == len(world.deliver()) == 1
    assert world.account(account_id).affiliation_at == (NOW + 180) * 1000
    decide(other, account_id, NOW + 240)
    assert len(world.kinds(account_id)) == 2


def test_a_confirmation_has_no_reason(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """The reason of a confirmation is ignored: with or without it is the same decision."""
    decide(CONFIRMED, account_id, NOW + 60, reason="Dossier 12.")
    assert world.account(account_id).affiliation_reason is None
    world.deliver()
    decide(CONFIRMED, account_id, NOW + 120)
    assert world.deliver() == []


def test_another_reason_is_notified(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """A rejection for another reason is notified: there is something else to correct."""
    decide(REJECTED, account_id, NOW + 60, reason="Pièce manquante.")
    decide(REJECTED, account_id, NOW + 120, reason="Pièce illisible.")
    assert len(world.kinds(account_id)) == len(world.deliver()) == 2


def test_two_decisions_at_once_are_judged_in_turn(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """A decision that another one overtook is judged again; the same one changes nothing."""
    overtaken: list[int] = []

    def overtake(**_: object) -> None:
        if not overtaken:
            overtaken.append(1)
            decide(CONFIRMED, account_id, NOW + 60)

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        decide(CONFIRMED, account_id, NOW + 61)
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)
    assert len(world.kinds(account_id)) == len(world.deliver()) == 1


@pytest.mark.guards("decided-once")
def test_a_late_decision_changes_nothing(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """A decision that arrives after a newer one changes nothing."""
    decide(CONFIRMED, account_id, NOW + 60)
    world.deliver()
    before = world.items()
    decide(REJECTED, account_id, NOW + 59, reason="Trop tard.")
    assert world.items() == before


def test_the_last_decision_counts(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """A confirmation after a rejection counts, and the old reason is removed."""
    decide(REJECTED, account_id, NOW + 60, reason="Pièce manquante.")
    decide(CONFIRMED, account_id, NOW + 120)
    account = world.account(account_id)
    assert (account.affiliation, account.affiliation_reason) == ("confirmed", None)
    assert world.kinds(account_id) == ["affiliation-confirmed", "affiliation-rejected"]
    assert len(world.deliver()) == 2


def test_an_unknown_account(world: "World", decide: "Callable[..., None]") -> None:
    """A decision about an unknown account changes nothing and does not fail."""
    decide(CONFIRMED, NOBODY, siret=FREE)
    assert not world.items()


def test_a_siret_is_added(world: "World", decide: "Callable[..., None]") -> None:
    """An account without Siret gets that of the decision, and no later account takes it."""
    account_id = world.open_account(siret=None)
    decide(CONFIRMED, account_id, siret=" 356 000 000 49837 ")
    assert world.account(account_id).siret == FREE
    (holder,) = world.items("SIRET#")
    assert holder["account_id"]["S"] == account_id
    world.sign_up(NOW + 60, **OTHER, siret=FREE)
    mail = world.deliver(NOW + 60)[-1]
    world.set_password(mail.token, now=NOW + 61)
    assert world.items("SIRET#") == [holder]


def test_a_siret_is_kept(world: "World", decide: "Callable[..., None]", account_id: str) -> None:
    """The Siret of an account is not replaced by another."""
    decide(CONFIRMED, account_id, siret=FREE)
    assert world.account(account_id).siret == SIRET
    assert world.account(account_id).affiliation == "confirmed"
    assert len(world.items("SIRET#")) == 1


def test_a_siret_of_another_account(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """A decision that names another account's Siret takes it, unless that one is confirmed."""
    other = world.open_account(**OTHER, siret=None)
    third = world.open_account(email="third@example.fr", nir=None, siret=None)
    world.deliver()
    decide(CONFIRMED, other, siret=SIRET)
    (holder,) = world.items("SIRET#")
    assert holder["account_id"]["S"] == other
    assert world.kinds(other) == ["affiliation-confirmed"]
    assert world.account(account_id).siret_status == "claimed"
    decide(CONFIRMED, third, siret=SIRET)
    assert world.items("SIRET#") == [holder]
    assert world.account(third).affiliation == "confirmed"
    assert world.account(third).siret_status == "disputed"


@pytest.mark.parametrize(
    "change",
    [
        {"detail": {}},
        {"detail": None},
        {"detail": {"account_id": "nobody"}},
        {"detail": {"account_id": NOBODY, "siret": "35600000000049"}},
        {"detail": {"account_id": NOBODY, "reason": "x" * 501}},
        {"detail": {"account_id": 7}},
        {"detail-type": "AffiliationImagined"},
        {"detail-type": None},
        {"time": "yesterday"},
        {"time": None},
        {"time": "2026-09-21T14:14:20"},
    ],
    ids=str,
)
def test_a_malformed_event_raises(
    world: "World", gateway: "Gateway", change: dict[str, Any]
) -> None:
    """An unreadable event raises, so that it goes to the queue of failed events."""
    event = {
        "detail-type": CONFIRMED,
        "time": "2026-09-21T14:14:20Z",
        "detail": {"account_id": NOBODY},
    }
    assert gateway.invoke("affiliation", event) is None
    with pytest.raises(ValidationError) as caught:
        gateway.invoke("affiliation", {k: v for k, v in (event | change).items() if v is not None})
    assert "35600000000049" not in str(caught.value), "an error repeats no identifier"
    assert not world.items()


def test_other_fields_are_ignored(world: "World", gateway: "Gateway", account_id: str) -> None:
    """An event with more fields, from a later version, is accepted."""
    event = {
        "detail-type": CONFIRMED,
        "time": "2026-09-21T14:14:20Z",
        "detail": {"account_id": account_id, "agent": "B. Martin", "siret": None, "reason": None},
    }
    gateway.invoke("affiliation", json.loads(json.dumps(event)))
    assert world.account(account_id).affiliation == "confirmed"


def test_a_decision_that_fails_is_applied_the_next_time(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """While the table fails the event raises, so that the bus delivers it again."""
    failure = ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")
    with (
        world.failing(aws.dynamodb(), "TransactWriteItems", failure),
        pytest.raises(ClientError),
    ):
        decide(CONFIRMED, account_id)
    assert world.account(account_id).affiliation == "pending"
    decide(CONFIRMED, account_id)
    assert world.account(account_id).affiliation == "confirmed"


def test_a_notice_of_a_deleted_account(
    world: "World", decide: "Callable[..., None]", account_id: str
) -> None:
    """The message of a notice is deleted and not sent if its account was deleted."""
    decide(CONFIRMED, account_id)
    world.sweep("ACCOUNT#")
    assert world.deliver() == []
    assert not world.messages()


@pytest.mark.guards("clocks-of-others")
@pytest.mark.parametrize(
    "at",
    [
        "9999-12-31T23:59:59Z",
        "2126-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_a_decision_of_another_age(
    world: "World",
    gateway: "Gateway",
    decide: "Callable[..., None]",
    log: "Callable[[], str]",
    account_id: str,
    at: str,
) -> None:
    """A decision that is dated far ahead or long ago is refused and logged, and freezes nothing."""
    before = world.items()
    event = {"detail-type": REJECTED, "time": at, "detail": {"account_id": account_id}}
    with pytest.raises(ImplausibleTimeError):
        gateway.invoke("affiliation", event)
    assert world.items() == before
    assert '"outcome": "refused"' in log() or '"outcome":"refused"' in log()
    decide(CONFIRMED, account_id)
    assert world.account(account_id).affiliation == "confirmed"


def test_a_clock_that_is_a_little_fast(
    world: "World", monkeypatch: pytest.MonkeyPatch, decide: "Callable[..., None]", account_id: str
) -> None:
    """A quarter of an hour is left to the back office's clock, and not a second more."""
    now = stop_clock(monkeypatch)
    with pytest.raises(ImplausibleTimeError):
        decide(CONFIRMED, account_id, now + 15 * 60 + 1)
    assert world.account(account_id).affiliation == "pending"
    decide(CONFIRMED, account_id, now + 15 * 60)
    assert world.account(account_id).affiliation == "confirmed"
