"""The periods of an account as they are at a time: computed from its business and declarations."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from portal.core.problems import INVALID_REQUEST, UNAUTHENTICATED, FieldError, Problem
from portal.core.records import Attributes
from portal.declarations.problems import SERVICES_CLOSED
from portal.declarations.records import PARTITION, Business, Declaration, Details
from portal.declarations.timeline import activities_of, periods_of
from portal.identity.records import AFFILIATION_CONFIRMED, Account
from portal.rules import RuleError, periods
from portal.rules.ceilings import is_acre_used_up
from portal.rules.contributions import Amounts, Category, RatesUnknownError, acre_paid, rates_of
from portal.rules.days import day_in_paris, working_day_from
from portal.rules.periods import Period, span_of, standing

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.table import Table

type State = periods.State | Literal["void"]

MOST_PERIODS = 60
_BEFORE, _AHEAD = 12, 6
_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_REASONS = {
    "affiliation-rejected": "Votre demande d’affiliation a été refusée.",
    "business-unknown": "Votre affiliation est confirmée. Les déclarations s’ouvriront quand nous "
    "connaîtrons la date de début de votre activité et sa périodicité.",
}


class Shown(NamedTuple):
    """A period at a time: its state, why it is not open, and every version of its declaration."""

    period: Period
    details: Details
    """The business in that period."""
    acre: bool
    """Whether Acre reduces its rates: it is granted for it, and its base is not used up."""
    state: State
    reason: str | None
    versions: Sequence[Declaration]

    @property
    def newest(self) -> Declaration | None:
        """The version that counts."""
        return self.versions[-1] if self.versions else None

    @property
    def amounts(self) -> Amounts | None:
        """What is due, once it is declared."""
        return self.newest.amounts if self.newest else None


class Book(NamedTuple):
    """A business and all that it declared: by period, the oldest version first."""

    business: Business
    declared: Mapping[str, Sequence[Declaration]]
    others: Sequence[Attributes] = ()
    """What other domains store beside, by sort key: these begin with a word."""

    def periods(self, until: date, now: int, *, since: date = date.min) -> Iterator[Shown]:
        """Yield the periods that begin until a day and end since another, as they are at a time.

        In order; one that was declared and that the business no longer has is ``void``, at the end.
        """
        left = dict(self.declared)
        for period, details in periods_of(self.business, until):
            versions = left.pop(period.code, ())
            if span_of(period.code).ends_on >= since:
                yield self._shown(period, details, versions, now)
        for code, versions in left.items():
            period = _removed(code)
            if period.starts_on <= until and span_of(code).ends_on >= since:
                details = activities_of(self.business)[-1].versions[-1].details
                yield Shown(
                    period, details, acre=False, state="void", reason=None, versions=versions
                )

    def find(self, code: str, now: int) -> Shown | None:
        """Return a period by its code, ``None`` when the business has none of that code."""
        try:
            span = span_of(code)
        except RuleError:
            return None
        found = self.periods(span.ends_on, now, since=span.starts_on)
        return next((each for each in found if each.period.code == code), None)

    def turnover_of(self, year: int, *, before: date = date.max) -> Mapping[Category, int]:
        """Return what was declared for the periods of a civil year that begin before a day."""
        sums = defaultdict[Category, int](int)
        for code, versions in self.declared.items():
            begins = span_of(code).starts_on
            if begins.year == year and begins < before:
                for category, euros in versions[-1].turnover.items():
                    sums[category] += euros
        return sums

    def idle_after(self) -> date | None:
        """Return after which day there is no turnover; ``None`` of an activity that ended.

        That is the end of the last period with turnover, else the day before the start.
        """
        activity = activities_of(self.business)[-1]
        if activity.ceased_on:
            return None
        ends = [
            span_of(code).ends_on
            for code, versions in self.declared.items()
            if any(versions[-1].turnover.values())
        ]
        return max([*ends, activity.started_on - timedelta(days=1)])

    def _has_acre_left(self, day: date) -> bool:
        """Return whether what was declared before a day leaves Acre: its base is limited.

        The full rate holds from the first period after the one that exceeded it.
        """
        years = {span_of(code).starts_on.year for code in self.declared}
        # guard: acre-base: not any => any
        return not any(is_acre_used_up(year, self.turnover_of(year, before=day)) for year in years)

    def _shown(
        self, period: Period, details: Details, versions: Sequence[Declaration], now: int
    ) -> Shown:
        begins = span_of(period.code).starts_on
        acre = acre_paid(details.rated, begins) is not None and self._has_acre_left(begins)
        state, reason = standing(
            period,
            now,
            affiliated_at=self.business.affiliated_at,
            rates_known=bool(versions) or _are_rates_known(details, begins),
            declared=bool(versions),
            owed=bool(versions) and versions[-1].amounts.total > 0,
        )
        return Shown(period, details, acre, state, reason, versions)


def read(table: "Table", account_id: str) -> Book | None:
    """Return the book of an account, in one query; ``None`` when nothing is known of a business."""
    business: Business | None = None
    declared = defaultdict[str, list[Declaration]](list)
    others: list[Attributes] = []
    for item in table.read_partition(PARTITION.format(account_id=account_id)):
        sort = str(item["sk"].get("S"))
        if sort == Business.SORT:
            business = Business.from_item(item)
        elif sort[0].isdigit():  # the year of a period
            each = Declaration.from_item(item)
            declared[each.code].append(each)
        else:
            others.append(item)
    return None if business is None else Book(business, declared, others)


def open_book(table: "Table", acting: "Acting") -> Book:
    """Return the book of an account whose services are open.

    Raises ``Problem(SERVICES_CLOSED)``, with the reason, while the affiliation is not confirmed or
    the business not known.
    """
    book = read(table, acting.account_id)
    # guard: declares-once-affiliated: book.business.affiliated => True
    if book and book.business.affiliated and book.business.versions:
        return book
    reason = "business-unknown"
    if book is None:
        reason = _reason(table, acting)
    elif not book.business.affiliated:
        reason = "affiliation-rejected"
    detail = _REASONS.get(reason, SERVICES_CLOSED.detail)
    raise Problem(SERVICES_CLOSED, detail=detail, reason=reason)


def overlapping(
    book: Book,
    now: int,
    from_: str | None = None,
    to: str | None = None,
    *,
    wanted: Callable[[Shown], bool] = lambda _: True,
) -> list[Shown]:
    """Return the wanted periods that overlap some months (``2026-10``, both included), in order.

    By default from twelve months ago to six months ahead; at most 60. Raises
    ``Problem(INVALID_REQUEST)`` for what is no month, and for an end before the beginning.
    """
    this = day_in_paris(now).replace(day=1)
    last = _month("to", to) if to else months_from(this, _AHEAD)
    first = _month("from", from_) if from_ else months_from(min(this, last), -_BEFORE)
    if first > last:
        detail = "Indiquez un mois qui ne précède pas le premier."
        raise Problem(INVALID_REQUEST, errors=[FieldError("to", "out-of-range", detail)])
    end = months_from(last, 1) - timedelta(days=1)
    found = [each for each in book.periods(end, now, since=first) if wanted(each)]
    return sorted(found, key=lambda each: each.period.starts_on)[:MOST_PERIODS]


def _month(name: str, text: str) -> date:
    if _MONTH.fullmatch(text):
        return date.fromisoformat(f"{text}-01")
    detail = "Indiquez un mois, comme 2026-10."
    raise Problem(INVALID_REQUEST, errors=[FieldError(name, "invalid-period", detail)])


def months_from(day: date, months: int) -> date:
    """Return the first day of the month so many months after that of a day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _reason(table: "Table", acting: "Acting") -> str:
    account = table.get(Account, Account.key_of(id=acting.account_id))
    if account is None:
        raise Problem(UNAUTHENTICATED)
    if account.affiliation == AFFILIATION_CONFIRMED:
        return "business-unknown"
    return f"affiliation-{account.affiliation}"


@lru_cache(4096)
def _are_rates_known(details: Details, day: date) -> bool:
    try:
        for activity in details.activities:
            rates_of(details.rated, activity, day)
    except RatesUnknownError:
        return False
    return True


def _removed(code: str) -> Period:
    """Return a period that a business no longer has."""
    span = span_of(code)
    opens_on = span.ends_on + timedelta(days=1)
    due = (opens_on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return Period(
        code=code,
        label=span.label,
        starts_on=span.starts_on,
        ends_on=span.ends_on,
        opens_on=opens_on,
        nominal_due_on=due,
        due_on=working_day_from(due),
        first_group=False,
    )
