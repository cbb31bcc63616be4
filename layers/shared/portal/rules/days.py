"""Days and hours of the declarations: public holidays, working days, noon in Paris."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from portal.rules import RuleError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SATURDAY = 5
_NOON = 12
_WRITTEN = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
# Easter Monday, Ascension Day and Whit Monday, in days after Easter.
_AFTER_EASTER = (1, 39, 50)


def parse_day(text: str) -> date:
    """Return the day of a text such as 2026-03-15; raises ``RuleError``: invalid-date."""
    try:
        if _WRITTEN.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise RuleError("invalid-date", "Indiquez une date qui existe, comme 2026-03-15.")


def easter(year: int) -> date:
    """Return Easter Sunday (Meeus, « Astronomical Algorithms », chapter 8)."""
    century, of_century = divmod(year, 100)
    leap, of_leap = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * (year % 19) + century - leap - moon + 15) % 30
    quarter, rest = divmod(of_century, 4)
    weekday = (32 + 2 * of_leap + 2 * quarter - epact - rest) % 7
    late = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def public_holidays(year: int) -> frozenset[date]:
    """Return the eleven national holidays of a year, not those of Alsace, Moselle or overseas."""
    sunday = easter(year)
    return frozenset(
        [
            *(date(year, month, day) for month, day in _FIXED),
            *(sunday + days * _DAY for days in _AFTER_EASTER),
        ]
    )


def is_working_day(day: date) -> bool:
    """Return whether a day is from Monday to Friday and not a national holiday."""
    return day.weekday() < _SATURDAY and day not in public_holidays(day.year)


def working_day_from(day: date) -> date:
    """Return a day itself if one works then, else the next day on which one does."""
    while not is_working_day(day):
        day += _DAY
    return day


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, the last of a month that is too short for it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def midnight_in_paris(day: date) -> int:
    """Return when a day begins in Paris, in seconds since the epoch."""
    return _at(day, 0)


def noon_in_paris(day: date) -> int:
    """Return when it is noon in Paris, in seconds since the epoch."""
    return _at(day, _NOON)


def day_in_paris(at: int) -> date:
    """Return the day that it is in Paris at a time in seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).astimezone(_paris()).date()


@lru_cache(1024)
def _at(day: date, hour: int) -> int:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=_paris())
    return int(moment.timestamp())


@cache
def _paris() -> "ZoneInfo":
    # Imported at the first use: who only computes contributions needs no time zone.
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    return ZoneInfo("Europe/Paris")
