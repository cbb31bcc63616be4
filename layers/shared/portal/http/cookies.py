"""The cookies: of a session, of a device that logged in before, of a browser at a provider."""

from aws_lambda_powertools.shared.cookies import Cookie, SameSite

SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"
SSO_COOKIE = "__Host-sso"


def session_cookie(value: str) -> Cookie:
    """Return the session cookie; an empty value removes it from the browser."""
    return _host_cookie(SESSION_COOKIE, value, None if value else 0)


def device_cookie(value: str) -> Cookie:
    """Return the cookie that identifies a device that logged in, kept for a year."""
    return _host_cookie(DEVICE_COOKIE, value, 365 * 24 * 3600)


def sso_cookie(value: str) -> Cookie:
    """Return the cookie of a browser that is at a provider, for ten minutes; empty removes it."""
    return _host_cookie(SSO_COOKIE, value, 600 if value else 0)


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
