"""Sign-up: checks the numbers, writes a registration, sends its link, again if asked."""

from functools import partial
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal.core import aws, keys
from portal.core.identifiers import encrypt_for_account
from portal.core.problems import INVALID_REQUEST, THROTTLED
from portal.core.settings import settings
from portal.core.snapshot import before_snapshot
from portal.core.table import table
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import (
    EmailAddress,
    EmailConfirmation,
    MobilePhone,
    NirFields,
    PersonName,
    RegistrationHandle,
    Siret,
    StrictModel,
    load_address_rule,
    load_phone_rule,
)
from portal.identity import signup
from portal.identity.signup import Identity
from portal.rules.nir import mask_nir

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
    email_confirmation: EmailConfirmation
    siret: Siret | None
    is_agent: bool


class Address(StrictModel):
    """The address that signed up."""

    email: EmailAddress


class Resend(Address):
    """The address that signed up, and which of its sign-ups: the handle that its answer had.

    Without handle, each open sign-up of the address is meant.
    """

    registration: RegistrationHandle | None = None


class Handle(StrictModel):
    """Which sign-up: the handle that its answer had."""

    registration: RegistrationHandle


class SignedUp(StrictModel):
    """Where the link was sent, and the handle of this sign-up, for a resend."""

    email_masked: str
    registration: str


class Resent(StrictModel):
    """Nothing: whether a link was sent is not told."""


class Delivery(StrictModel):
    """Whether the mails of a sign-up arrive, as far as is known."""

    receives: bool


@app.post("/api/signup/identifiers", responses=documented(HTTPStatus.NO_CONTENT, INVALID_REQUEST))
def check_identifiers(form: Identifiers) -> Response[None]:  # noqa: ARG001 - checked by its type
    """Check the form of a Siret and a NIR, without looking anybody up."""
    return Response(HTTPStatus.NO_CONTENT)


@app.post("/api/signup", responses=documented(HTTPStatus.ACCEPTED, INVALID_REQUEST, THROTTLED))
def sign_up(form: SignUp) -> Response[SignedUp]:
    """Register, and have a validation link sent; answers alike for known and unknown people."""
    app.limit("signup")
    nir = form.nir_number
    registered = signup.sign_up(
        table(),
        keys.lookup_keys(),
        settings().limits,
        partial(encrypt_for_account, aws.kms(), settings().data_key),
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
    return json_answer(
        HTTPStatus.ACCEPTED,
        SignedUp(email_masked=registered.email_masked, registration=registered.registration),
    )


@app.post(
    "/api/signup/resend", responses=documented(HTTPStatus.ACCEPTED, INVALID_REQUEST, THROTTLED)
)
def resend(form: Resend) -> Response[Resent]:
    """Have the link of a sign-up sent again, else of each of an address; answers alike for all."""
    app.limit("signup-resend")
    lookup, limits = keys.lookup_keys(), settings().limits
    signup.resend(table(), lookup, limits, form.email, form.registration, app.now)
    return json_answer(HTTPStatus.ACCEPTED, Resent())


@app.post("/api/signup/delivery", responses=documented(HTTPStatus.OK, INVALID_REQUEST, THROTTLED))
def read_delivery(form: Handle) -> Response[Delivery]:
    """Say whether a mail of one's own sign-up came back."""
    app.limit("signup-delivery")
    return json_answer(
        HTTPStatus.OK, Delivery(receives=signup.receives(table(), form.registration))
    )
