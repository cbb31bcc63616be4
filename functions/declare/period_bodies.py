"""The bodies of the requests and answers about a business, its periods and its declarations."""

from datetime import date
from typing import Annotated

from pydantic import Field

from portal.core.clock import rfc3339_seconds
from portal.declarations.book import Book, Shown
from portal.declarations.records import Declaration, Details
from portal.declarations.timeline import Activity, activities_of
from portal.http.declared import AmountsDue, Turnover
from portal.http.fields import StrictModel
from portal.payments.ledger import Ledger
from portal.payments.standing import state_of
from portal.rules.ceilings import ceilings_of, counted
from portal.rules.contributions import (
    Category,
    Rates,
    RatesUnknownError,
    acre_until,
    as_json,
    next_rates,
    rates_of,
)
from portal.rules.rates import percent


class DeclarationForm(StrictModel):
    """The turnover of each activity, and the version that it follows: 0 for a first declaration."""

    turnover: Turnover
    expected_version: Annotated[int, Field(ge=0, le=9999, examples=[0])]


class ReminderSettings(StrictModel):
    """Whether reminders are sent by mail too; they are in the feed anyway."""

    mails: Annotated[bool, Field(examples=[True])]


class DeclarationVersion(StrictModel):
    """One version of a declaration: when (RFC 3339, UTC), by whom, what."""

    version: int
    declared_at: str | None
    actor_id: str
    amounts: AmountsDue


class PeriodShown(StrictModel):
    """A period; days are YYYY-MM-DD, and the due day ends at noon in Paris.

    ``state`` is ``upcoming``, ``open``, ``declared``, ``payment-ordered``, ``payment-sent``,
    ``settled``, ``due-unpaid``, ``payment-returned``, ``overdue-undeclared``, ``in-plan`` or
    ``void``; ``reason`` says why it is not open, or not late. ``acre`` is whether Acre reduces its
    rates: the turnover before it may have used up what Acre covers.
    """

    code: str
    label: str
    starts_on: str
    ends_on: str
    opens_on: str
    due_on: str
    first_group: bool
    state: str
    reason: str | None
    activities: list[str]
    acre: bool
    amounts: AmountsDue | None
    paid_cents: int
    version: int
    versions: list[DeclarationVersion]


class PeriodsShown(StrictModel):
    """Periods, in order."""

    periods: list[PeriodShown]


class LineRates(StrictModel):
    """The rates of a category, in percent, as text."""

    category: str
    rate: str
    training_rate: str
    chamber_rate: str
    income_tax_rate: str


class DatedRates(StrictModel):
    """The rates of the periods that begin on a day or later."""

    starts_on: str
    lines: list[LineRates]


class CeilingShown(StrictModel):
    """A ceiling of the regime this year, for the days of activity, and what was declared (euros).

    ``micro-total`` bounds the whole turnover, ``micro-services`` that of services.
    """

    kind: str
    year: int
    limit: int
    turnover: int


class BusinessShown(StrictModel):
    """A business as it is today; ``acre_until`` is the last day of Acre."""

    started_on: str
    ceased_on: str | None
    periodicity: str
    nature: str
    activities: list[str]
    territory: str
    acre: bool
    flat_tax: bool
    acre_until: str | None
    rates: list[LineRates]
    next_rates: list[DatedRates]
    ceilings: list[CeilingShown]


def period_shown(shown: Shown, ledger: Ledger) -> PeriodShown:
    """Return a period as the API writes it, with what a ledger says of it."""
    period, newest = shown.period, shown.newest
    return PeriodShown(
        code=period.code,
        label=period.label,
        starts_on=period.starts_on.isoformat(),
        ends_on=period.ends_on.isoformat(),
        opens_on=period.opens_on.isoformat(),
        due_on=period.due_on.isoformat(),
        first_group=period.first_group,
        state=state_of(shown, ledger),
        reason=shown.reason,
        activities=[*shown.details.activities],
        acre=shown.acre,
        amounts=newest and _amounts(newest),
        paid_cents=ledger.paid_of(period.code),
        version=len(shown.versions),
        versions=[
            DeclarationVersion(
                version=each.version,
                declared_at=rfc3339_seconds(each.at),
                actor_id=each.actor_id,
                amounts=_amounts(each),
            )
            for each in shown.versions
        ],
    )


def business_shown(book: Book, today: date) -> BusinessShown:
    """Return the business of a day, and its next rates."""
    activity = activities_of(book.business)[-1]
    details = activity.on(today)
    ends = acre_until(details.rated)
    now, later = _rates_from(details, max(today, details.started_on))
    return BusinessShown(
        started_on=details.started_on.isoformat(),
        ceased_on=activity.ceased_on and activity.ceased_on.isoformat(),
        periodicity=details.periodicity,
        nature=details.nature,
        activities=[*details.activities],
        territory=details.territory,
        acre=details.acre,
        flat_tax=details.flat_tax,
        acre_until=ends and ends.isoformat(),
        rates=now,
        next_rates=later,
        ceilings=_ceilings(book, activity, today.year),
    )


def _ceilings(book: Book, activity: Activity, year: int) -> list[CeilingShown]:
    turnover = book.turnover_of(year)
    return [
        CeilingShown(
            kind=each.kind,
            year=year,
            limit=each.prorated,
            turnover=counted(each.kind, turnover),
        )
        for each in ceilings_of(year, activity.started_on, activity.ceased_on)
        if each.raised is None
    ]


def _rates_from(details: Details, day: date) -> tuple[list[LineRates], list[DatedRates]]:
    """Return the rates of a day and the later ones, as far as they are known."""
    rated = details.rated
    try:
        now = [_rates(each, rates_of(rated, each, day)) for each in details.activities]
        later = [
            DatedRates(
                starts_on=starts_on.isoformat(),
                lines=[_rates(category, rates) for category, rates in changed.items()],
            )
            for starts_on, changed in next_rates(rated, details.activities, day)
        ]
    except RatesUnknownError:
        return [], []
    return now, later


def _rates(category: Category, rates: Rates) -> LineRates:
    names = ("rate", "training_rate", "chamber_rate", "income_tax_rate")
    return LineRates(category=category, **dict(zip(names, map(percent, rates), strict=True)))


def _amounts(declaration: Declaration) -> AmountsDue:
    return AmountsDue.model_validate(as_json(declaration.amounts))
