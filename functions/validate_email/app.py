"""E-mail validation: tells whether a link is good, and sends a fresh one when it is late."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal import keys, registrations
from portal.clock import rfc3339
from portal.fields import LinkToken, StrictModel
from portal.problems import (
    ALREADY_ACTIVE,
    INVALID_REQUEST,
    LINK_EXPIRED,
    LINK_UNKNOWN,
    THROTTLED,
)
from portal.rules.email import mask_email
from portal.settings import settings
from portal.table import table
from portal.throttle import limit_requests
from portal.web import Api, documented, json_answer

app = Api()
handler = app.resolve


class Link(StrictModel):
    """The token of a validation link."""

    token: LinkToken


class GoodLink(StrictModel):
    """Whose link it is and until when it is good (RFC 3339, UTC)."""

    first_name: str
    email_masked: str
    expires_at: str


@app.post(
    "/api/email-validation",
    responses=documented(
        HTTPStatus.OK, INVALID_REQUEST, LINK_UNKNOWN, ALREADY_ACTIVE, LINK_EXPIRED, THROTTLED
    ),
)
def validate_email(link: Link) -> Response[GoodLink]:
    """Open a link without using it up: repeatable until the password is set, on any device."""
    limits = settings().limits
    limit_requests(table(), keys.lookup_keys(), limits, "email-validation", app.source_ip, app.now)
    token, registration = registrations.open_link(
        table(), keys.token_keys(), limits, link.token, app.now
    )
    return json_answer(
        HTTPStatus.OK,
        GoodLink(
            first_name=registration.first_name,
            email_masked=mask_email(registration.email),
            expires_at=rfc3339(token.expires_at * 1000),
        ),
    )
