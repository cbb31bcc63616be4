"""Warnings when a civil year's turnover reaches a level, each sent once.

Computed after each declaration, from what was declared for the year: ceilings of the regime,
thresholds of VAT, base of Acre. They inform, and refuse nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from portal.core.feed import PORTAL, Kind, entry
from portal.core.outbox import Outgoing
from portal.core.writes import Write, put
from portal.declarations import feed
from portal.declarations.book import Book, Shown
from portal.declarations.business import store
from portal.declarations.records import Declaration
from portal.declarations.timeline import activities_of
from portal.rules import ceilings
from portal.rules.contributions import Category, acre_until
from portal.rules.periods import span_of

if TYPE_CHECKING:
    from portal.core.acting import Acting

_WORDS = {
    "micro-total": "chiffre d’affaires total",
    "micro-services": "prestations de services",
    "vat-sales": "ventes",
    "vat-services": "prestations de services",
}
_MICRO = {
    "near": feed.CEILING_NEAR,
    "over": feed.CEILING_OVER,
    "over-twice": feed.CEILING_TWICE,
}
_VAT = {"over": feed.VAT_OVER, "raised": feed.VAT_RAISED}
_BELOW: Mapping[str, Sequence[str]] = {
    "over": ("near",),
    "over-twice": ("over", "near"),
    "raised": ("over",),
}
"""By level: the lower ones, about which no warning is sent any more."""


class _Level(NamedTuple):
    """A level that was reached: its kind of notice, its name, and what the notice says."""

    kind: Kind
    name: str
    below: Sequence[str]
    about: Mapping[str, str]


def writes(book: Book, shown: Shown, declaration: Declaration, acting: "Acting") -> Iterator[Write]:
    """Yield the notices of levels that a declaration reaches, and the note that they were told.

    Nothing when there are none. Refused with ``AccountChangedError`` when another declaration or
    event was faster.
    """
    declared = {**book.declared, declaration.code: [declaration]}
    changed = book._replace(declared=declared)
    told = set(book.business.told)
    # guard: told-once-a-level: if each.name not in told => if True
    news = [each for each in _reached(changed, shown, declaration) if each.name not in told]
    if not news:
        return
    names = told.union(*({each.name, *each.below} for each in news))
    yield from store(book.business, replace(book.business, told=sorted(names)))
    for each in news:
        about = dict(each.about)
        yield put(entry(each.kind, acting.account_id, acting.at, actor=PORTAL, about=about))
        yield put(
            Outgoing.new(
                each.kind.name,
                acting.at,
                account_id=acting.account_id,
                what=about["what"],
                year=about["year"],
                next_year=about["next_year"],
            )
        )


def _reached(book: Book, shown: Shown, declaration: Declaration) -> Iterator[_Level]:
    year = span_of(declaration.code).starts_on.year
    turnover = book.turnover_of(year)
    for each in _levels(book, year):
        limit = each.ceiling.raised if each.level == "raised" else each.ceiling.prorated
        kind = (_MICRO if each.ceiling.raised is None else _VAT)[each.level]
        yield _Level(
            kind,
            f"{year}/{each.ceiling.kind}/{each.level}",
            [f"{year}/{each.ceiling.kind}/{below}" for below in _BELOW.get(each.level, ())],
            _about(year, each.turnover, limit or 0, _WORDS[each.ceiling.kind]),
        )
    ends = acre_until(shown.details.rated)
    if ends and ends >= date(year, 1, 1) and ceilings.is_acre_used_up(year, turnover):
        about = _about(year, sum(turnover.values()), 0, "Acre")
        yield _Level(feed.ACRE_USED, f"{year}/acre/over", (), about)


def _levels(book: Book, year: int) -> Sequence[ceilings.Reached]:
    """Return the levels that the turnover of a year reached."""
    before = _of_year(book, year - 1, over_last_year=False)
    over = any(each.ceiling.raised is None and each.level == "over" for each in before)
    return _of_year(book, year, over_last_year=over)


def _of_year(book: Book, year: int, *, over_last_year: bool) -> Sequence[ceilings.Reached]:
    activities = [
        each for each in activities_of(book.business) if each.started_on <= date(year, 12, 31)
    ]
    if not activities:
        return ()
    last = activities[-1]
    known = ceilings.ceilings_of(year, last.started_on, last.ceased_on)
    turnover: Mapping[Category, int] = book.turnover_of(year)
    return ceilings.levels_reached(known, turnover, over_last_year=over_last_year)


def _about(year: int, turnover: int, ceiling: int, what: str) -> Mapping[str, str]:
    return {
        "year": str(year),
        "next_year": str(year + 1),
        "turnover": feed.euros(turnover),
        "ceiling": feed.euros(ceiling),
        "what": what,
    }
