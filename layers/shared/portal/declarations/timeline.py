"""The periods of a business, from its versions: pure, without a table."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from portal.declarations.records import Business, Details, Version
from portal.rules.periods import Course, Period, calendar


class Activity(NamedTuple):
    """A business from its start to its end; one that resumes is another, with periods anew."""

    versions: Sequence[Version]
    ceased_on: date | None

    @property
    def started_on(self) -> date:
        """Its first day."""
        return self.versions[0].details.started_on

    def is_on(self, day: date) -> bool:
        """Return whether a day is one of its days."""
        return self.started_on <= day and (self.ceased_on is None or day <= self.ceased_on)

    def on(self, day: date) -> Details:
        """Return what it is for a period that begins on a day."""
        past = [each for each in self.versions if each.effective_on <= day]
        return (past or self.versions)[-1 if past else 0].details

    @property
    def course(self) -> Course:
        """What decides its periods."""
        first, *later = self.versions
        return Course(
            first.details.started_on,
            first.details.periodicity,
            [(each.effective_on, each.details.periodicity) for each in later],
            self.ceased_on,
        )


def versions_of(business: Business) -> list[Version]:
    """Return its versions, by effective date."""
    return [msgspec.json.decode(each, type=Version) for each in business.versions]


def activities_of(business: Business) -> Sequence[Activity]:
    """Return the activities of a business, the earliest first."""
    found: list[Activity] = []
    for version in versions_of(business):
        last = found[-1] if found else None
        if last and (last.ceased_on is None or version.details.started_on <= last.ceased_on):
            found[-1] = Activity([*last.versions, version], last.ceased_on)
        else:
            ends, _ = end_of(business, version.details.started_on)
            found.append(Activity([version], ends))
    return found


def end_of(business: Business, started_on: date) -> tuple[date | None, int]:
    """Return the last day of an activity, and the time of the event that said it (milliseconds)."""
    day, _, at_ms = business.ceased.get(started_on.isoformat(), "").partition(" ")
    return (date.fromisoformat(day), int(at_ms)) if day else (None, 0)


def periods_of(business: Business, until: date) -> Iterator[tuple[Period, Details]]:
    """Yield the periods that begin until a day, in order, each with its business.

    What two activities share of a month or quarter is declared with the first.
    """
    seen = set[str]()
    for activity in activities_of(business):
        for period in calendar(activity.course, until):
            if period.code not in seen:
                seen.add(period.code)
                yield period, activity.on(period.starts_on)
