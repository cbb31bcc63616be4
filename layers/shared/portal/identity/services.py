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


def services(account: Account, *, business_known: bool) -> Sequence[Service]:
    """Return the tiles: those that need an affiliation open when it is confirmed.

    Declaring also needs to know the business.
    """
    why: dict[str, str | None] = dict.fromkeys(SERVICES)
    if account.affiliation != AFFILIATION_CONFIRMED:
        reason = f"affiliation-{account.affiliation}"
        why |= {each: reason for each in SERVICES if each not in _OPEN_AT_ONCE}
    elif not business_known:
        why["declare-and-pay"] = "business-unknown"
    return [Service(each, reason is None, reason) for each, reason in why.items()]
