"""The contact form: who cannot sign up or log in, or has a request about their personal data."""

from http import HTTPStatus
from typing import Literal

from aws_lambda_powertools.event_handler import Response

from portal.core import keys
from portal.core.problems import INVALID_REQUEST, THROTTLED
from portal.core.settings import settings
from portal.core.snapshot import before_snapshot
from portal.core.table import table
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import EmailAddress, Message, PersonName, StrictModel, load_address_rule
from portal.support import contact

app = Api()
handler = app.resolve
before_snapshot(load_address_rule)


class ContactForm(StrictModel):
    """Who writes, why, and what."""

    reason: Literal["signup-impossible", "login-impossible", "personal-data"]
    last_name: PersonName
    first_name: PersonName
    email: EmailAddress
    message: Message


class Received(StrictModel):
    """The number to quote."""

    ticket: str


@app.post("/api/contact", responses=documented(HTTPStatus.ACCEPTED, INVALID_REQUEST, THROTTLED))
def write_to_support(form: ContactForm) -> Response[Received]:
    """Send a message to the support, without logging in; answers alike for all."""
    # guard: limit-of-contact
    app.limit("contact")
    ticket = contact.send(
        table(),
        keys.lookup_keys(),
        settings().limits,
        contact.Form(
            reason=form.reason,
            last_name=form.last_name,
            first_name=form.first_name,
            email=form.email,
            message=form.message,
        ),
        app.now,
    )
    return json_answer(HTTPStatus.ACCEPTED, Received(ticket=ticket))
