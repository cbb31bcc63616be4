"""What the back office says of a business: confirmed, changed, ended."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError

from portal.core import aws
from portal.core.clock import ImplausibleTimeError
from portal.declarations.timeline import activities_of, periods_of, versions_of
from tests.world.businesses import BUSINESS
from tests.world.declarant import Declarant, paris
from tests.world.functions import Gateway
from tests.world.refusals import overtaken
from tests.world.use_cases import stop_clock
from tests.world.world import NOW, World

QUARTERLY = BUSINESS | {"periodicity": "quarterly"}
NOBODY = "9f3e9c3e-1c0b-4b83-9d4e-0f6a4c5d7e21"

type Say = Callable[..., None]


@pytest.fixture
def say(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Return what sends an event of the back office as the bus does."""
    stop_clock(monkeypatch)

    def say(kind: str, account_id: str, at: float = NOW, **detail: Any) -> None:
        event = {
            "detail-type": kind,
            "time": datetime.fromtimestamp(at, UTC).isoformat(),
            "detail": {"account_id": account_id, **detail},
        }
        gateway.invoke("affiliation", event)

    return say


def codes(world: World, account_id: str, until: date = date(2027, 6, 30)) -> list[str]:
    """Return the codes of an account's periods."""
    return [period.code for period, _ in periods_of(world.business(account_id), until)]


@pytest.mark.guards("business-with-its-affiliation")
def test_a_business_comes_with_its_affiliation(world: World, say: Say) -> None:
    """One transaction confirms the affiliation, stores the business and its next look."""
    account_id = world.open_account()
    with world.calls.counted() as made:
        say("AffiliationConfirmed", account_id, business=BUSINESS)
    assert made == ["GetItem", "GetItem", "TransactWriteItems"]
    business = world.business(account_id)
    assert (business.affiliated, business.affiliated_at) == (True, NOW)
    assert codes(world, account_id)[:2] == ["2026-03", "2026-04"]
    (look,) = world.items("LOOK#")
    assert int(look["look_at"]["N"]) == business.look_at
    assert world.account(account_id).affiliation == "confirmed"


def test_a_repeated_event_changes_nothing(world: World, say: Say) -> None:
    """An event that comes twice is applied once."""
    account_id = world.open_account()
    for kind, detail in (
        ("AffiliationConfirmed", {"business": BUSINESS}),
        ("BusinessChanged", {"business": QUARTERLY, "effective_on": "2027-01-01"}),
        ("BusinessCeased", {"ceased_on": "2027-03-15"}),
    ):
        say(kind, account_id, **detail)
        before = world.items()
        say(kind, account_id, **detail)
        assert world.items() == before, kind


EVENTS: list[tuple[str, int, Mapping[str, Any]]] = [
    ("AffiliationConfirmed", NOW - 50, {"business": BUSINESS}),
    ("BusinessChanged", NOW - 40, {"business": QUARTERLY, "effective_on": "2027-04-01"}),
    ("BusinessChanged", NOW - 30, {"business": QUARTERLY, "effective_on": "2027-01-01"}),
    (
        "BusinessChanged",
        NOW - 20,
        {"business": BUSINESS | {"acre": False}, "effective_on": "2026-10-01"},
    ),
]


