"""Password recovery: sends a link by mail to who forgot their password."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal.core import keys
from portal.core.problems import INVALID_REQUEST, THROTTLED
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import Identifier, StrictModel
from portal.identity import recovery

app = Api()
handler = app.resolve


class Forgotten(StrictModel):
    """The e-mail address or NIR of an account."""

    identifier: Identifier


class Accepted(StrictModel):
    """Nothing: whether a link was sent is not told."""


@app.post(
    "/api/password-recovery",
    responses=documented(HTTPStatus.ACCEPTED, INVALID_REQUEST, THROTTLED),
)
def recover_password(form: Forgotten) -> Response[Accepted]:
    """Have a recovery link sent to an account's address; answers alike for all."""
    app.limit("password-recovery")
    recovery.request(table(), keys.lookup_keys(), settings().limits, form.identifier, app.now)
    return json_answer(HTTPStatus.ACCEPTED, Accepted())
