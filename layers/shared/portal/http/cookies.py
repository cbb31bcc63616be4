"""The two cookies: of a session, and of a device that logged in before."""

from aws_lambda_powertools.shared.cookies import Cookie, SameSite

SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"


def session_cookie(value: str) -> Cookie:
    """Return the session cookie; an empty value removes it from the browser."""
    return _host_cookie(SESSION_COOKIE, value, None if value else 0)


def device_cookie(value: str) -> Cookie:
    """Return the cookie that identifies a device that logged in, kept for a year."""
    return _host_cookie(DEVICE_COOKIE, value, 365 * 24 * 3600)


def _host_cookie(name: str, value: str, max_age: int | None) -> Cookie:
    """Return a cookie for this host only: Secure, HttpOnly, SameSite=Lax."""
    return Cookie(
        name,
        value,
        path="/",
        secure=True,
        http_only=True,
        # guard: same-site-cookie: LAX_MODE => NONE_MODE
        same_site=SameSite.LAX_MODE,
        max_age=max_age,
    )
