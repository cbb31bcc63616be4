"""Periods: every row of calendar.csv, and what holds for any business."""

import csv
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import RuleError
from portal.rules.days import (
    day_in_paris,
    easter,
    is_working_day,
    midnight_in_paris,
    noon_in_paris,
    public_holidays,
    working_day_from,
)
from portal.rules.periods import Course, Period, calendar, find, span_of, standing

ROWS = list(csv.DictReader(Path(__file__).with_name("calendar.csv").read_text().splitlines()))
CASES = {case: list(rows) for case, rows in groupby(ROWS, key=lambda row: row["case"])}
DAY = timedelta(days=1)

days = st.dates(date(2009, 1, 1), date(2035, 12, 31))
courses = st.builds(
    lambda started_on, periodicity, changes, lasted: Course(
        started_on,
        periodicity,
        sorted(changes.items()),
        None if lasted is None else started_on + lasted * DAY,
    ),
    days,
    st.sampled_from(["monthly", "quarterly"]),
    st.dictionaries(days, st.sampled_from(["monthly", "quarterly"]), max_size=3),
    st.none() | st.integers(0, 2000),
)


def at(text: str) -> int:
    """Return a time written in UTC as seconds since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("case", CASES)
def test_each_calendar(case: str) -> None:
    """The periods of the case have the days of its rows."""
    rows = CASES[case]
    first = rows[0]
    ceased_on = date.fromisoformat(first["ceased_on"]) if first["ceased_on"] else None
    course = Course(
        date.fromisoformat(first["start_date"]),
        first["periodicity"],
        ceased_on=ceased_on,
    )
    codes = [row["period"] for row in rows]
    found = [each for each in calendar(course, date(2030, 1, 1)) if each.code in codes]
    assert [
        [
            each.code,
            str(each.starts_on),
            str(each.ends_on),
            str(each.opens_on),
            str(each.nominal_due_on),
            str(each.due_on),
            str(int(each.first_group)),
        ]
        for each in found
    ] == [
        [
            row["period"],
            row["from"],
            row["to"],
            row["opens_on"],
            row["due_nominal"],
            row["due_effective"],
            row["first_group"],
        ]
        for row in rows
    ]


def test_there_are_44_calendars_of_218_rows() -> None:
    """No row of the table was lost."""
    assert (len(CASES), len(ROWS)) == (44, 218)


@given(courses)
def test_no_hole_and_no_overlap(course: Course) -> None:
    """Each day of the business is in one period, from the start to the end or what is asked."""
    until = course.started_on + 1500 * DAY
    periods = list(calendar(course, until))
    assert periods[0].starts_on == course.started_on
    assert all(before.ends_on + DAY == after.starts_on for before, after in pairwise(periods))
    last = course.ceased_on if course.ceased_on and course.ceased_on < until else until
    assert periods[-1].starts_on <= last <= periods[-1].ends_on
    assert len({each.code for each in periods}) == len(periods)


@given(courses)
def test_nothing_is_due_before_it_opens(course: Course) -> None:
    """A period opens when it is over, and is due later, on a working day."""
    for each in calendar(course, course.started_on + 1500 * DAY):
        assert each.opens_on == each.ends_on + DAY
        assert each.opens_on <= each.nominal_due_on <= each.due_on
        assert each.due_on - each.nominal_due_on <= 4 * DAY
        assert is_working_day(each.due_on)
        assert each.opens_at < each.due_at < each.closes_at


@given(days, st.sampled_from(["monthly", "quarterly"]))
def test_the_first_group_is_due_90_days_after_the_start(started_on: date, periodicity: str) -> None:
    """Four months or two quarters are due together, never within 90 days of the start."""
    course = Course(started_on, periodicity)
    periods = list(calendar(course, started_on + 400 * DAY))
    group = [each for each in periods if each.first_group]
    assert group == periods[: 4 if periodicity == "monthly" else 2]
    assert len({each.due_on for each in group}) == 1
    assert group[0].nominal_due_on - started_on >= 90 * DAY
    assert periods[len(group)].nominal_due_on > group[0].nominal_due_on


@given(courses)
def test_a_period_is_found_by_its_code(course: Course) -> None:
    """Each period is found by its code, and no other."""
    for each in list(calendar(course, course.started_on + 400 * DAY)):
        assert find(course, each.code) == each
    assert find(course, f"{course.started_on.year - 1}-Q4") is None
    assert find(course, "nothing") is None


def test_from_months_to_quarters() -> None:
    """December is the last month, and the first quarter an ordinary one."""
    course = Course(date(2025, 1, 10), "monthly", [(date(2027, 1, 1), "quarterly")])
    found = [(each.code, str(each.due_on)) for each in calendar(course, date(2027, 5, 1))]
    assert found[-4:] == [
        ("2026-11", "2026-12-31"),
        ("2026-12", "2027-02-01"),
        ("2027-Q1", "2027-04-30"),
        ("2027-Q2", "2027-08-02"),
    ]


def test_a_first_group_stops_where_quarters_begin() -> None:
    """Its months keep the due day that they had."""
    course = Course(date(2026, 10, 20), "monthly", [(date(2027, 1, 1), "quarterly")])
    found = [(each.code, str(each.due_on)) for each in calendar(course, date(2027, 3, 1))]
    assert found == [
        ("2026-10", "2027-03-01"),
        ("2026-11", "2027-03-01"),
        ("2026-12", "2027-03-01"),
        ("2027-Q1", "2027-04-30"),
    ]


def test_a_change_takes_effect_with_a_quarter() -> None:
    """Months go on to the end of the quarter, quarters do too."""
    months = Course(date(2025, 1, 1), "monthly", [(date(2026, 2, 1), "quarterly")])
    assert [each.code for each in calendar(months, date(2026, 4, 1))][-3:] == [
        *("2026-02", "2026-03", "2026-Q2")
    ]
    quarters = Course(date(2025, 1, 1), "quarterly", [(date(2026, 2, 1), "monthly")])
    assert [each.code for each in calendar(quarters, date(2026, 5, 1))][-3:] == [
        *("2026-Q1", "2026-04", "2026-05")
    ]


def test_a_quarter_that_ends_a_business() -> None:
    """The last quarter is due within the month after it, one before it no later."""
    course = Course(date(2026, 1, 10), "quarterly", ceased_on=date(2026, 2, 20))
    assert [
        (each.code, str(each.opens_on), str(each.due_on))
        for each in calendar(course, date(2027, 1, 1))
    ] == [("2026-Q1", "2026-02-21", "2026-04-30")]
    changed = Course(
        date(2025, 1, 1), "monthly", [(date(2026, 1, 1), "quarterly")], date(2026, 5, 5)
    )
    assert list(calendar(changed, date(2027, 1, 1)))[-1].due_on == date(2026, 7, 31)


@pytest.mark.parametrize(
    ("code", "label", "starts_on", "ends_on"),
    [
        ("2026-10", "octobre 2026", "2026-10-01", "2026-10-31"),
        ("2024-02", "février 2024", "2024-02-01", "2024-02-29"),
        ("2026-02", "février 2026", "2026-02-01", "2026-02-28"),
        ("2026-Q1", "1er trimestre 2026", "2026-01-01", "2026-03-31"),
        ("2026-Q4", "4e trimestre 2026", "2026-10-01", "2026-12-31"),
    ],
)
def test_codes(code: str, label: str, starts_on: str, ends_on: str) -> None:
    """A code gives the name and the civil days of its period."""
    span = span_of(code)
    assert (span.label, str(span.starts_on), str(span.ends_on)) == (label, starts_on, ends_on)


@pytest.mark.parametrize(
    "code",
    ["", "2026", "2026-13", "2026-00", "2026-Q5", "2026-1", "1999-10", "2026-Q1 "],
)
def test_what_is_no_code(code: str) -> None:
    """Anything else is refused."""
    with pytest.raises(RuleError) as caught:
        span_of(code)
    assert caught.value.code == "invalid-period"


@pytest.mark.parametrize(
    ("year", "day"),
    [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2038, "2038-04-25")],
)
def test_easter(year: int, day: str) -> None:
    """Easter is computed, as late as it can be too."""
    assert easter(year) == date.fromisoformat(day)


@given(st.integers(2009, 2100))
def test_eleven_holidays(year: int) -> None:
    """A year has eleven, fewer when two fall on one day; those after Easter have their weekday."""
    found = public_holidays(year)
    assert 10 <= len(found) <= 11
    assert easter(year).weekday() == 6
    assert {easter(year) + DAY, date(year, 12, 25), date(year, 7, 14)} <= found
    assert not any(is_working_day(day) for day in found)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2023-12-31", "2024-01-02"),
        ("2026-10-31", "2026-11-02"),
        ("2024-03-31", "2024-04-02"),
        ("2026-11-26", "2026-11-26"),
        # Good Friday and 26 December are holidays in Alsace and Moselle only.
        ("2024-03-29", "2024-03-29"),
        ("2025-12-26", "2025-12-26"),
    ],
)
def test_a_due_day_moves_to_a_working_day(day: str, expected: str) -> None:
    """Saturdays, Sundays and national holidays are passed, those of one region are not."""
    assert working_day_from(date.fromisoformat(day)) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("day", "midnight", "noon"),
    [
        ("2026-03-28", "2026-03-27T23:00", "2026-03-28T11:00"),
        ("2026-03-29", "2026-03-28T23:00", "2026-03-29T10:00"),
        ("2026-03-30", "2026-03-29T22:00", "2026-03-30T10:00"),
        ("2026-10-25", "2026-10-24T22:00", "2026-10-25T11:00"),
        ("2026-10-26", "2026-10-25T23:00", "2026-10-26T11:00"),
        ("2028-02-29", "2028-02-28T23:00", "2028-02-29T11:00"),
    ],
)
def test_hours_of_paris(day: str, midnight: str, noon: str) -> None:
    """Midnight and noon are those of Paris, on the days of both changes of hour too."""
    on = date.fromisoformat(day)
    assert (midnight_in_paris(on), noon_in_paris(on)) == (at(midnight), at(noon))
    assert day_in_paris(midnight_in_paris(on)) == on
    assert day_in_paris(midnight_in_paris(on) - 1) == on - DAY


def october() -> Period:
    """Return October 2026 of a business with ordinary months: due on 30 November, noon."""
    found = find(Course(date(2025, 1, 1), "monthly"), "2026-10")
    assert found is not None
    return found


LONG_AGO = at("2025-03-01")


@pytest.mark.guards("due-at-noon")
@pytest.mark.parametrize(
    ("now", "affiliated_at", "rates_known", "expected"),
    [
        ("2026-10-31T22:59:59", LONG_AGO, True, ("upcoming", "running")),
        ("2026-10-31T23:00:00", LONG_AGO, True, ("open", None)),
        ("2026-10-31T23:00:00", None, True, ("upcoming", "affiliation-pending")),
        ("2026-11-05T00:00:00", at("2026-11-06"), True, ("upcoming", "affiliation-pending")),
        ("2026-11-06T00:00:00", at("2026-11-06"), True, ("open", None)),
        ("2026-11-06T00:00:00", LONG_AGO, False, ("upcoming", "rates-unknown")),
        ("2026-11-30T10:59:59", LONG_AGO, True, ("open", None)),
        ("2026-11-30T11:00:00", LONG_AGO, True, ("overdue-undeclared", None)),
        ("2026-12-01T00:00:00", at("2026-11-20"), True, ("overdue-undeclared", "affiliation-late")),
        ("2026-12-20T00:00:00", at("2026-11-20"), True, ("overdue-undeclared", None)),
        ("2027-11-30T10:59:59", LONG_AGO, True, ("overdue-undeclared", None)),
        ("2027-11-30T11:00:00", LONG_AGO, True, ("overdue-undeclared", "closed")),
        ("2028-01-02T00:00:00", at("2028-01-01"), True, ("overdue-undeclared", "affiliation-late")),
    ],
)
def test_states_before_a_declaration(
    now: str, affiliated_at: int | None, *, rates_known: bool, expected: tuple[str, str | None]
) -> None:
    """A period opens at midnight, is late from noon of its due day, and closes a year later."""
    found = standing(october(), at(now), affiliated_at=affiliated_at, rates_known=rates_known)
    assert found == expected


@pytest.mark.guards("due-at-noon")
@pytest.mark.parametrize(
    ("now", "owed", "state"),
    [
        ("2026-11-30T10:59:59", True, "declared"),
        ("2026-11-30T11:00:00", True, "due-unpaid"),
        ("2026-11-30T11:00:00", False, "settled"),
    ],
)
def test_states_of_a_declaration(now: str, *, owed: bool, state: str) -> None:
    """What was declared is so until its due instant, then settled or due."""
    assert standing(
        october(), at(now), affiliated_at=LONG_AGO, rates_known=True, declared=True, owed=owed
    ) == (state, None)


def test_a_due_day_of_29_february_closes_on_1_march() -> None:
    """A leap day has an anniversary."""
    period = find(Course(date(2023, 1, 1), "monthly"), "2024-01")
    assert period is not None
    assert period.due_on == date(2024, 2, 29)
    assert period.closes_at == noon_in_paris(date(2025, 3, 1))
