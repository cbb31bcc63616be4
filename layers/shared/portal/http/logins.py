"""What every way to log in answers."""

from aws_lambda_powertools.shared.cookies import Cookie

from portal.core.clock import rfc3339_seconds
from portal.core.session import Opened
from portal.http.cookies import device_cookie, session_cookie
from portal.http.fields import StrictModel


class LoggedIn(StrictModel):
    """Who logged in, and when they last did before (RFC 3339, UTC; null the first time)."""

    first_name: str
    last_name: str
    previous_login_at: str | None


def logged_in(opened: Opened) -> LoggedIn:
    """Return the body of the answer that opens a session."""
    return LoggedIn(
        first_name=opened.first_name,
        last_name=opened.last_name,
        previous_login_at=rfc3339_seconds(opened.previous_login_at),
    )


def cookies_of(opened: Opened) -> list[Cookie]:
    """Return the cookies of the answer that opens a session."""
    cookies = [session_cookie(opened.cookie)]
    if opened.device_cookie:
        cookies.append(device_cookie(opened.device_cookie))
    return cookies
