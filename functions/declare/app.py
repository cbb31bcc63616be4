"""Declarations: the periods of the person logged in, what is declared, receipts, reminders."""

from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from period_bodies import (
    BusinessShown,
    DeclarationForm,
    PeriodShown,
    PeriodsShown,
    ReminderSettings,
    business_shown,
    period_shown,
)

from portal.core.problems import INVALID_REQUEST, THROTTLED, UNAUTHENTICATED
from portal.core.settings import settings
from portal.core.snapshot import before_snapshot
from portal.core.table import table
from portal.declarations import declaring, documents, reminder_settings
from portal.declarations.book import Book, open_book, overlapping
from portal.declarations.problems import (
    PERIOD_CLOSED,
    PERIOD_NOT_OPEN,
    PERIOD_UNKNOWN,
    SERVICES_CLOSED,
    STALE_VERSION,
)
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.payments.book import payments_of
from portal.payments.cancelling import when_corrected
from portal.payments.ledger import ledger_of
from portal.payments.standing import state_of
from portal.rules import rates
from portal.rules.days import day_in_paris

app = Api()
handler = app.resolve


@before_snapshot
def load() -> None:
    """Load now what the rules would load at their first use: the rates, the hours of Paris."""
    rates.book()
    day_in_paris(0)


_Code = Annotated[str, Path(max_length=7, description="2026-10 or 2026-Q4.")]
_Month = Annotated[str | None, Query(max_length=7, description="YYYY-MM.")]
_State = Literal[
    "upcoming",
    "open",
    "declared",
    "payment-ordered",
    "payment-sent",
    "settled",
    "due-unpaid",
    "payment-returned",
    "overdue-undeclared",
    "in-plan",
    "void",
]


@app.get("/api/me/business", responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED))
def read_business() -> Response[BusinessShown]:
    """Read the business that the back office knows, its rates, and the next ones."""
    acting = app.signed_in()
    book = open_book(table(), acting)
    return json_answer(HTTPStatus.OK, business_shown(book, day_in_paris(acting.at)))


@app.get(
    "/api/me/periods",
    responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED, INVALID_REQUEST),
)
def read_periods(
    from_: Annotated[str | None, Query(alias="from", max_length=7, description="YYYY-MM.")] = None,
    to: _Month = None,
    state: _State | None = None,
) -> Response[PeriodsShown]:
    """Read the periods that overlap some months, both included, in a state or in any."""
    acting = app.signed_in()
    book = open_book(table(), acting)
    ledger = ledger_of(book, acting.at)
    found = overlapping(
        book,
        acting.at,
        from_,
        to,
        wanted=lambda each: state in {None, state_of(each, ledger)},
    )
    shown = [period_shown(each, ledger) for each in found]
    return json_answer(HTTPStatus.OK, PeriodsShown(periods=shown))


@app.get(
    "/api/me/periods.ics",
    responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED, text="text/calendar"),
)
def read_calendar() -> Response[str]:
    """Read the due days, as a calendar to import (RFC 5545)."""
    acting = app.signed_in()
    book = open_book(table(), acting)
    found = overlapping(book, acting.at)
    instalments = [
        (each.code, each.due_on, f"Payer avant midi\u00a0: {each.label}")
        for each in ledger_of(book, acting.at).upcoming
        if each.code.startswith("PLAN-")
    ]
    host = urlsplit(settings().public_url).hostname or ""
    return Response(
        HTTPStatus.OK,
        "text/calendar; charset=utf-8",
        documents.calendar(found, host, acting.at, instalments),
        {"Content-Disposition": 'attachment; filename="echeances.ics"'},
    )


@app.get(
    "/api/me/periods/<code>",
    responses=documented(
        HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED, PERIOD_UNKNOWN, INVALID_REQUEST
    ),
)
def read_period(code: _Code) -> Response[PeriodShown]:
    """Read a period, with every version of its declaration."""
    acting = app.signed_in()
    return json_answer(HTTPStatus.OK, _shown(open_book(table(), acting), code, acting.at))


@app.put(
    "/api/me/periods/<code>/declaration",
    responses=documented(
        HTTPStatus.OK,
        UNAUTHENTICATED,
        SERVICES_CLOSED,
        PERIOD_UNKNOWN,
        PERIOD_NOT_OPEN,
        PERIOD_CLOSED,
        STALE_VERSION,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def declare(code: _Code, form: DeclarationForm) -> Response[PeriodShown]:
    """Declare the turnover of a period, or correct it until noon of its due day."""
    acting = app.signed_in()
    book = declaring.declare(
        table(),
        acting,
        code,
        form.turnover.given(),
        form.expected_version,
        # guard: corrected-ends-orders
        when_corrected,
    )
    if any(each.code == code for each in payments_of(book)):
        book = open_book(table(), acting)  # a correction ended them
    return json_answer(HTTPStatus.OK, _shown(book, code, acting.at))


@app.get(
    "/api/me/periods/<code>/receipt",
    responses=documented(
        HTTPStatus.OK,
        UNAUTHENTICATED,
        SERVICES_CLOSED,
        PERIOD_UNKNOWN,
        INVALID_REQUEST,
        text="text/html",
    ),
)
def read_receipt(
    code: _Code, version: Annotated[int | None, Query(ge=1, le=9999)] = None
) -> Response[str]:
    """Read the receipt of a version of a declaration, the newest by default, as a page."""
    shown = declaring.find(table(), app.signed_in(), code)
    return Response(HTTPStatus.OK, "text/html; charset=utf-8", documents.receipt(shown, version))


@app.get("/api/me/reminders", responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED))
def read_reminders() -> Response[ReminderSettings]:
    """Read whether reminders are sent by mail."""
    wanted = reminder_settings.by_mail(table(), app.signed_in())
    return json_answer(HTTPStatus.OK, ReminderSettings(mails=wanted))


@app.put(
    "/api/me/reminders",
    responses=documented(HTTPStatus.NO_CONTENT, UNAUTHENTICATED, SERVICES_CLOSED, INVALID_REQUEST),
)
def set_reminders(form: ReminderSettings) -> Response[None]:
    """Switch the mails of reminders on or off."""
    reminder_settings.set_by_mail(table(), app.signed_in(), wanted=form.mails)
    return Response(HTTPStatus.NO_CONTENT)


def _shown(book: Book, code: str, now: int) -> PeriodShown:
    return period_shown(declaring.find_in(book, code, now), ledger_of(book, now))
