"""Which reminders about periods there are, and when each is due: pure, without a table.

A period that opens, its reminders 10, 3 and 1 days before it is due, that it is late, the end of
Acre 30 days before, and, on 1 September, to whom the versement libératoire is open next year.
People read mails in the morning: reminders are sent at eight, Paris time.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from portal.declarations.records import Business
from portal.declarations.timeline import activities_of, periods_of
from portal.rules.contributions import acre_until
from portal.rules.days import day_in_paris, midnight_in_paris
from portal.rules.periods import Period

type Subject = Literal["opened", "reminder", "overdue", "acre-ends", "flat-tax"]

# guard: reminded-three-times: (10, 3, 1) => (10, 3)
DAYS_BEFORE = (10, 3, 1)
_ACRE_DAYS = 30
_EIGHT_BEFORE_MIDNIGHT = 16 * 3600
_AHEAD = timedelta(days=400)
"""Longer than any two facts of a business that goes on are apart."""


class Fact(NamedTuple):
    """A notice that is due at a time (seconds), about a period or, without one, a last day."""

    at: int
    subject: Subject
    day: date
    """The day on which the period is due, Acre ends, or the flat tax is given up at the latest."""
    period: Period | None = None


def facts(business: Business, until: date) -> Iterator[Fact]:
    """Yield what there is to tell of the periods that begin until a day, in no order."""
    for period, _ in periods_of(business, until):
        yield Fact(morning(period.opens_on), "opened", period.due_on, period)
        for days in DAYS_BEFORE:
            day = period.due_on - timedelta(days=days)
            if day > period.opens_on:
                yield Fact(morning(day), "reminder", period.due_on, period)
        yield Fact(period.due_at, "overdue", period.due_on, period)
    for activity in activities_of(business):
        ends = acre_until(activity.versions[-1].details.rated)
        if ends and (activity.ceased_on is None or ends < activity.ceased_on):
            yield Fact(morning(ends - timedelta(days=_ACRE_DAYS)), "acre-ends", ends)
        for year in range(activity.started_on.year, until.year + 1):
            day = date(year, 9, 1)
            if activity.is_on(day) and activity.on(day).flat_tax:
                yield Fact(morning(day), "flat-tax", date(year, 9, 30))


def between(business: Business, after: int, until: int) -> Sequence[Fact]:
    """Return what there was to tell after a time and until another, the earliest first."""
    return sorted(fact for fact in facts(business, day_in_paris(until)) if after < fact.at <= until)


def next_look(business: Business, now: int) -> int | None:
    """Return when there is something to tell next, ``None`` for never."""
    if not business.affiliated:
        return None
    later = (fact.at for fact in facts(business, day_in_paris(now) + _AHEAD) if fact.at > now)
    return min(later, default=None)


def morning(day: date) -> int:
    """Return when it is eight in Paris, in seconds: clocks change earlier in the night."""
    return midnight_in_paris(day + timedelta(days=1)) - _EIGHT_BEFORE_MIDNIGHT
