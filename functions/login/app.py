"""Login: opens a session for an identifier and its password."""

from functools import partial
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal.core import keys
from portal.core.clock import rfc3339
from portal.core.problems import INVALID_REQUEST, THROTTLED
from portal.core.session import Opened
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import Identifier, Password, StrictModel
from portal.http.logins import LoggedIn, cookies_of, logged_in
from portal.identity import login
from portal.identity.failures import report_failure
from portal.identity.opening import Browser
from portal.identity.problems import INVALID_CREDENTIALS

app = Api()
handler = app.resolve


class Credentials(StrictModel):
    """An e-mail address or NIR, and the password."""

    identifier: Identifier
    password: Password


class SecondFactorDue(StrictModel):
    """The password is right and a second factor is due: ``ticket`` and a code open the session."""

    ticket: str
    methods: list[str]
    expires_at: str


@app.post(
    "/api/login",
    responses=documented(
        HTTPStatus.OK,
        INVALID_CREDENTIALS,
        INVALID_REQUEST,
        THROTTLED,
        bodies={HTTPStatus.OK: LoggedIn, HTTPStatus.ACCEPTED: SecondFactorDue},
    ),
)
def log_in(credentials: Credentials) -> Response[LoggedIn | SecondFactorDue]:
    """Open a session; one refusal for a wrong password, an unknown and a pending identifier.

    202 for an account with a second factor: the session opens at its second step.
    """
    app.limit("login")
    result = login.log_in(
        table(),
        keys.lookup_keys(),
        keys.pepper_keys(),
        settings().limits,
        keys.token_keys,
        partial(report_failure, app.now),
        login.Attempt(
            credentials.identifier,
            credentials.password,
            Browser(app.session_cookie, app.device_cookie, app.user_agent),
        ),
        app.now_ms,
    )
    app.note_account(result.account_id)
    body: LoggedIn | SecondFactorDue
    if isinstance(result, Opened):
        body = logged_in(result)
        return json_answer(HTTPStatus.OK, body, cookies=cookies_of(result))
    body = SecondFactorDue(
        ticket=result.ticket,
        methods=["totp", "recovery-code"],
        expires_at=rfc3339(result.expires_at * 1000),
    )
    return json_answer(HTTPStatus.ACCEPTED, body)
