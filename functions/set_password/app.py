"""Sets a password, with a link: of a registration, to create the account, or a forgotten one.

Says before that whether the link of a forgotten one is good.
"""

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
from portal.identity.problems import (
    ALREADY_ACTIVE,
    IDENTITY_CONFLICT,
    LINK_EXPIRED,
    RECOVERY_EXPIRED,
)
from portal.identity.purposes import EMAIL_UNDO, EMAIL_VALIDATION, PASSWORD_RECOVERY

app = Api()
handler = app.resolve


class PasswordByLink(StrictModel):
    """A link's token and the password chosen, typed twice."""

    token: LinkToken
    password: ChosenPassword
    confirmation: ChosenPassword


class RecoveryLink(StrictModel):
    """The token of a link that sets a new password."""

    token: LinkToken


@app.post(
    "/api/password-recovery/link",
    responses=documented(
        HTTPStatus.NO_CONTENT, INVALID_REQUEST, LINK_UNKNOWN, RECOVERY_EXPIRED, THROTTLED
    ),
)
def open_recovery_link(link: RecoveryLink) -> Response[None]:
    """Say whether the link of a recovery still sets a password; uses nothing up."""
    app.limit("password-link")
    token = unseal(keys.token_keys(), link.token, PASSWORD_RECOVERY, EMAIL_UNDO)
    # guard: losing-recovery-is-told
    recovery.open_link(table(), token, app.now)
    return Response(HTTPStatus.NO_CONTENT)


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
