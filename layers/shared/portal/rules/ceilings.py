"""The ceilings of the regime and the thresholds of VAT, prorated by days, and what reaches them.

The portal sees what was received; tax law may see more. What is said of these is an estimate, and
nothing is refused because of it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple

from portal.rules.contributions import Category
from portal.rules.rates import book, row_on

type Kind = Literal["micro-total", "micro-services", "vat-sales", "vat-services"]
type Level = Literal["near", "over", "over-twice", "raised"]

_SERVICES: tuple[Category, ...] = ("commercial_services", "other_services")
_NEAR = 80
"""Percentage of a ceiling from which it is said to be near."""
# What is left of the turnover after the abatement of 71, 50, 34 and 50 %.
_INCOME: Mapping[Category, int] = {
    "sales": 29,
    "commercial_services": 50,
    "other_services": 66,
    "furnished_tourism": 50,
}


class Ceiling(NamedTuple):
    """A ceiling of a year: of the whole year, and for the days of activity, in euros."""

    kind: Kind
    euros: int
    prorated: int
    raised: int | None = None
    """Of VAT: above this, it is due from the day of the crossing; it is not prorated."""


class Reached(NamedTuple):
    """A level that the turnover of a year reached."""

    ceiling: Ceiling
    level: Level
    turnover: int


def days_of_activity(year: int, started_on: date, ceased_on: date | None) -> tuple[int, int]:
    """Return how many days of a year a business was active, and how many the year has."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    whole = (last - first).days + 1
    begins = max(first, started_on)
    ends = last if ceased_on is None else min(last, ceased_on)
    return max((ends - begins).days + 1, 0), whole


def ceilings_of(year: int, started_on: date, ceased_on: date | None = None) -> list[Ceiling]:
    """Return the ceilings that are known for a year, prorated by days, never by months."""
    first = date(year, 1, 1)
    days, whole = days_of_activity(year, started_on, ceased_on)
    wanted: list[tuple[Kind, int, int | None]] = []
    if micro := row_on(book()["micro"], first):
        wanted.append(("micro-total", micro["total"], None))
        wanted.append(("micro-services", micro["services"], None))
    if vat := row_on(book()["vat"], first):
        wanted.append(("vat-sales", vat["sales"], vat["sales_raised"]))
        wanted.append(("vat-services", vat["services"], vat["services_raised"]))
    # guard: prorated-by-days: days // whole => -(-days // 30) // 12
    return [Ceiling(kind, euros, euros * days // whole, raised) for kind, euros, raised in wanted]


def counted(kind: Kind, turnover: Mapping[Category, int]) -> int:
    """Return the part of a year's turnover that a ceiling bounds: all of it, or services."""
    if kind in {"micro-services", "vat-services"}:
        return sum(turnover.get(each, 0) for each in _SERVICES)
    return sum(turnover.values())


def levels_reached(
    ceilings: list[Ceiling], turnover: Mapping[Category, int], *, over_last_year: bool = False
) -> list[Reached]:
    """Return the highest level that the turnover of a year reached, for each ceiling.

    ``over_last_year`` is whether a ceiling of the regime was exceeded in the year before: twice
    running ends the regime on the next 1 January.
    """
    found: list[Reached] = []
    for ceiling in ceilings:
        euros = counted(ceiling.kind, turnover)
        level = _level(ceiling, euros, over_last_year=over_last_year)
        if level is not None:
            found.append(Reached(ceiling, level, euros))
    return found


def is_acre_used_up(year: int, turnover: Mapping[Category, int]) -> bool | None:
    """Return whether a year's turnover exceeds what Acre covers; ``None`` if it is not known.

    That is one ceiling of the Social Security after abatement (CSS, D. 131-6-3). The full rate
    then holds from the next period; it is not prorated in the first year.
    """
    row = row_on(book()["social_security_ceiling"], date(year, 1, 1))
    if row is None:
        return None
    return sum(_INCOME[each] * euros for each, euros in turnover.items()) > 100 * row["euros"]


def _level(ceiling: Ceiling, euros: int, *, over_last_year: bool) -> Level | None:
    if ceiling.raised is not None:
        if euros > ceiling.raised:
            return "raised"
        return "over" if euros > ceiling.prorated else None
    if euros > ceiling.prorated:
        return "over-twice" if over_last_year else "over"
    # guard: near-before-over: 100 * euros >= _NEAR * ceiling.prorated => False
    return "near" if euros and 100 * euros >= _NEAR * ceiling.prorated else None
