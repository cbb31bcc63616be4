"""The ledger of an account, and the states of its periods, from what is stored."""

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from portal.core import held
from portal.core.held import Reading
from portal.declarations import business
from portal.rules.accounts import Open
from tests.declarations.test_held import delete
from tests.world.debtor import GROUP, Debtor, debtor
from tests.world.declarant import paris
from tests.world.use_cases import HELD
from tests.world.world import FEED, NOW

if TYPE_CHECKING:
    from portal.payments.records import Stage
    from tests.world.functions import Gateway
    from tests.world.world import World

AUGUST = "2026-08"
IN_TIME = "2026-09-20 10:00:00"


@pytest.fixture
def person(world: "World", gateway: "Gateway") -> Debtor:
    """Return somebody who declared nothing until July, and 257 € due on 30 September."""
    person = debtor(world, gateway)
    person.declare(*GROUP, at="2026-07-20 10:00:00")
    person.declare("2026-07", at="2026-08-20 10:00:00")
    person.declare(AUGUST, services=2400, at=IN_TIME)
    return person


def owed(person: Debtor, at: str) -> tuple[int, list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the balance, what is due and what comes, in cents."""
    found = person.ledger(at)
    return (
        found.balance_cents,
        [(each.code, each.open.cents) for each in found.due],
        [(each.code, each.open.cents) for each in found.upcoming],
    )


def test_what_is_declared_comes_then_is_due(person: Debtor) -> None:
    """Until noon of the due day it is to come; nothing was declared of the others."""
    assert owed(person, "2026-09-30 11:59:59") == (0, [], [(AUGUST, 257_00)])
    assert owed(person, "2026-09-30 12:00:00") == (270_36, [(AUGUST, 270_36)], [])
    item = person.ledger("2026-09-30 12:00:00").due[0]
    assert (item.label, str(item.due_on)) == ("août 2026", "2026-09-30")
    assert person.ledger("2026-09-30 12:00:00").open_of(AUGUST) == Open(257_00, 13_36)
    assert person.ledger("2026-09-29 12:00:00").open_of(AUGUST) == Open(257_00)
    assert person.ledger("2026-09-29 12:00:00").open_of("2026-02") == Open()


def test_a_period_from_its_order_to_its_settlement(person: Debtor) -> None:
    """Ordered, sent, settled: each is a state, and money counts when it is there."""
    ordered = "2026-09-21 10:00:00"
    assert person.state(AUGUST, ordered) == "declared"
    stages: tuple[Stage, ...] = ("ordered", "sent")
    for stage in stages:
        payment = person.pay(AUGUST, 257_00, ordered, stage=stage)
        assert person.state(AUGUST, ordered) == f"payment-{stage}"
        found = person.ledger("2026-09-30 12:00:00")
        assert found.balance_cents == 257_00
        assert [each.id for each in found.in_progress] == [payment.id]
    person.pay(AUGUST, 257_00, ordered, settled="2026-10-01 08:00:00")
    assert person.state(AUGUST, "2026-10-01 08:00:00") == "settled"
    assert owed(person, "2026-10-01 08:00:00") == (0, [], [])
    assert person.declarant.period(AUGUST, paris("2026-10-02 08:00:00"))["paid_cents"] == 257_00


def test_a_return_is_said(person: Debtor) -> None:
    """A period whose payment came back counts as unpaid from its due day."""
    person.pay(
        AUGUST,
        257_00,
        "2026-09-21 10:00:00",
        settled="2026-09-30 08:00:00",
        ended="2026-10-02 08:00:00",
        stage="returned",
    )
    assert person.state(AUGUST, "2026-10-02 08:00:00") == "payment-returned"
    assert owed(person, "2026-10-02 08:00:00")[0] == 270_36
    assert person.declarant.period(AUGUST, paris("2026-10-02 08:00:00"))["paid_cents"] == 0


def test_what_is_paid_in_part_is_due(person: Debtor) -> None:
    """Something is left of it."""
    person.pay(AUGUST, 200_00, "2026-09-21 10:00:00", settled="2026-09-30 08:00:00")
    assert person.ledger("2026-09-30 09:00:00").open_of(AUGUST) == Open(57_00)
    assert owed(person, "2026-09-30 09:00:00") == (-200_00, [], [(AUGUST, 57_00)])
    assert person.state(AUGUST, "2026-09-30 12:00:00") == "due-unpaid"
    assert person.ledger("2026-09-30 12:00:00").open_of(AUGUST) == Open(57_00, 2_96)


def test_what_costs_nothing_is_settled_when_it_is_due(person: Debtor) -> None:
    """Before, it may be corrected."""
    assert person.state("2026-07", "2026-08-31 11:59:59") == "declared"
    assert person.state("2026-07", "2026-08-31 12:00:00") == "settled"


def test_periods_are_found_by_their_state(person: Debtor) -> None:
    """The states of payments too."""
    person.pay(AUGUST, 257_00, "2026-09-21 10:00:00", stage="ordered")
    at = paris("2026-09-22 10:00:00")
    for state, codes in (("payment-ordered", [AUGUST]), ("declared", []), ("in-plan", [])):
        found = person.declarant.ask("GET", "/api/me/periods", state=state, at=at)
        assert [each["code"] for each in found.json["periods"]] == codes


def test_what_is_read(person: Debtor) -> None:
    """The session and one query, as without payments."""
    person.pay(AUGUST, 257_00, "2026-09-21 10:00:00", stage="ordered")
    with person.world.calls.counted() as made:
        person.declarant.ask("GET", "/api/me/periods", at=paris("2026-09-22 10:00:00"))
    assert made[1:] == ["GetItem", "Query"], "the first opens the session of the test"


@pytest.mark.guards("late-affiliation-is-not-late")
def test_who_is_affiliated_late_has_thirty_days(world: "World", gateway: "Gateway") -> None:
    """What was due before, or soon after, costs nothing more until then."""
    person = debtor(world, gateway, started_on="2025-11-10")
    late = ("2025-11", "2025-12", "2026-01", "2026-02", "2026-03")
    assert person.ledger("2026-05-10 08:59:59").balance_cents == 0
    assert [each.code for each in person.ledger("2026-05-10 09:00:00").entries] == list(late)
    person.declare(*late, services=1000, at="2026-05-01 10:00:00")
    kinds = {each.kind for each in person.ledger("2026-05-10 08:59:59").entries}
    assert kinds == {"declared"}
    entries = person.ledger("2026-05-10 09:00:00").entries
    assert {each.code for each in entries if each.rule == "P4"} == set(late)


def test_a_period_that_the_business_no_longer_has_costs_nothing(person: Debtor) -> None:
    """What was paid of it is to the person's credit."""
    person.pay(AUGUST, 257_00, "2026-09-21 10:00:00", settled="2026-09-30 08:00:00")
    ceased = business.Ceased(date(2026, 7, 31))
    at_ms = 1000 * paris("2026-10-05 10:00:00")
    assert business.apply(person.world.table, person.account_id, ceased, at_ms)
    assert person.state(AUGUST, "2026-10-06 10:00:00") == "void"
    assert person.ledger("2026-10-06 10:00:00").balance_cents == -257_00


PLAN = ("2026-11-10 13500", "2026-12-10 12200")


@pytest.mark.guards("instalments-seven-days-before")
def test_a_plan_shows_its_instalments(person: Debtor) -> None:
    """In place of what it covers; each is payable from seven days before its day."""
    person.declare("2026-09", "2026-10", at="2026-11-02 08:00:00")
    person.plan("2026-10-10 10:00:00", [f"{AUGUST} 25700 1336"], *PLAN)
    assert person.state(AUGUST, "2026-10-10 10:00:00") == "in-plan"
    codes = ["PLAN-001-01", "PLAN-001-02"]
    balance = 257_00  # a first delay is remitted
    assert owed(person, "2026-11-09 23:59:59") == (
        balance,
        [],
        list(zip(codes, (135_00, 122_00), strict=True)),
    )
    assert owed(person, "2026-11-10 00:00:00")[1] == [(codes[0], 135_00)]
    found = person.ledger("2026-11-02 23:59:59")
    assert found.open_of(AUGUST) == found.open_of(codes[0]) == Open()
    assert person.ledger("2026-11-03 00:00:00").open_of(codes[0]) == Open(135_00)
    assert found.upcoming[1].label == "délai de paiement, échéance 2 sur 2"
    person.pay(codes[0], 135_00, "2026-11-04 10:00:00", settled="2026-11-10 08:00:00")
    assert owed(person, "2026-11-10 08:00:00") == (122_00, [], [(codes[1], 122_00)])


def test_a_plan_agreed_after_its_first_day_leaves_seven_days(person: Debtor) -> None:
    """The first instalment may be paid until then."""
    decided = paris("2026-11-12 10:00:00")
    person.plan("2026-10-10 10:00:00", [f"{AUGUST} 25700 1336"], *PLAN, decided_at=decided)
    plans = [
        person.ledger(at).computed.plans[1].state
        for at in ("2026-11-11 10:00:00", "2026-11-19 11:59:59", "2026-11-19 12:00:00")
    ]
    assert plans == ["submitted", "running", "broken"]


@pytest.mark.guards("plans-are-sealed")
def test_a_plan_is_exported_and_sealed(person: Debtor) -> None:
    """With its reason while the account is; afterwards under the Siret, without it."""
    plan = person.plan("2026-10-10 10:00:00", [f"{AUGUST} 25700 1336"], *PLAN)
    account = person.world.account(person.account_id)
    reading = Reading(person.world.table, lambda _, __: "", FEED, NOW)
    plans: Any = held.export(HELD, reading, account)["plans"]
    (exported,) = plans
    assert exported["reason"] == plan.why
    assert exported["instalments"] == [*PLAN]
    delete(person.world, person.declarant)
    (kept,) = [each for each in person.world.items("ARCHIVE#") if each["sk"]["S"][:4] == "PLAN"]
    assert kept["pk"]["S"] == f"ARCHIVE#{account.siret_mac}"
    assert plan.why not in str(kept)
    assert not person.world.items("DECLARATION#")
