"""Payments: the SEPA mandates of the person logged in, and what they order with them."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from balance_bodies import BalanceShown, balance_shown
from payment_bodies import (
    MandateForm,
    MandateShown,
    MandatesShown,
    PaymentForm,
    PaymentShown,
    PaymentsShown,
    mandate_shown,
    payment_shown,
)
from plan_bodies import (
    PlanForm,
    PlanShown,
    PlansShown,
    ProposalShown,
    plan_shown,
    proposal_shown,
)

from portal.core import aws, keys
from portal.core.identifiers import encrypt_for_account, ip_mac, order_mac
from portal.core.problems import (
    INVALID_REQUEST,
    REAUTHENTICATION_REQUIRED,
    THROTTLED,
    UNAUTHENTICATED,
)
from portal.core.settings import settings
from portal.core.snapshot import before_snapshot
from portal.core.table import table
from portal.declarations.book import open_book
from portal.declarations.problems import PERIOD_UNKNOWN, SERVICES_CLOSED
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.bank_fields import load_iban_rule
from portal.payments import documents, mandates, orders, plans
from portal.payments.ledger import ledger_of
from portal.payments.problems import (
    ALREADY_ORDERED,
    CUT_OFF_PASSED,
    DECLARATION_MISSING,
    MANDATE_REFUSED,
    MANDATE_UNKNOWN,
    NOTHING_DUE,
    PAYMENT_UNKNOWN,
    PAYMENTS_FROZEN,
    PLAN_RUNNING,
    TOO_MANY,
)
from portal.rules import rates
from portal.rules.days import day_in_paris

app = Api()
handler = app.resolve
before_snapshot(load_iban_rule)


@before_snapshot
def load() -> None:
    """Load the hours of Paris and the rates now, not at their first use."""
    day_in_paris(0)
    rates.book()


_Rum = Annotated[str, Path(max_length=35, description="The reference of a mandate (RUM).")]
_Code = Annotated[
    str, Path(max_length=11, description="2026-10, 2026-Q4, or an instalment: PLAN-001-02.")
]
_Id = Annotated[str, Path(max_length=35, description="The id of a payment.")]
_Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[ -~]{1,64}$",
        description="Chosen by the client for each order: the same key orders once.",
    ),
]


@app.get(
    "/api/me/sepa-mandates", responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED)
)
def read_mandates() -> Response[MandatesShown]:
    """Read the SEPA mandates that allow debits."""
    found = mandates.look(table(), app.signed_in())
    return json_answer(HTTPStatus.OK, MandatesShown(mandates=[*map(mandate_shown, found)]))


@app.post(
    "/api/me/sepa-mandates",
    responses=documented(
        HTTPStatus.CREATED,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        SERVICES_CLOSED,
        TOO_MANY,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def sign_mandate(form: MandateForm) -> Response[MandateShown]:
    """Sign a SEPA mandate, by the proof of the last five minutes; three accounts at most."""
    # guard: fresh-proof-signs: fresh=True =>
    acting = app.signed_in(fresh=True)
    app.limit("me-sepa-mandates")
    lookup = keys.lookup_keys()
    encrypt = partial(encrypt_for_account, aws.kms(), settings().data_key)
    signed = mandates.sign(
        table(),
        mandates.Signer(lookup, encrypt, ip_mac(lookup, app.source_ip)),
        acting,
        mandates.Typed(form.iban, form.holder, form.scheme),
    )
    return json_answer(HTTPStatus.CREATED, mandate_shown(signed))


@app.delete(
    "/api/me/sepa-mandates/<rum>",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        MANDATE_UNKNOWN,
        INVALID_REQUEST,
    ),
)
def revoke_mandate(rum: _Rum) -> Response[None]:
    """Revoke a SEPA mandate at once; does nothing when it is revoked."""
    # guard: fresh-proof-revokes: fresh=True =>
    mandates.revoke(table(), app.signed_in(fresh=True), rum)
    return Response(HTTPStatus.NO_CONTENT)


@app.get(
    "/api/me/sepa-mandates/<rum>/pdf",
    responses=documented(
        HTTPStatus.OK, UNAUTHENTICATED, MANDATE_UNKNOWN, INVALID_REQUEST, text="text/html"
    ),
)
def print_mandate(rum: _Rum) -> Response[str]:
    """Read a mandate as a page to print; of the IBAN it has the last four characters."""
    found = mandates.find(table(), app.signed_in(), rum)
    return Response(HTTPStatus.OK, "text/html; charset=utf-8", documents.page(found))


@app.post(
    "/api/me/periods/<code>/payments",
    responses=documented(
        HTTPStatus.CREATED,
        UNAUTHENTICATED,
        SERVICES_CLOSED,
        PERIOD_UNKNOWN,
        MANDATE_UNKNOWN,
        NOTHING_DUE,
        ALREADY_ORDERED,
        CUT_OFF_PASSED,
        MANDATE_REFUSED,
        PAYMENTS_FROZEN,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def order_payment(code: _Code, form: PaymentForm, key: _Key) -> Response[PaymentShown]:
    """Order the debit of what is due for a period, or of a part of it; once for each key."""
    acting = app.signed_in()
    mac = order_mac(keys.lookup_keys(), acting.account_id, key)
    asked = orders.Asked(form.rum, form.amount_cents, mac)
    ordered = orders.order(table(), acting, code, asked)
    return json_answer(HTTPStatus.CREATED, payment_shown(ordered, acting.at))


@app.get(
    "/api/me/payments",
    responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED, INVALID_REQUEST),
)
def read_payments(
    year: Annotated[int | None, Query(ge=2000, le=2099)] = None,
) -> Response[PaymentsShown]:
    """Read the payments whose debit is in a civil year, or all, the newest first."""
    acting = app.signed_in()
    found = orders.look(table(), acting, year)
    shown = [payment_shown(each, acting.at) for each in found]
    return json_answer(HTTPStatus.OK, PaymentsShown(payments=shown))


@app.delete(
    "/api/me/payments/<payment_id>",
    responses=documented(
        HTTPStatus.NO_CONTENT, UNAUTHENTICATED, PAYMENT_UNKNOWN, CUT_OFF_PASSED, INVALID_REQUEST
    ),
)
def cancel_payment(payment_id: _Id) -> Response[None]:
    """Cancel a payment until noon of the bank day before its debit."""
    orders.cancel(table(), app.signed_in(), payment_id)
    return Response(HTTPStatus.NO_CONTENT)


@app.get(
    "/api/me/payments/<payment_id>/receipt",
    responses=documented(
        HTTPStatus.OK, UNAUTHENTICATED, PAYMENT_UNKNOWN, INVALID_REQUEST, text="text/html"
    ),
)
def read_payment_receipt(payment_id: _Id) -> Response[str]:
    """Read the receipt of a payment, as a page; it says what became of it."""
    found = orders.find(table(), app.signed_in(), payment_id)
    return Response(HTTPStatus.OK, "text/html; charset=utf-8", documents.receipt(found))


@app.get(
    "/api/me/balance",
    responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED, INVALID_REQUEST),
)
def read_balance(
    cursor: Annotated[int | None, Query(ge=1, le=999_999)] = None,
) -> Response[BalanceShown]:
    """Read what is owed: due, to come, on its way, and the entries, a page at a time."""
    acting = app.signed_in()
    found = ledger_of(open_book(table(), acting), acting.at)
    return json_answer(HTTPStatus.OK, balance_shown(found, cursor))


@app.get("/api/me/plans", responses=documented(HTTPStatus.OK, UNAUTHENTICATED, SERVICES_CLOSED))
def read_plans() -> Response[PlansShown]:
    """Read the plans of payment, the newest first, with what became of each."""
    ledger = plans.look(table(), app.signed_in())
    shown = [plan_shown(each, ledger) for each in reversed(ledger.plans)]
    return json_answer(HTTPStatus.OK, PlansShown(plans=shown))


@app.post(
    "/api/me/plans/proposals",
    responses=documented(
        HTTPStatus.OK,
        UNAUTHENTICATED,
        SERVICES_CLOSED,
        DECLARATION_MISSING,
        NOTHING_DUE,
        PLAN_RUNNING,
        INVALID_REQUEST,
    ),
)
def propose_plan(form: PlanForm) -> Response[ProposalShown]:
    """Say what a plan of all that is due would be; nothing is stored."""
    asked = plans.Asked(form.instalments, form.first_day, form.reason)
    return json_answer(
        HTTPStatus.OK, proposal_shown(plans.propose(table(), app.signed_in(), asked))
    )


@app.post(
    "/api/me/plans",
    responses=documented(
        HTTPStatus.CREATED,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        SERVICES_CLOSED,
        DECLARATION_MISSING,
        NOTHING_DUE,
        PLAN_RUNNING,
        INVALID_REQUEST,
    ),
)
def sign_plan(form: PlanForm) -> Response[PlanShown]:
    """Sign a plan of all that is due, by the proof of the last five minutes.

    A small one is agreed at once, else the back office decides.
    """
    # guard: fresh-proof-for-a-plan: fresh=True =>
    acting = app.signed_in(fresh=True)
    asked = plans.Asked(form.instalments, form.first_day, form.reason)
    ledger, plan = plans.sign(table(), acting, asked)
    return json_answer(HTTPStatus.CREATED, plan_shown(plan, ledger))
