"""The tiles of the space: which services are open to an account."""

from collections.abc import Sequence

from msgspec import Struct

from portal.identity.records import AFFILIATION_CONFIRMED, Account

SERVICES = (
    "activity-feed",
    "my-account",
    "creation-request",
    "declare-and-pay",
    "payments",
    "documents",
    "messages",
)
_OPEN_AT_ONCE = frozenset({"activity-feed", "my-account", "creation-request"})


class Service(Struct, frozen=True):
    """A tile of the space: open, or closed with the reason."""

    id: str
    open: bool
    reason: str | None


def services(account: Account) -> Sequence[Service]:
    """Return the tiles: those that need an affiliation open when it is confirmed."""
    confirmed = account.affiliation == AFFILIATION_CONFIRMED
    reason = f"affiliation-{account.affiliation}"
    return [
        Service(service, opened, None if opened else reason)
        for service in SERVICES
        for opened in (confirmed or service in _OPEN_AT_ONCE,)
    ]
