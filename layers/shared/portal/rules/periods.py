"""The periods that a business declares: days, opening, due day, states.

A period is a civil month or quarter. Its code is ``2026-05`` or ``2026-Q2``. Those of the first
months are due together, 90 days after the start at the earliest (CSS, R. 613-4 and D. 613-5).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from portal.rules import RuleError
from portal.rules.days import midnight_in_paris, noon_in_paris, working_day_from

type Periodicity = Literal["monthly", "quarterly"]
type State = Literal["upcoming", "open", "declared", "due-unpaid", "settled", "overdue-undeclared"]
type Reason = Literal[
    "running", "affiliation-pending", "rates-unknown", "affiliation-late", "closed"
]

_DAY = timedelta(days=1)
_CODE = re.compile(r"(20[0-9]{2})-(?:(0[1-9]|1[0-2])|Q([1-4]))")
_MONTHS = {"monthly": 1, "quarterly": 3}
_FIRST_GROUP = {"monthly": 4, "quarterly": 2}
"""How many periods are due together at first, with that of the start."""
_LAST_DUE = timedelta(days=30)
GRACE = 30 * 24 * 3600
"""Seconds from an affiliation, within which what is declared late is not late."""
_KNOWN = 1024
"""How many months and quarters are kept in memory: a business has the same ones at each request."""
_MONTH_NAMES = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


class Span(NamedTuple):
    """A civil month or quarter."""

    code: str
    starts_on: date
    ends_on: date

    @property
    def label(self) -> str:
        """Its name in French: « octobre 2026 », « 1er trimestre 2026 »."""
        year, _, rest = self.code.partition("-")
        if rest.startswith("Q"):
            return f"{rest[1]}{'er' if rest == 'Q1' else 'e'} trimestre {year}"
        return f"{_MONTH_NAMES[int(rest) - 1]} {year}"


class Period(NamedTuple):
    """What is declared at once, with its days.

    ``starts_on`` and ``ends_on`` are those of the business in it. ``opens_on`` and ``due_on`` are
    the first and last days to declare, the last one until noon.
    """

    code: str
    label: str
    starts_on: date
    ends_on: date
    opens_on: date
    nominal_due_on: date
    due_on: date
    first_group: bool

    @property
    def opens_at(self) -> int:
        """When it opens, in seconds since the epoch: as its first day begins in Paris."""
        return midnight_in_paris(self.opens_on)

    @property
    def due_at(self) -> int:
        """From when a declaration is late, in seconds since the epoch: noon in Paris."""
        return noon_in_paris(self.due_on)

    @property
    def closes_at(self) -> int:
        """From when a period never declared is not declared here: a year after it was due."""
        year = self.due_on.year + 1
        leap_day = (self.due_on.month, self.due_on.day) == (2, 29)
        return noon_in_paris(date(year, 3, 1) if leap_day else self.due_on.replace(year=year))


class Course(NamedTuple):
    """What decides the periods of a business.

    ``changes`` are other periodicities, by the day from which they hold, the earliest first. One
    takes effect with the first civil quarter that begins on that day or later; one that holds on
    the day of the start, with the start.
    """

    started_on: date
    periodicity: Periodicity
    changes: Sequence[tuple[date, Periodicity]] = ()
    ceased_on: date | None = None


@lru_cache(_KNOWN)
def span_of(code: str) -> Span:
    """Return the month or quarter of a code; raises ``RuleError``: invalid-period."""
    found = _CODE.fullmatch(code)
    if found is None:
        raise RuleError(
            "invalid-period", "Indiquez un mois, comme 2026-10, ou un trimestre, comme 2026-Q4."
        )
    year, month, quarter = found.groups()
    if month:
        return _span(_count(int(year), int(month)), 1)
    return _span(_count(int(year), 3 * int(quarter) - 2), 3)


def calendar(course: Course, until: date) -> Iterator[Period]:
    """Return the periods of a business that begin until a day, in order, without hole."""
    ceased_on = course.ceased_on
    end = until if ceased_on is None else min(until, ceased_on)
    last_due = None if ceased_on is None else _last_due(course, ceased_on)
    for span, group_due in _spans(course, end):
        ends_on = span.ends_on if ceased_on is None else min(span.ends_on, ceased_on)
        due = group_due or _end_of_month(_month_of(span.ends_on) + 1)
        if ceased_on is not None and last_due is not None:
            is_last = span.ends_on >= ceased_on
            due = last_due if is_last else min(due, last_due)
        yield _period(span, max(span.starts_on, course.started_on), ends_on, due, group_due)


@lru_cache(_KNOWN)
def _period(
    span: Span, starts_on: date, ends_on: date, due: date, group_due: date | None
) -> Period:
    return Period(
        code=span.code,
        label=span.label,
        starts_on=starts_on,
        ends_on=ends_on,
        opens_on=ends_on + _DAY,
        nominal_due_on=due,
        due_on=working_day_from(due),
        first_group=group_due is not None,
    )


def find(course: Course, code: str) -> Period | None:
    """Return the period of a business that has a code, or ``None``."""
    try:
        span = span_of(code)
    except RuleError:
        return None
    return next((each for each in calendar(course, span.ends_on) if each.code == code), None)


def standing(
    period: Period,
    now: int,
    *,
    affiliated_at: int | None,
    rates_known: bool,
    declared: bool = False,
    owed: bool = False,
) -> tuple[State, Reason | None]:
    """Return the state of a period at a time, and why it is not open; payments are not looked at.

    ``owed`` says whether something of what was declared is not paid.
    """
    # guard: due-at-noon: now < period.due_at => now <= period.due_at
    in_time = now < period.due_at
    if declared:
        return ("declared" if in_time else "due-unpaid" if owed else "settled"), None
    if affiliated_at is None or now < max(period.opens_at, affiliated_at) or not rates_known:
        running = now < period.opens_at
        waits = affiliated_at is None or now < affiliated_at
        return "upcoming", (
            "running" if running else "affiliation-pending" if waits else "rates-unknown"
        )
    if in_time:
        return "open", None
    if now >= max(period.closes_at, affiliated_at + GRACE):
        return "overdue-undeclared", "closed"
    # Who was affiliated too late to declare in time has thirty days without penalty.
    late = affiliated_at > period.due_at - GRACE and now < affiliated_at + GRACE
    return "overdue-undeclared", "affiliation-late" if late else None


def _spans(course: Course, end: date) -> Iterator[tuple[Span, date | None]]:
    """Return months and quarters, each with the due day of the first group if it is in it."""
    month = _month_of(course.started_on)
    first = _periodicity(course, month)
    size = _MONTHS[first]
    month = month // size * size
    group = month + _FIRST_GROUP[first] * size
    in_group = True
    while (span := _span(month, size)).starts_on <= end:
        in_group = in_group and month < group
        yield span, _end_of_month(group) if in_group else None
        month += size
        periodicity = _periodicity(course, month)
        in_group, size = in_group and periodicity == first, _MONTHS[periodicity]


def _periodicity(course: Course, month: int) -> Periodicity:
    """Return the periodicity of a month: a change takes effect with a quarter."""
    found = course.periodicity
    for day, periodicity in course.changes:
        if day <= course.started_on or _quarter_from(day) <= month:
            found = periodicity
    return found


def _last_due(course: Course, ceased_on: date) -> date:
    """Return when the last period is due: 30 days after the end, or a month after its quarter."""
    if _periodicity(course, _month_of(ceased_on)) == "monthly":
        return ceased_on + _LAST_DUE
    return _end_of_month(_month_of(ceased_on) // 3 * 3 + 3)


@lru_cache(_KNOWN)
def _span(month: int, size: int) -> Span:
    starts_on = _first_day(month)
    quarter = f"{starts_on.year}-Q{starts_on.month // 3 + 1}"
    code = f"{starts_on:%Y-%m}" if size == 1 else quarter
    return Span(code, starts_on, _first_day(month + size) - _DAY)


def _count(year: int, month: int) -> int:
    return year * 12 + month - 1


def _month_of(day: date) -> int:
    return _count(day.year, day.month)


def _quarter_from(day: date) -> int:
    """Return the first month of the first quarter that begins on a day or later."""
    return -(-(_month_of(day) + (day.day > 1)) // 3) * 3


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _end_of_month(month: int) -> date:
    return _first_day(month + 1) - _DAY