@pytest.mark.guards("business-in-order")
@pytest.mark.parametrize("order", [*permutations(range(4))], ids=str)
def test_events_apply_in_the_order_of_their_times(
    world: World, say: Say, order: tuple[int, ...]
) -> None:
    """However events arrive, the last said for a day and what follows it counts."""
    account_id = world.open_account(NOW - 100)
    for n in order:
        kind, at, detail = EVENTS[n]
        say(kind, account_id, at, **detail)
    business = world.business(account_id)
    assert [(each.effective_on, each.at_ms // 1000 - NOW) for each in versions_of(business)] == [
        (date.min, -50),
        (date(2026, 10, 1), -20),
    ]
    assert business.affiliated


def test_a_change_of_periodicity(world: World, say: Say) -> None:
    """Months until December, quarters from January on; what was declared before stays."""
    account_id = world.open_account()
    say("AffiliationConfirmed", account_id, business=BUSINESS)
    say("BusinessChanged", account_id, business=QUARTERLY, effective_on="2027-01-01")
    assert codes(world, account_id)[-3:] == ["2026-12", "2027-Q1", "2027-Q2"]


def test_rates_change_with_the_business(world: World, say: Say, gateway: Gateway) -> None:
    """A period has the business of its first day."""
    account_id = world.open_account(paris("2026-04-10 09:00:00"))
    say("AffiliationConfirmed", account_id, paris("2026-04-10 09:00:00"), business=BUSINESS)
    without = BUSINESS | {"acre": False}
    say("BusinessChanged", account_id, business=without, effective_on="2026-08-15")
    person = Declarant(world, gateway, account_id)
    assert person.declare("2026-08", 0, 100).json["amounts"]["acre"] is True
    later = paris("2026-10-05 10:00:00")
    assert person.declare("2026-09", 0, 100, at=later).json["amounts"]["acre"] is False


def test_the_end_of_a_business(world: World, say: Say, gateway: Gateway) -> None:
    """No period follows the end; one that was declared is void, another unknown."""
    account_id = world.open_account(paris("2026-04-10 09:00:00"))
    say("AffiliationConfirmed", account_id, paris("2026-04-10 09:00:00"), business=BUSINESS)
    person = Declarant(world, gateway, account_id)
    person.declare("2026-08", 0, 100)
    say("BusinessCeased", account_id, ceased_on="2026-07-20")
    assert codes(world, account_id)[-1] == "2026-07"
    assert person.period("2026-07")["ends_on"] == "2026-07-20"
    assert person.state("2026-08") == ("void", None)
    refused = person.declare("2026-08", 0, 50, version=1)
    assert refused.status == 409
    gone = person.declare("2026-09")
    assert (gone.status, "a cessé" in gone.json["detail"]) == (404, True)
    shown = person.ask("GET", "/api/me/business").json
    assert shown["ceased_on"] == "2026-07-20"


def test_a_later_event_corrects_the_end(world: World, say: Say) -> None:
    """The end that was said last counts, whichever day it names."""
    account_id = world.open_account()
    say("AffiliationConfirmed", account_id, NOW - 50, business=BUSINESS)
    say("BusinessCeased", account_id, NOW - 10, ceased_on="2026-08-31")
    say("BusinessCeased", account_id, NOW - 20, ceased_on="2026-06-30")
    assert codes(world, account_id)[-1] == "2026-08"
    say("BusinessCeased", account_id, NOW, ceased_on="2026-07-31")
    assert codes(world, account_id)[-1] == "2026-07"


def test_an_activity_that_resumes(world: World, say: Say) -> None:
    """A business confirmed after its end starts a first group anew; the former periods stay."""
    account_id = world.open_account()
    say("AffiliationConfirmed", account_id, NOW - 50, business=BUSINESS)
    say("BusinessCeased", account_id, NOW - 40, ceased_on="2026-06-10")
    again = BUSINESS | {"started_on": "2026-09-01", "periodicity": "quarterly"}
    say("AffiliationConfirmed", account_id, NOW - 30, business=again)
    assert codes(world, account_id) == [
        *("2026-03", "2026-04", "2026-05", "2026-06"),
        *("2026-Q3", "2026-Q4", "2027-Q1", "2027-Q2"),
    ]
    first, second = activities_of(world.business(account_id))
    assert (first.ceased_on, second.ceased_on) == (date(2026, 6, 10), None)


def test_a_rejection_stops_the_looks(world: World, say: Say) -> None:
    """Who is no longer affiliated is told nothing more; a new confirmation starts from then."""
    account_id = world.open_account()
    say("AffiliationConfirmed", account_id, NOW - 50, business=BUSINESS)
    say("AffiliationRejected", account_id, NOW - 40)
    assert not world.business(account_id).affiliated
    assert not world.items("LOOK#")
    say("AffiliationConfirmed", account_id, NOW - 30)
    business = world.business(account_id)
    assert (business.affiliated_at, business.looked_at) == (NOW - 30, NOW - 30)
    assert world.items("LOOK#")


def test_an_event_of_nobody(world: World, say: Say) -> None:
    """An event about an unknown account stores nothing."""
    say("AffiliationConfirmed", NOBODY, business=BUSINESS)
    say("BusinessChanged", NOBODY, business=BUSINESS, effective_on="2027-01-01")
    say("BusinessCeased", NOBODY, ceased_on="2026-07-20")
    assert not world.items()


@pytest.mark.parametrize(
    "wrong",
    [
        {"started_on": "2026-02-30"},
        {"started_on": "15/03/2026"},
        {"started_on": "1999-01-01"},
        {"started_on": 20260315},
        {"periodicity": "yearly"},
        {"nature": ""},
        {"activities": []},
        {"activities": ["sales", "sales"]},
        {"activities": ["farming"]},
        {"territory": "mayotte"},
        {"acre": "yes"},
        {"flat_tax": 1},
        {"owner": "Dupont"},
    ],
)
def test_a_malformed_business_is_refused(world: World, say: Say, wrong: Any) -> None:
    """A malformed event raises, so that the queue of failed events gets it, and quotes nothing."""
    account_id = world.open_account()
    before = world.items()
    for kind, detail in (
        ("AffiliationConfirmed", {}),
        ("BusinessChanged", {"effective_on": "2027-01-01"}),
    ):
        with pytest.raises(ValidationError) as refused:
            say(kind, account_id, business=BUSINESS | wrong, **detail)
        assert "Dupont" not in str(refused.value)
    assert world.items() == before


@pytest.mark.parametrize("kind", ["BusinessChanged", "BusinessCeased"])
def test_an_event_of_the_future_is_refused(world: World, say: Say, kind: str) -> None:
    """An event that is dated in the future would outrank all that comes later."""
    account_id = world.open_account()
    detail = {"business": BUSINESS, "effective_on": "2027-01-01", "ceased_on": "2026-10-01"}
    with pytest.raises(ImplausibleTimeError):
        say(kind, account_id, NOW + 3600, **detail)


@pytest.mark.guards("business-as-it-was-read")
def test_two_changes_at_once(world: World, say: Say) -> None:
    """Of two changes of the business at once, neither replaces the other."""
    account_id = world.open_account()
    say("AffiliationConfirmed", account_id, NOW - 50, business=BUSINESS)
    sales_only = BUSINESS | {"activities": ["sales"]}
    overtaken(
        lambda: say(
            "BusinessChanged", account_id, NOW - 5, business=sales_only, effective_on="2028-01-01"
        ),
        lambda: say(
            "BusinessChanged", account_id, NOW - 10, business=QUARTERLY, effective_on="2027-01-01"
        ),
    )
    known = [each.effective_on for each in versions_of(world.business(account_id))]
    assert known[1:] == [date(2027, 1, 1), date(2028, 1, 1)]


def test_two_events_at_once(world: World, say: Say) -> None:
    """Of two changes at once both are there."""
    account_id = world.open_account()
    say("AffiliationConfirmed", account_id, NOW - 50, business=BUSINESS)
    events = aws.dynamodb().meta.events

    def faster(**_: Any) -> None:
        events.unregister("before-call.dynamodb.TransactWriteItems", faster)
        say("BusinessCeased", account_id, NOW - 20, ceased_on="2027-05-20")

    events.register_first("before-call.dynamodb.TransactWriteItems", faster)
    say("BusinessChanged", account_id, NOW - 10, business=QUARTERLY, effective_on="2027-01-01")
    assert codes(world, account_id)[-2:] == ["2027-Q1", "2027-Q2"]
    (activity,) = activities_of(world.business(account_id))
    assert activity.ceased_on == date(2027, 5, 20)
    assert len(world.items("LOOK#")) == 1


def test_an_account_confirmed_before(world: World, say: Say) -> None:
    """A change may be the first that is said of a confirmed account's business."""
    account_id = world.open_account()
    say("AffiliationConfirmed", account_id, NOW - 50)
    assert world.business(account_id).affiliated
    assert codes(world, account_id) == []
    say("BusinessChanged", account_id, NOW - 10, business=BUSINESS, effective_on="2026-03-15")
    assert codes(world, account_id)[0] == "2026-03"
