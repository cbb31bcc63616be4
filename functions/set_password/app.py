"""Password setting, with a link: a registration becomes an account, a forgotten one is replaced."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal import keys, recovery, registrations
from portal.fields import LinkToken, Password, StrictModel
from portal.problems import (
    ALREADY_ACTIVE,
    IDENTITY_CONFLICT,
    INVALID_REQUEST,
    LINK_EXPIRED,
    LINK_UNKNOWN,
    THROTTLED,
)
from portal.settings import settings
from portal.table import table
from portal.throttle import limit_requests
from portal.tokens import Purpose, unseal
from portal.web import Api, documented

app = Api()
handler = app.resolve


class NewPassword(StrictModel):
    """A link's token and the password chosen, typed twice."""

    token: LinkToken
    password: Password
    confirmation: Password


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
def set_password(form: NewPassword) -> Response[None]:
    """Set the password and use the link up, once."""
    lookup = keys.lookup_keys()
    limits = settings().limits
    limit_requests(table(), lookup, limits, "password", app.source_ip, app.now)
    pepper, now = keys.pepper_keys(), app.now
    token = unseal(
        keys.token_keys(), form.token, Purpose.EMAIL_VALIDATION, Purpose.PASSWORD_RECOVERY
    )
    chosen = (form.password, form.confirmation)
    if token.purpose == Purpose.PASSWORD_RECOVERY:
        recovery.reset(table(), lookup, pepper, token, *chosen, now)
    else:
        registrations.set_password(table(), lookup, pepper, limits, token, *chosen, now)
    return Response(HTTPStatus.NO_CONTENT)
