"""The ledger: its tables step by step, its surcharges, plans, and what holds for any history."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import surcharges
from portal.rules.accounts import Agreed, Debt, Instalment, Ledger, Open, Paid
from portal.rules.days import day_in_paris, midnight_in_paris, noon_in_paris
from portal.rules.instalments import days_of, divide
from portal.rules.ledger import ledger
from tests.world.declarant import paris

DAY = 24 * 3600


def debt(code: str, due_on: str, cents: int | None, declared: str = "", late: str = "") -> Debt:
    """Return a period declared, the day before it is due by default; ``late`` is when it counts."""
    day = date.fromisoformat(due_on)
    at = paris(declared) if declared else noon_in_paris(day) - DAY
    charged_on = date.fromisoformat(late) if late else day
    versions = [] if cents is None else [(at, cents)]
    return Debt(
        code, day, noon_in_paris(day), charged_on, noon_in_paris(charged_on), tuple(versions)
    )


def paid(
    code: str,
    cents: int,
    settled: str | None,
    *,
    ordered: str = "",
    failed: str = "",
    id_: str = "",
) -> Paid:
    """Return a payment, debited on the day on which it is settled, ordered as this day begins."""
    at = paris(settled) if settled else None
    debited = midnight_in_paris(day_in_paris(at or paris(ordered)))
    return Paid(
        id_ or f"{code}-{settled or ordered}",
        code,
        cents,
        paris(ordered) if ordered else debited,
        debited,
        at,
        paris(failed) if failed else None,
    )


def at(
    when: str, debts: Iterable[Debt], payments: Iterable[Paid] = (), plans: Iterable[Agreed] = ()
) -> Ledger:
    """Return the ledger at a time of Paris; it is balanced."""
    found = ledger(debts, payments, plans, paris(when))
    assert found.is_balanced
    return found


def opens(found: Ledger) -> dict[str, tuple[int, int]]:
    """Return what is open of each period that has something open."""
    return {code: each.open for code, each in found.accounts.items() if each.open != Open()}


def added(found: Ledger) -> list[tuple[str | None, int]]:
    """Return the entries of rules."""
    return [(each.rule, each.cents) for each in found.entries if each.rule]


@pytest.mark.guards("a-return-is-an-entry")
def test_a_return_step_by_step() -> None:
    """Declared, debited, returned with what is added from the due day, paid: nothing is left."""
    debts = [debt("2026-Q2", "2026-07-31", 265_00)]
    first = paid("2026-Q2", 265_00, "2026-07-31 12:00:00", failed="2026-08-04 09:00:00", id_="1")
    second = paid("2026-Q2", 278_78, "2026-08-31 10:00:00", id_="2")
    steps = {
        "2026-07-31 11:59:59": 0,
        "2026-08-03 12:00:00": 0,
        "2026-08-04 08:59:59": 0,
        "2026-08-04 09:00:00": 278_78,
        "2026-08-31 09:59:59": 278_78,
        "2026-08-31 10:00:00": 0,
        "2027-08-31 10:00:00": 0,
    }
    for when, balance in steps.items():
        assert at(when, debts, [first, second]).balance_cents == balance, when
    assert [
        (each.kind, each.cents, each.rule, each.payment_id)
        for each in at("2026-09-30 10:00:00", debts, [first, second]).entries
    ] == [
        ("declared", 265_00, None, None),
        ("payment", -265_00, None, "1"),
        ("return", 265_00, None, "1"),
        ("majoration", 13_25, "P4", None),
        ("majoration", 53, "P5", None),
        ("payment", -278_78, None, "2"),
    ]


def test_a_free_payment_pays_the_oldest_due_first() -> None:
    """The principal of all before any surcharge: 400, then what is left."""
    debts = [
        debt("2025-Q1", "2025-04-30", 300_00),
        debt("2025-Q2", "2025-07-31", 200_00),
    ]
    before = at("2025-08-20 12:00:00", debts)
    # 5 % and four started months; 5 % and one.
    assert opens(before) == {"2025-Q1": (300_00, 17_40), "2025-Q2": (200_00, 10_40)}
    some = [paid("", 400_00, "2025-08-20 12:00:00")]
    after = at("2025-08-20 12:00:00", debts, some)
    assert opens(after) == {"2025-Q1": (0, 17_40), "2025-Q2": (100_00, 10_40)}
    some += [paid("", 117_40, "2025-08-21 12:00:00")]
    assert opens(at("2025-08-21 12:00:00", debts, some)) == {"2025-Q2": (0, 10_40)}
    some += [paid("", 50_00, "2025-08-22 12:00:00")]
    last = at("2025-08-22 12:00:00", debts, some)
    assert not opens(last)
    assert last.balance_cents == -39_60


def test_a_payment_for_a_period_pays_it_first() -> None:
    """Its principal, then its surcharges; a surplus goes to the oldest due."""
    debts = [debt("2025-Q1", "2025-04-30", 300_00), debt("2025-Q2", "2025-07-31", 200_00)]
    some = [paid("2025-Q2", 230_00, "2025-08-20 12:00:00")]
    assert opens(at("2025-08-20 12:00:00", debts, some)) == {"2025-Q1": (280_40, 17_40)}


def test_what_is_paid_before_it_is_due_waits_for_it() -> None:
    """A debit that is settled in the morning of the due day pays nothing else."""
    debts = [debt("2026-06", "2026-06-30", 10_00), debt("2026-07", "2026-08-31", 100_00)]
    some = [paid("2026-07", 100_00, "2026-08-31 08:00:00")]
    assert opens(at("2026-08-31 09:00:00", debts, some)) == {"2026-06": (10_00, 56)}
    assert opens(at("2026-08-31 12:00:00", debts, some)) == {"2026-06": (10_00, 56)}


def test_a_correction_is_an_entry() -> None:
    """Each version that was declared in time is there at the due instant, more or less."""
    each = debt("2026-05", "2026-06-30", 100_00)
    first = each.versions[0]
    each = each._replace(versions=(first, (first[0] + 1, 80_00), (first[0] + 2, 90_00)))
    assert not at("2026-06-30 11:59:59", [each]).entries
    found = at("2026-06-30 12:00:00", [each])
    assert [(one.kind, one.cents) for one in found.entries if not one.rule] == [
        ("declared", 100_00),
        ("correction", -20_00),
        ("correction", 10_00),
    ]
    assert opens(found) == {"2026-05": (90_00, 4_68)}


def test_a_correction_of_what_was_paid_is_a_credit() -> None:
    """What is no longer owed pays what is due next."""
    each = debt("2026-05", "2026-06-30", 100_00)
    each = each._replace(versions=(*each.versions, (paris("2026-07-10 10:00:00"), 60_00)))
    some = [paid("2026-05", 100_00, "2026-06-30 10:00:00")]
    assert at("2026-07-10 10:00:00", [each], some).balance_cents == -40_00
    both = [each, debt("2026-06", "2026-07-31", 50_00)]
    assert opens(at("2026-07-31 12:00:00", both, some))["2026-06"][0] == 10_00


def test_what_is_unpaid_costs_by_the_month() -> None:
    """1,000 € due on 2 February and paid on 15 April: 50, and three started months."""
    debts = [debt("2026-Q4", "2026-02-02", 1000_00)]
    months = {
        "2026-02-02 11:59:59": [],
        "2026-02-02 12:00:00": [("P4", 50_00), ("P5", 2_00)],
        "2026-03-02 23:59:59": [("P4", 50_00), ("P5", 2_00)],
        "2026-03-03 00:00:00": [("P4", 50_00), ("P5", 2_00), ("P5", 2_00)],
        "2026-04-15 10:00:00": [("P4", 50_00), *[("P5", 2_00)] * 3],
        "2026-09-15 10:00:00": [("P4", 50_00), *[("P5", 2_00)] * 3],
    }
    some = [paid("2026-Q4", 1056_00, "2026-04-15 10:00:00")]
    for when, entries in months.items():
        assert added(at(when, debts, some)) == entries, when
    assert at("2026-09-15 10:00:00", debts, some).balance_cents == 0


def test_cents_are_those_of_the_sum() -> None:
    """Months are rounded together, half a cent up: 3 € cost 1.2 cents in two months."""
    found = at("2026-08-10 12:00:00", [debt("2026-05", "2026-06-30", 3_00)])
    assert added(found) == [("P4", 15), ("P5", 1)]
    found = at("2026-09-10 12:00:00", [debt("2026-05", "2026-06-30", 3_00)])
    assert added(found) == [("P4", 15), ("P5", 1), ("P5", 1)]


@pytest.mark.guards("ordered-in-time")
def test_what_is_ordered_in_time_is_in_time() -> None:
    """An order before noon of the due day costs nothing, whenever the bank answers."""
    debts = [debt("2026-05", "2026-06-30", 100_00)]
    for ordered, entries in (
        ("2026-06-30 11:59:59", []),
        ("2026-06-30 12:00:00", [("P4", 5_00), ("P5", 20)]),
    ):
        some = [paid("2026-05", 100_00, "2026-07-03 08:00:00", ordered=ordered)]
        assert added(at("2026-07-02 12:00:00", debts, some)) == entries
        assert at("2026-07-02 12:00:00", debts, some).balance_cents == 100_00 + sum(
            cents for _, cents in entries
        )


def test_an_order_that_fails_was_never_in_time() -> None:
    """Refused before it was settled: no money moved, and what is late counts from the due day."""
    debts = [debt("2026-05", "2026-06-30", 100_00)]
    some = [
        paid("2026-05", 100_00, None, ordered="2026-06-20 10:00:00", failed="2026-08-04 10:00:00")
    ]
    assert not added(at("2026-08-04 09:59:59", debts, some))
    found = at("2026-08-04 10:00:00", debts, some)
    assert [each.kind for each in found.entries] == ["declared", "majoration", "majoration"]
    assert opens(found) == {"2026-05": (100_00, 5_40)}


@pytest.mark.guards("penalty-rounded-up")
@pytest.mark.parametrize(
    ("year", "cents"), [(2025, 58_90), (2026, 60_10), (2024, 58_00), (2027, 0)]
)
def test_a_missing_declaration(year: int, cents: int) -> None:
    """It costs, from the due instant, even if nothing is due; nothing for a year without figure."""
    each = debt("missing", f"{year}-06-30", None)
    assert not at(f"{year}-06-30 11:59:59", [each]).entries
    assert at(f"{year}-06-30 12:00:00", [each]).balance_cents == cents


def test_who_is_affiliated_too_late_is_not_late() -> None:
    """Neither penalty nor majoration within thirty days of the affiliation."""
    each = debt("2026-05", "2026-06-30", 100_00, "2026-07-20 10:00:00", late="2026-08-01")
    assert at("2026-07-31 12:00:00", [each]).balance_cents == 100_00
    assert added(at("2026-08-01 12:00:00", [each])) == [("P4", 5_00), ("P5", 20)]
    missing = each._replace(versions=())
    assert not at("2026-08-01 11:59:59", [missing]).entries
    assert added(at("2026-08-01 12:00:00", [missing])) == [("P1", 60_10)]


@pytest.mark.guards("thirty-days-to-remit", "remitted-once-in-two-years")
def test_a_first_delay_is_remitted_once_paid() -> None:
    """Within thirty days; again after two years without delay only."""
    debts = [debt("2024-05", "2024-06-30", 100_00)]
    in_time = [paid("2024-05", 100_00, "2024-07-30 11:00:00")]
    found = at("2024-07-30 11:00:00", debts, in_time)
    assert added(found) == [("P4", 5_00), ("P5", 20), ("P7", -5_20)]
    assert found.balance_cents == 0
    late = [paid("2024-05", 100_00, "2024-07-31 11:00:00")]
    assert opens(at("2024-07-31 11:00:00", debts, late)) == {"2024-05": (0, 5_20)}
    for due_on, balance in (("2026-06-29", 5_20), ("2026-06-30", 5_20), ("2026-07-01", 0)):
        both = [*debts, debt("later", due_on, 100_00)]
        day = date.fromisoformat(due_on)
        some = [*in_time, paid("later", 100_00, f"{day.replace(month=7, day=3)} 10:00:00")]
        assert at("2026-07-04 10:00:00", both, some).balance_cents == balance, due_on


def test_periods_due_on_one_day_are_one_delay() -> None:
    """Each of a first group is remitted."""
    debts = [debt(f"2026-{month:02}", "2026-07-31", 100_00) for month in (3, 4, 5, 6)]
    some = [paid(each.code, 100_00, "2026-08-05 10:00:00") for each in debts]
    assert at("2026-08-05 10:00:00", debts, some).balance_cents == 0


def test_what_was_paid_and_is_remitted_is_a_credit() -> None:
    """Who paid the surcharges too has them back, for what is due next."""
    debts = [debt("2026-05", "2026-06-30", 100_00)]
    some = [paid("2026-05", 105_20, "2026-07-05 11:00:00")]
    assert at("2026-07-05 11:00:00", debts, some).balance_cents == -5_20


def test_a_remission_is_lost_with_its_payment() -> None:
    """A payment that is returned gave no right to it."""
    debts = [debt("2026-05", "2026-06-30", 100_00)]
    some = [paid("2026-05", 100_00, "2026-07-05 11:00:00", failed="2026-08-20 10:00:00")]
    found = at("2026-08-20 10:00:00", debts, some)
    assert added(found) == [("P4", 5_00), ("P5", 20), ("P7", -5_20), ("P5", 20), ("P7", 5_20)]
    assert opens(found) == {"2026-05": (100_00, 5_40)}


def test_a_late_declaration_of_nothing_is_remitted() -> None:
    """The penalty of a first delay goes with a declaration within thirty days."""
    each = debt("2026-05", "2026-06-30", 0, "2026-07-20 10:00:00")
    assert at("2026-07-19 10:00:00", [each]).balance_cents == 60_10
    assert at("2026-07-20 10:00:00", [each]).balance_cents == 0
    each = debt("2026-05", "2026-06-30", 0, "2026-08-20 10:00:00")
    assert at("2026-08-20 10:00:00", [each]).balance_cents == 60_10


def test_surcharges_above_a_monthly_ceiling_are_not_remitted() -> None:
    """4,005 € in 2026: 5.2 % of 77,000 € are below, of 77,100 € above."""
    for cents, balance in ((77_000_00, 0), (77_100_00, 4009_20)):
        debts = [debt("2026-05", "2026-06-30", cents)]
        some = [paid("2026-05", cents, "2026-07-05 11:00:00")]
        assert at("2026-07-05 11:00:00", debts, some).balance_cents == balance


# Plans.


def plan(
    debts: Sequence[Debt], signed: str, first_on: str, cents: Sequence[int], **changes: Any
) -> Agreed:
    """Return a plan of some periods, agreed as it is signed."""
    days = days_of(date.fromisoformat(first_on), len(cents))
    instalments = tuple(
        Instalment(f"PLAN-001-{place:02}", day, noon_in_paris(day), each)
        for place, (day, each) in enumerate(zip(days, cents, strict=True), 1)
    )
    at_ = paris(signed)
    agreed = Agreed(1, [each.code for each in debts], at_, instalments, at_)
    return agreed._replace(**changes)


def test_instalments_are_whole_euros_and_the_last_takes_the_rest() -> None:
    """874 € of which 57.68 € were added and are remitted: six times 133, then 76."""
    assert divide(874_00, 57_68, 7) == [*[133_00] * 6, 76_00]
    assert divide(100_53, 0, 3) == [33_00, 33_00, 34_53]


@given(st.integers(1, 10**9), st.integers(0, 10**6), st.integers(1, 36))
def test_instalments_add_up(total: int, remitted: int, count: int) -> None:
    """Their sum is what is owed; all but the last are equal, in whole euros."""
    found = divide(total, remitted, count)
    assert len(found) == count
    assert sum(found) == total
    assert len(set(found[:-1])) <= 1
    assert not any(each % 100 for each in found[:-1])


def test_instalments_are_due_each_month() -> None:
    """On the same day, or the last of a shorter month."""
    assert [str(day) for day in days_of(date(2026, 12, 31), 4)] == [
        "2026-12-31",
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
    ]


@pytest.mark.guards("frozen-at-signature")
def test_a_plan_freezes_what_it_covers() -> None:
    """No month is added while it runs; kept, nothing is left."""
    debts = [debt("2026-01", "2026-02-28", 300_00), debt("2026-02", "2026-03-31", 200_00)]
    before = at("2026-05-10 12:00:00", debts)
    assert opens(before) == {"2026-01": (300_00, 16_80), "2026-02": (200_00, 10_80)}
    agreed = plan(debts, "2026-05-10 12:00:00", "2026-06-10", [175_00, 175_00, 177_60])
    some = [
        paid(code, cents, f"2026-{month:02}-10 10:00:00")
        for month, (code, _, _, cents) in enumerate(agreed.instalments, 6)
    ]
    running = at("2026-08-10 09:59:59", debts, some, [agreed])
    assert running.balance_cents == 177_60
    assert running.plans[1].state == "running"
    kept = at("2027-08-10 10:00:00", debts, some, [agreed])
    assert kept.balance_cents == 0
    assert kept.plans[1] == ("kept", paris("2026-08-10 10:00:00"))


@pytest.mark.guards("missed-ends-the-plan")
def test_a_missed_instalment_ends_the_plan() -> None:
    """Unpaid at noon of its day; months are added again from then, and a remission is lost."""
    debts = [debt("2026-03", "2026-04-30", 300_00)]
    agreed = plan(debts, "2026-05-10 12:00:00", "2026-06-10", [150_00, 150_00])
    some = [paid("PLAN-001-01", 150_00, "2026-06-12 10:00:00", ordered="2026-06-10 11:59:59")]
    running = at("2026-07-10 11:59:59", debts, some, [agreed])
    assert running.plans[1].state == "running"
    assert added(running) == [("P4", 15_00), ("P5", 60), ("P7", -15_60)]
    assert running.balance_cents == 150_00
    broken = at("2026-07-10 12:00:00", debts, some, [agreed])
    assert broken.plans[1] == ("broken", paris("2026-07-10 12:00:00"))
    assert broken.balance_cents == 165_60
    assert at("2026-07-31 00:00:00", debts, some, [agreed]).balance_cents == 165_90


def test_an_instalment_that_is_returned_ends_the_plan() -> None:
    """It was not paid on its day."""
    debts = [debt("2026-03", "2026-04-30", 300_00)]
    agreed = plan(debts, "2026-06-10 12:00:00", "2026-07-10", [315_60, 60])
    some = [
        paid("PLAN-001-01", 315_60, "2026-07-10 10:00:00", failed="2026-07-14 10:00:00"),
        paid("PLAN-001-02", 60, "2026-07-11 10:00:00"),
    ]
    assert at("2026-07-13 10:00:00", debts, some, [agreed]).plans[1].state == "kept"
    found = at("2026-07-14 10:00:00", debts, some, [agreed])
    assert found.plans[1].state == "broken"
    assert opens(found) == {"2026-03": (300_00, 15_60)}


def test_a_plan_that_is_refused_changes_nothing() -> None:
    """But the months that began while it was decided are not added."""
    debts = [debt("2026-03", "2026-04-30", 300_00)]
    asked = plan(debts, "2026-05-29 12:00:00", "2026-06-10", [300_00], agreed_at=None)
    assert at("2026-06-20 12:00:00", debts, (), [asked]).plans[1].state == "submitted"
    refused = asked._replace(refused_at=paris("2026-06-20 12:00:00"))
    found = at("2026-07-10 12:00:00", debts, (), [refused])
    assert found.plans[1].state == "refused"
    assert added(found) == [("P4", 15_00), ("P5", 60), ("P5", 60)]


# Whatever happened.

STARTS = paris("2025-01-01 00:00:00")
times = st.integers(STARTS, STARTS + 500 * DAY)
CODES = ("2025-01", "2025-02", "2025-Q2", "2025-Q3")


@st.composite
def histories(draw: Any) -> tuple[list[Debt], list[Paid], list[Agreed]]:
    """Return any periods, payments of them and of nothing, and a plan of some."""
    debts: list[Debt] = []
    for code in CODES[: draw(st.integers(1, 4))]:
        due_on = day_in_paris(draw(times))
        charged_on = day_in_paris(noon_in_paris(due_on) + draw(st.integers(0, 40)) * DAY)
        ats = sorted(draw(st.sets(times, max_size=3)))
        versions = [(at_, draw(st.integers(0, 3000)) * 100) for at_ in ats]
        debts.append(
            Debt(
                code,
                due_on,
                noon_in_paris(due_on),
                charged_on,
                noon_in_paris(charged_on),
                tuple(versions),
            )
        )
    codes = [each.code for each in debts]
    plans: list[Agreed] = []
    if draw(st.booleans()):
        signed = draw(times)
        days = days_of(day_in_paris(signed + 10 * DAY), draw(st.integers(1, 4)))
        plans.append(
            Agreed(
                1,
                draw(st.lists(st.sampled_from([*codes, "gone"]), unique=True)),
                signed,
                tuple(
                    Instalment(f"PLAN-001-{place:02}", day, noon_in_paris(day), 100_00)
                    for place, day in enumerate(days, 1)
                ),
                *draw(st.sampled_from([(signed, None), (None, None), (None, signed + DAY)])),
            )
        )
        codes += [each.code for each in plans[0].instalments]
    some: list[Paid] = []
    for number in range(draw(st.integers(0, 6))):
        ordered = draw(times)
        settled = draw(st.none() | st.integers(ordered, ordered + 40 * DAY))
        failed = draw(st.none() | st.integers(settled or ordered, ordered + 80 * DAY))
        some.append(
            Paid(
                str(number),
                draw(st.sampled_from([*codes, "", "gone"])),
                draw(st.integers(1, 4000_00)),
                ordered,
                ordered + draw(st.integers(0, 10)) * DAY,
                settled,
                failed,
            )
        )
    return debts, some, plans


@given(histories(), times, st.integers(0, 400 * DAY))
def test_entries_are_only_added(
    history: tuple[list[Debt], list[Paid], list[Agreed]], first: int, more: int
) -> None:
    """The entries at a time begin those at every later one."""
    earlier, later = ledger(*history, first).entries, ledger(*history, first + more).entries
    assert list(later[: len(earlier)]) == list(earlier)
    assert all(each.at > first for each in later[len(earlier) :])


@given(histories(), times)
def test_the_balance_is_what_is_open(
    history: tuple[list[Debt], list[Paid], list[Agreed]], now: int
) -> None:
    """Less what was paid in advance; nothing open is below zero, no credit is empty."""
    found = ledger(*history, now)
    assert found.is_balanced
    assert all(min(each.open) >= 0 for each in found.accounts.values())
    assert all(each.cents > 0 for each in found.credits)
    assert isinstance(found.balance_cents, int)


@given(histories(), times, st.randoms())
def test_the_order_of_arrival_does_not_matter(
    history: tuple[list[Debt], list[Paid], list[Agreed]], now: int, chance: Any
) -> None:
    """The same facts in any order give the same entries."""
    debts, payments, plans = history
    before = ledger(debts, payments, plans, now)
    for each in (debts, payments):
        chance.shuffle(each)
    assert ledger(debts, payments, plans, now).entries == before.entries


@given(histories(), times)
def test_money_is_as_it_moved(
    history: tuple[list[Debt], list[Paid], list[Agreed]], now: int
) -> None:
    """Payments and returns are those of the facts; remissions are never above what was added."""
    found = ledger(*history, now)
    moved = sum(each.cents for each in found.entries if each.kind in {"payment", "return"})
    assert -moved == sum(each.cents for each in history[1] if each.is_settled(now))
    for each in found.accounts.values():
        entries = [one.cents for one in found.entries if one.code == each.debt.code and one.rule]
        assert sum(entries) >= 0
        assert each.charged.get("P4", 0) <= surcharges.of_unpaid(
            max([0, *(cents for _, cents in each.debt.versions)]), each.debt.due_on
        )
