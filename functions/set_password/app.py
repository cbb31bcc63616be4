"""Sets a password, with a link: of a registration, to create the account, or a forgotten one."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal.core import keys
from portal.core.links import unseal
from portal.core.problems import INVALID_REQUEST, LINK_UNKNOWN, THROTTLED
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import documented
from portal.http.api import Api
from portal.http.fields import ChosenPassword, LinkToken, StrictModel
from portal.identity import activation, recovery
from portal.identity.problems import ALREADY_ACTIVE, IDENTITY_CONFLICT, LINK_EXPIRED
from portal.identity.purposes import EMAIL_UNDO, EMAIL_VALIDATION, PASSWORD_RECOVERY

app = Api()
handler = app.resolve


class PasswordByLink(StrictModel):
    """A link's token and the password chosen, typed twice."""

    token: LinkToken
    password: ChosenPassword
    confirmation: ChosenPassword


@app.put(
    "/api/password",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        INVALID_REQUEST,
        LINK_UNKNOWN,
        ALREADY_ACTIVE,
        IDENTITY_CONFLICT,
        LINK_EXPIRED,
        THROTTLED,
    ),
)
def set_password(form: PasswordByLink) -> Response[None]:
    """Set the password and use the link up, once.

    The token is that of a validation or a recovery, or of an undo that was done.
    """
    app.limit("password")
    lookup, pepper, limits = keys.lookup_keys(), keys.pepper_keys(), settings().limits
    purposes = (EMAIL_VALIDATION, PASSWORD_RECOVERY, EMAIL_UNDO)
    token = unseal(keys.token_keys(), form.token, *purposes)
    chosen = (form.password, form.confirmation)
    if token.purpose != EMAIL_VALIDATION:
        recovery.reset(table(), lookup, pepper, token, *chosen, app.now)
    else:
        activation.set_password(table(), lookup, pepper, limits, token, *chosen, app.now)
    return Response(HTTPStatus.NO_CONTENT)
