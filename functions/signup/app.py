"""Sign-up: checks the numbers, writes a registration, sends its link again."""

from functools import partial
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal import aws, keys, registrations
from portal.fields import (
    EmailAddress,
    MobilePhone,
    NirFields,
    PersonName,
    Siret,
    StrictModel,
    load_address_rule,
    load_phone_rule,
    require_same_email,
)
from portal.identifiers import encrypt_nir
from portal.problems import INVALID_REQUEST, THROTTLED
from portal.registrations import Identity
from portal.rules.nir import mask_nir
from portal.settings import settings
from portal.snapshot import before_snapshot
from portal.table import table
from portal.throttle import limit_requests
from portal.web import Api, documented, json_answer

app = Api()
handler = app.resolve
before_snapshot(load_address_rule)
before_snapshot(load_phone_rule)


class Identifiers(NirFields):
    """The numbers that a person may already have; null means never attributed."""

    siret: Siret | None


class SignUp(NirFields):
    """Who signs up, as the form asks it."""

    last_name: PersonName
    first_name: PersonName
    mobile_phone: MobilePhone
    email: EmailAddress
    email_confirmation: EmailAddress
    siret: Siret | None
    is_agent: bool


class Address(StrictModel):
    """The address that signed up."""

    email: EmailAddress


class SignedUp(StrictModel):
    """Where the link was sent."""

    email_masked: str


class Resent(StrictModel):
    """Nothing: whether a link was sent is not told."""


class Delivery(StrictModel):
    """Whether mails to the address arrive, as far as is known."""

    receives: bool


@app.post("/api/signup/identifiers", responses=documented(HTTPStatus.NO_CONTENT, INVALID_REQUEST))
def check_identifiers(form: Identifiers) -> Response[None]:  # noqa: ARG001 - checked by its type
    """Check the form of a Siret and a NIR, without looking anybody up."""
    return Response(HTTPStatus.NO_CONTENT)


@app.post("/api/signup", responses=documented(HTTPStatus.ACCEPTED, INVALID_REQUEST, THROTTLED))
def sign_up(form: SignUp) -> Response[SignedUp]:
    """Register, and have a validation link sent; answers alike for known and unknown people."""
    require_same_email(form.email, form.email_confirmation)
    lookup = keys.lookup_keys()
    limits = settings().limits
    limit_requests(table(), lookup, limits, "signup", app.source_ip, app.now)
    nir = form.nir_number
    email_masked = registrations.sign_up(
        table(),
        lookup,
        limits,
        partial(encrypt_nir, aws.kms(), settings().data_key),
        Identity(
            last_name=form.last_name,
            first_name=form.first_name,
            mobile_phone=form.mobile_phone,
            email=form.email,
            nir=nir,
            nir_masked=nir and mask_nir(nir),
            siret=form.siret,
            is_agent=form.is_agent,
        ),
        app.now,
    )
    return json_answer(HTTPStatus.ACCEPTED, SignedUp(email_masked=email_masked))


@app.post(
    "/api/signup/resend", responses=documented(HTTPStatus.ACCEPTED, INVALID_REQUEST, THROTTLED)
)
def resend(form: Address) -> Response[Resent]:
    """Have the link of an address's newest sign-up sent again; answers alike for all."""
    lookup = keys.lookup_keys()
    limits = settings().limits
    limit_requests(table(), lookup, limits, "signup-resend", app.source_ip, app.now)
    registrations.resend(table(), lookup, limits, form.email, app.now)
    return json_answer(HTTPStatus.ACCEPTED, Resent())


@app.post("/api/signup/delivery", responses=documented(HTTPStatus.OK, INVALID_REQUEST, THROTTLED))
def read_delivery(form: Address) -> Response[Delivery]:
    """Tell whether mails to an address came back lately, of whoever asks."""
    lookup = keys.lookup_keys()
    limits = settings().limits
    limit_requests(table(), lookup, limits, "signup-delivery", app.source_ip, app.now)
    receives = registrations.receives(table(), lookup, form.email, app.now)
    return json_answer(HTTPStatus.OK, Delivery(receives=receives))
