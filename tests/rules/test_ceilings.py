"""Ceilings of the regime, thresholds of VAT, what Acre covers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.ceilings import (
    Kind,
    Level,
    ceilings_of,
    days_of_activity,
    is_acre_used_up,
    levels_reached,
)
from portal.rules.contributions import CATEGORIES, MOST_EUROS, Category
from portal.rules.rates import book

LONG_AGO = date(2020, 1, 1)
days = st.dates(date(2017, 1, 1), date(2028, 12, 31))
turnovers = st.dictionaries(st.sampled_from(CATEGORIES), st.integers(0, MOST_EUROS))


@pytest.mark.guards("prorated-by-days")
@pytest.mark.parametrize(
    ("started_on", "kind", "prorated"),
    [
        ("2026-08-01", "micro-services", 35_043),
        ("2026-11-26", "micro-services", 8_245),
        ("2026-01-01", "micro-services", 83_600),
        ("2025-10-01", "micro-total", 47_562),
        ("2026-12-31", "micro-total", 556),
        ("2024-07-01", "micro-services", 39_062),
        ("2026-07-01", "vat-services", 18_904),
    ],
)
def test_the_first_year_is_prorated_by_days(started_on: str, kind: Kind, prorated: int) -> None:
    """A ceiling is for the days from the start to 31 December, of 365 or 366."""
    start = date.fromisoformat(started_on)
    assert {each.kind: each.prorated for each in ceilings_of(start.year, start)}[kind] == prorated


def test_the_last_year_is_prorated_too() -> None:
    """The days until the business ceased count, that one included."""
    assert days_of_activity(2026, LONG_AGO, date(2026, 1, 31)) == (31, 365)
    assert days_of_activity(2024, LONG_AGO, None) == (366, 366)
    assert days_of_activity(2026, date(2027, 1, 1), None) == (0, 365)


@pytest.mark.parametrize(
    ("year", "known"),
    [
        (2016, []),
        (2022, ["micro-total", "micro-services"]),
        (2026, ["micro-total", "micro-services", "vat-sales", "vat-services"]),
        (2027, ["micro-total", "micro-services"]),
        (2029, []),
    ],
)
def test_ceilings_that_are_not_known_are_not_said(year: int, known: list[str]) -> None:
    """A year without a row has no ceiling: none is guessed."""
    assert [each.kind for each in ceilings_of(year, date(2010, 1, 1))] == known


@pytest.mark.guards("near-before-over")
@pytest.mark.parametrize(
    ("turnover", "expected"),
    [
        ({}, {}),
        ({"sales": 84_999}, {}),
        ({"sales": 85_001}, {"vat-sales": "over"}),
        ({"sales": 93_501}, {"vat-sales": "raised"}),
        ({"sales": 162_480}, {"vat-sales": "raised", "micro-total": "near"}),
        ({"sales": 203_100}, {"vat-sales": "raised", "micro-total": "near"}),
        ({"sales": 203_101}, {"vat-sales": "raised", "micro-total": "over"}),
        ({"other_services": 37_500}, {}),
        ({"other_services": 20_000, "commercial_services": 20_000}, {"vat-services": "over"}),
        (
            {"other_services": 83_601},
            {"vat-services": "raised", "vat-sales": None, "micro-services": "over"},
        ),
    ],
)
def test_levels(turnover: dict[Category, int], expected: dict[str, str | None]) -> None:
    """Near from 80 %, over from the first euro above; services have ceilings of their own."""
    found = levels_reached(ceilings_of(2026, LONG_AGO), turnover)
    assert {each.ceiling.kind: each.level for each in found} == {
        kind: level for kind, level in expected.items() if level
    }


def test_over_twice_running() -> None:
    """A second year above a ceiling of the regime is a level of its own; VAT has none."""
    found = levels_reached(
        ceilings_of(2026, LONG_AGO), {"other_services": 90_000}, over_last_year=True
    )
    assert {each.ceiling.kind: each.level for each in found} == {
        "micro-services": "over-twice",
        "vat-services": "raised",
        "vat-sales": "over",
    }


@given(days, turnovers, st.dictionaries(st.sampled_from(CATEGORIES), st.integers(0, 1000)))
def test_more_turnover_reaches_no_less(
    started_on: date, turnover: dict[Category, int], more: dict[Category, int]
) -> None:
    """A level that was reached is reached by more turnover, or a higher one is."""
    order: list[Level] = ["near", "over", "raised"]
    ceilings = ceilings_of(started_on.year, started_on)
    before = {each.ceiling.kind: each.level for each in levels_reached(ceilings, turnover)}
    summed = {each: turnover.get(each, 0) + more.get(each, 0) for each in CATEGORIES}
    after = {each.ceiling.kind: each.level for each in levels_reached(ceilings, summed)}
    for kind, level in before.items():
        assert order.index(after[kind]) >= order.index(level)
    assert all(each.prorated <= each.euros for each in ceilings)


@pytest.mark.parametrize(
    ("year", "turnover", "expected"),
    [
        (2026, {"sales": 165_724}, False),
        (2026, {"sales": 165_725}, True),
        (2026, {"commercial_services": 96_120}, False),
        (2026, {"commercial_services": 96_121}, True),
        (2025, {"other_services": 71_363}, False),
        (2025, {"other_services": 71_364}, True),
        (2026, {"sales": 100_000, "other_services": 30_000}, True),
        (2030, {"sales": 1}, None),
    ],
)
def test_what_acre_covers(
    year: int, turnover: dict[Category, int], *, expected: bool | None
) -> None:
    """Acre covers one ceiling of the Social Security after abatement, of all lines together."""
    assert is_acre_used_up(year, turnover) is expected


def test_the_monthly_ceiling_is_a_twelfth() -> None:
    """Of the yearly one, wherever both are known."""
    yearly = {row["from"]: row["euros"] for row in book()["social_security_ceiling"]}
    monthly = {row["from"]: row["euros"] for row in book()["monthly_ceiling"]}
    both = yearly.keys() & monthly.keys()
    assert len(both) == 4
    assert all(yearly[day] == 12 * monthly[day] for day in both)
