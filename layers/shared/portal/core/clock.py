"""Times as the API writes them."""

from datetime import UTC, datetime


def rfc3339_seconds(seconds: int | None) -> str | None:
    """Return a time in seconds since the epoch as RFC 3339, in UTC; ``None`` stays ``None``."""
    return None if seconds is None else rfc3339(seconds * 1000)


def rfc3339(milliseconds: int) -> str:
    """Return a time in milliseconds since the epoch as RFC 3339, in UTC."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# guard: clocks-of-others: 15 * 60 => 10**12
_AHEAD = 15 * 60
_FIRST = 1_577_836_800  # 2020: nothing that we are told of happened before


class ImplausibleTimeError(ValueError):
    """Somebody else's clock says a time at which nothing can have happened."""


def require_plausible(at: float, now: float) -> None:
    """Raise ``ImplausibleTimeError`` for another system's time that is far ahead, or long past.

    What is stored with a time in the future would outrank everything that comes later. Times are in
    seconds; a quarter of an hour is left to clocks that are fast.
    """
    if not _FIRST <= at <= now + _AHEAD:
        raise ImplausibleTimeError
