"""Times as the API writes them."""

from datetime import UTC, datetime


def rfc3339_seconds(seconds: int | None) -> str | None:
    """Return a time in seconds since the epoch as RFC 3339, in UTC; ``None`` stays ``None``."""
    return None if seconds is None else rfc3339(seconds * 1000)


def rfc3339(milliseconds: int) -> str:
    """Return a time in milliseconds since the epoch as RFC 3339, in UTC."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
