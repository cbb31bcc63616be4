"""The portal tells by itself: periods that open, reminders, what is late, the end of Acre."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.core import aws
from portal.declarations import business
from portal.declarations.business import Ceased
from portal.declarations.looks import look_at_due
from portal.declarations.reminders import between
from tests.world.declarant import Declarant, paris
from tests.world.functions import Gateway
from tests.world.world import World

MONTH = "2026-08"
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def run(world: World, gateway: Gateway) -> Callable[..., list[str]]:
    """Return what runs the clock at a time of Paris, and returns what it told."""
    assert world

    def run(at: str, days: int = 31) -> list[str]:
        before = {item["id"]["S"] for item in world.items("ACTIVITY#")}
        now = paris(at)
        gateway.invoke(
            "clock", {"time": datetime.fromtimestamp(now, UTC).isoformat(), "days": days}
        )
        return [
            f"{item['kind']['S']} {item['about']['M']['periods']['S']}".strip()
            for item in world.items("ACTIVITY#")
            if item["id"]["S"] not in before
        ]

    return run


@pytest.mark.guards("reminded-three-times")
def test_a_period_from_its_opening_to_late(
    world: World, declarant: Declarant, run: Callable[..., list[str]]
) -> None:
    """Each is told once, in feed and mail, at its hour: opening, 10, 3 and 1 days before, late."""
    run("2026-08-31 12:05:00", days=220)
    world.deliver()
    told = {
        "2026-09-01 07:59:00": [],
        "2026-09-01 08:05:00": ["period-opened août 2026"],
        "2026-09-01 12:05:00": [],
        "2026-09-20 08:05:00": ["period-reminder août 2026"],
        "2026-09-21 08:05:00": [],
        "2026-09-27 08:05:00": ["period-reminder août 2026"],
        "2026-09-29 08:05:00": ["period-reminder août 2026"],
        "2026-09-30 08:05:00": [],
        "2026-09-30 11:59:59": [],
        "2026-09-30 12:05:00": ["period-overdue août 2026"],
        "2026-09-30 12:06:00": [],
    }
    for at, expected in told.items():
        assert run(at) == expected, at
        mails = world.deliver()
        assert len(mails) == len(expected)
        assert all("août 2026" in mail.text for mail in mails)
    assert "30/09/2026" in world.feed(declarant.account_id)[0].body


def test_what_is_declared_is_not_reminded_of(
    declarant: Declarant, run: Callable[..., list[str]]
) -> None:
    """A declaration, of zero too, ends the reminders of its period."""
    run("2026-09-01 12:05:00", days=220)
    declarant.declare(MONTH, at=paris("2026-09-02 10:00:00"))
    for day in ("20", "27", "29", "30"):
        assert run(f"2026-09-{day} 12:05:00") == []


@pytest.mark.guards("told-as-it-is-now")
def test_missed_runs_are_made_up_for_once(
    declarant: Declarant, run: Callable[..., list[str]]
) -> None:
    """What several runs missed is told once, as it is now: late, not three reminders."""
    assert run("2026-07-22 08:05:00", days=220) == [
        "period-reminder mars 2026, avril 2026, mai 2026 et juin 2026"
    ]
    declarant.declare("2026-04", at=paris("2026-07-23 10:00:00"))
    assert sorted(run("2026-08-10 08:05:00")) == [
        "period-opened juillet 2026",
        "period-overdue mars 2026, mai 2026 et juin 2026",
    ]
    assert run("2026-08-10 12:05:00") == []


def test_a_run_of_months_ago(world: World, declarant: Declarant) -> None:
    """``days`` makes up for runs that were missed for longer than a month."""
    at = paris("2026-09-20 08:05:00")
    assert not look_at_due(world.table, at)
    assert look_at_due(world.table, at, days=200) == {"told": 1}
    assert declarant.account_id


def test_the_hour_is_that_of_paris(world: World, declarant: Declarant) -> None:
    """Eight is eight and noon is noon, in summer, in winter and on the days between."""
    business = world.business(declarant.account_id)
    first, last = paris("2026-04-01 00:00:00"), paris("2028-01-01 00:00:00")
    told = [datetime.fromtimestamp(fact.at, PARIS) for fact in between(business, first, last)]
    assert {at.strftime("%H:%M") for at in told} == {"08:00", "12:00"}
    assert {at.strftime("%z") for at in told} == {"+0100", "+0200"}


@pytest.mark.guards("reminders-by-mail-if-wanted")
def test_mails_are_switched_off_never_the_feed(
    world: World, declarant: Declarant, run: Callable[..., list[str]]
) -> None:
    """A person may turn the mails of reminders off; the feed tells them anyway."""
    at = paris("2026-09-01 07:00:00")
    run("2026-08-31 12:05:00", days=220)
    world.deliver()
    assert declarant.ask("GET", "/api/me/reminders", at=at).json == {"mails": True}
    assert declarant.ask("PUT", "/api/me/reminders", {"mails": False}, at=at).status == 204
    assert declarant.ask("GET", "/api/me/reminders", at=at).json == {"mails": False}
    assert run("2026-09-01 08:05:00") == ["period-opened août 2026"]
    assert not world.deliver()
    declarant.ask("PUT", "/api/me/reminders", {"mails": True}, at=at)
    assert run("2026-09-20 08:05:00")
    assert len(world.deliver()) == 1


def test_the_end_of_acre(world: World, declarant: Declarant, run: Callable[..., list[str]]) -> None:
    """Thirty days before its end, the end of Acre is told."""
    run("2026-11-30 12:05:00", days=220)
    world.deliver()
    told = [each for each in run("2026-12-01 08:05:00") if each.startswith("acre")]
    assert told == ["acre-ends"]
    assert "31/12/2026" in next(
        each.body for each in world.feed(declarant.account_id) if each.kind == "acre-ends"
    )


def test_the_income_limit_of_the_flat_tax(
    world: World, declarant: Declarant, run: Callable[..., list[str]]
) -> None:
    """On 1 September, who pays income tax with contributions is told its condition, each year."""
    world.affiliate(declarant.account_id, paris("2026-04-20 09:00:00"), flat_tax=True)
    run("2026-08-31 12:05:00", days=220)
    world.deliver()
    assert "flat-tax-limit" in run("2026-09-01 08:05:00")
    assert "30/09/2026" in next(mail.text for mail in world.deliver() if "impôt" in mail.text)
    run("2027-08-31 12:05:00", days=400)
    assert "flat-tax-limit" in run("2027-09-01 08:05:00")


def test_the_flat_tax_of_others(declarant: Declarant, run: Callable[..., list[str]]) -> None:
    """Without that option, nothing is said of it."""
    assert "flat-tax-limit" not in run("2026-09-01 08:05:00", days=220)
    assert declarant.account_id


@pytest.mark.guards("told-once-when-idle")
def test_twenty_months_without_turnover(
    world: World, declarant: Declarant, run: Callable[..., list[str]]
) -> None:
    """After twenty whole months without turnover, zeros or nothing declared, it is told once."""
    declarant.declare("2026-04", 100, at=paris("2026-05-20 10:00:00"))
    declarant.declare("2026-05", 0, at=paris("2026-06-20 10:00:00"))
    assert "no-turnover" not in run("2027-12-31 12:05:00", days=700)
    assert "no-turnover" in run("2028-01-01 08:05:00")
    told = next(each for each in world.feed(declarant.account_id) if each.kind == "no-turnover")
    assert "01/05/2028" in told.body
    assert "no-turnover" not in run("2028-02-01 08:05:00")
    declarant.declare("2027-12", 100, at=paris("2028-02-02 10:00:00"))
    assert "no-turnover" not in run("2029-08-31 12:05:00", days=600)
    assert "no-turnover" in run("2029-09-01 08:05:00")


def test_a_quarterly_business_without_turnover(
    world: World, gateway: Gateway, run: Callable[..., list[str]]
) -> None:
    """Twenty months are not whole quarters: it is told after them all the same."""
    account_id = world.open_account(paris("2026-01-10 09:00:00"))
    world.affiliate(
        *(account_id, paris("2026-01-10 09:00:00")),
        started_on="2026-01-01",
        periodicity="quarterly",
    )
    assert gateway
    assert "no-turnover" not in run("2027-08-31 12:05:00", days=700)
    assert "no-turnover" in run("2027-09-01 08:05:00")


def test_an_activity_that_ended_is_not_idle(
    world: World, declarant: Declarant, run: Callable[..., list[str]]
) -> None:
    """Who said to have ceased is not warned of it."""
    ceased = Ceased(date(2026, 12, 31))
    business.apply(world.table, declarant.account_id, ceased, paris("2027-01-02 09:00:00") * 1000)
    assert "no-turnover" not in run("2029-01-01 08:05:00", days=1100)


def test_two_runs_at_once(world: World, declarant: Declarant) -> None:
    """Of two runs at once one tells."""
    now = paris("2026-05-01 08:05:00")
    events = aws.dynamodb().meta.events
    outcomes: list[Any] = []

    def faster(**_: Any) -> None:
        events.unregister("before-call.dynamodb.TransactWriteItems", faster)
        outcomes.append(look_at_due(world.table, now))

    events.register_first("before-call.dynamodb.TransactWriteItems", faster)
    outcomes.append(look_at_due(world.table, now))
    assert outcomes == [{"told": 1}, {"changed": 1}]
    assert world.kinds(declarant.account_id).count("period-opened") == 1


def test_a_look_at_nothing(world: World, declarant: Declarant) -> None:
    """A look at what is gone removes itself."""
    world.sweep("DECLARATION#")
    assert look_at_due(world.table, paris("2026-05-01 08:05:00")) == {"gone": 1}
    assert not world.items("LOOK#")
    assert declarant.account_id


def test_nothing_is_read_but_what_is_due(world: World, declarant: Declarant) -> None:
    """A run reads the days gone by and the businesses under them: no scan."""
    with world.calls.counted() as made:
        look_at_due(world.table, paris("2026-04-20 08:05:00"), days=3)
    assert made == ["Query"] * 4
    with world.calls.counted() as made:
        look_at_due(world.table, paris("2026-05-01 08:05:00"), days=0)
    assert made == ["Query", "Query", "TransactWriteItems"]
    assert declarant.account_id
