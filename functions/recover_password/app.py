"""Password recovery: a link by mail for who forgot it."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal import keys, recovery
from portal.fields import Identifier, StrictModel
from portal.problems import INVALID_REQUEST, THROTTLED
from portal.settings import settings
from portal.table import table
from portal.throttle import limit_requests
from portal.web import Api, documented, json_answer

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
    lookup = keys.lookup_keys()
    limits = settings().limits
    limit_requests(table(), lookup, limits, "password-recovery", app.source_ip, app.now)
    recovery.request(table(), lookup, limits, form.identifier, app.now)
    return json_answer(HTTPStatus.ACCEPTED, Accepted())
