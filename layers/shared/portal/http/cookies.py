"""The two cookies: of a session, and of a device that logged in before."""

from aws_lambda_powertools.shared.cookies import Cookie, SameSite

SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"


def session_cookie(value: str) -> Cookie:
    """Return the cookie that carries a session, or, for an empty value, removes it."""
    return _host_cookie(SESSION_COOKIE, value, None if value else 0)


def device_cookie(value: str) -> Cookie:
    """Return the cookie by which a device that logged in is known, for a year."""
    return _host_cookie(DEVICE_COOKIE, value, 365 * 24 * 3600)


def _host_cookie(name: str, value: str, max_age: int | None) -> Cookie:
    """Return a cookie of this host only, unseen by scripts and by other sites' requests."""
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
