"""Login: an identifier and a password for a session."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError

from portal import aws, keys, sessions
from portal.clock import rfc3339_seconds
from portal.events import LOGIN_FAILED, NotPublishedError, publish
from portal.fields import Identifier, Password, StrictModel
from portal.items import Outgoing
from portal.problems import INVALID_CREDENTIALS, INVALID_REQUEST, THROTTLED
from portal.sessions import Attempt
from portal.settings import settings
from portal.table import table
from portal.throttle import limit_requests
from portal.web import Api, device_cookie, documented, json_answer, session_cookie

app = Api()
handler = app.resolve


class Credentials(StrictModel):
    """An e-mail address or NIR, and the password."""

    identifier: Identifier
    password: Password


class LoggedIn(StrictModel):
    """Who logged in, and when they last did before (RFC 3339, UTC; null the first time)."""

    first_name: str
    last_name: str
    previous_login_at: str | None


@app.post(
    "/api/login",
    responses=documented(HTTPStatus.OK, INVALID_CREDENTIALS, INVALID_REQUEST, THROTTLED),
)
def log_in(credentials: Credentials) -> Response[LoggedIn]:
    """Open a session; one refusal for a wrong password, an unknown and a pending identifier."""
    lookup = keys.lookup_keys()
    limits = settings().limits
    limit_requests(table(), lookup, limits, "login", app.source_ip, app.now)
    opened = sessions.log_in(
        table(),
        lookup,
        keys.pepper_keys(),
        limits,
        _report_failure,
        Attempt(
            credentials.identifier,
            credentials.password,
            session_cookie=app.session_cookie,
            device_cookie=app.device_cookie,
            user_agent=app.user_agent,
        ),
        app.now_ms,
    )
    app.note_account(opened.account_id)
    cookies = [session_cookie(opened.cookie)]
    if opened.device_cookie:
        cookies.append(device_cookie(opened.device_cookie))
    return json_answer(
        HTTPStatus.OK,
        LoggedIn(
            first_name=opened.first_name,
            last_name=opened.last_name,
            previous_login_at=rfc3339_seconds(opened.previous_login_at),
        ),
        cookies=cookies,
    )


def _report_failure(account_id: str | None) -> None:
    """Publish a refused login: at once, for it changes nothing that an outbox could go with."""
    try:
        publish(aws.event_bridge(), settings().event_bus, LOGIN_FAILED, account_id, app.now)
    except (BotoCoreError, ClientError, NotPublishedError):
        table().write(Outgoing.new(LOGIN_FAILED, app.now, account_id=account_id))
