"""Payments: the SEPA mandates of the person logged in."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from payment_bodies import MandateForm, MandateShown, MandatesShown, mandate_shown

from portal.core import aws, keys
from portal.core.identifiers import encrypt_for_account, ip_mac
from portal.core.problems import (
    INVALID_REQUEST,
    REAUTHENTICATION_REQUIRED,
    THROTTLED,
    UNAUTHENTICATED,
)
from portal.core.settings import settings
from portal.core.snapshot import before_snapshot
from portal.core.table import table
from portal.declarations.problems import SERVICES_CLOSED
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.bank_fields import load_iban_rule
from portal.payments import documents, mandates
from portal.payments.problems import MANDATE_UNKNOWN, TOO_MANY

app = Api()
handler = app.resolve
before_snapshot(load_iban_rule)

_Rum = Annotated[str, Path(max_length=35, description="The reference of a mandate (RUM).")]


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
