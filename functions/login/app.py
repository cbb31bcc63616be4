"""Login: opens a session for an identifier and its password."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError

from portal.core import aws, keys
from portal.core.bus import NotPublishedError, publish
from portal.core.clock import rfc3339_seconds
from portal.core.outbox import Outgoing
from portal.core.problems import INVALID_REQUEST, THROTTLED
from portal.core.settings import settings
from portal.core.table import table
from portal.core.writes import put
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.cookies import device_cookie, session_cookie
from portal.http.fields import Identifier, Password, StrictModel
from portal.identity import login
from portal.identity.events import LOGIN_FAILED
from portal.identity.opening import Browser
from portal.identity.problems import INVALID_CREDENTIALS

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
    app.limit("login")
    opened = login.log_in(
        table(),
        keys.lookup_keys(),
        keys.pepper_keys(),
        settings().limits,
        _report_failure,
        login.Attempt(
            credentials.identifier,
            credentials.password,
            Browser(app.session_cookie, app.device_cookie, app.user_agent),
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
    """Publish a refused login directly; through the outbox only when that fails.

    There is no transaction that the message could be part of.
    """
    try:
        publish(
            aws.event_bridge(),
            settings().event_bus,
            LOGIN_FAILED,
            {"account_id": account_id},
            app.now,
        )
    except (BotoCoreError, ClientError, NotPublishedError):
        table().write(put(Outgoing.new(LOGIN_FAILED, app.now, account_id=account_id)))
