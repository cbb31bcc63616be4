"""E-mail validation: checks a link, and sends a fresh one when it has expired."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal.core import keys
from portal.core.clock import rfc3339
from portal.core.problems import INVALID_REQUEST, LINK_UNKNOWN, THROTTLED
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import LinkToken, StrictModel
from portal.identity import activation
from portal.identity.problems import ALREADY_ACTIVE, IDENTITY_CONFLICT, LINK_EXPIRED
from portal.rules.email import mask_email

app = Api()
handler = app.resolve


class ValidationLink(StrictModel):
    """The token of a validation link."""

    token: LinkToken


class GoodLink(StrictModel):
    """Whose link it is, what one confirms with it, until when it is good (RFC 3339, UTC).

    The NIR and Siret are masked; null for one that was never attributed.
    """

    first_name: str
    email_masked: str
    nir_masked: str | None
    siret_masked: str | None
    expires_at: str


@app.post(
    "/api/email-validation",
    responses=documented(
        HTTPStatus.OK,
        INVALID_REQUEST,
        LINK_UNKNOWN,
        ALREADY_ACTIVE,
        IDENTITY_CONFLICT,
        LINK_EXPIRED,
        THROTTLED,
    ),
)
def validate_email(link: ValidationLink) -> Response[GoodLink]:
    """Open a link without using it up: repeatable until the password is set, on any device."""
    app.limit("email-validation")
    token, registration = activation.open_link(
        table(), keys.token_keys(), settings().limits, link.token, app.now
    )
    return json_answer(
        HTTPStatus.OK,
        GoodLink(
            first_name=registration.first_name,
            email_masked=mask_email(registration.email),
            nir_masked=registration.nir_masked,
            siret_masked=registration.siret_masked,
            expires_at=rfc3339(token.expires_at * 1000),
        ),
    )
