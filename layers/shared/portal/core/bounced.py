"""Addresses that bounce."""

from typing import TYPE_CHECKING, ClassVar

from portal.core.records import DAY, Record
from portal.core.writes import Expr, RefusedError, Write, check

if TYPE_CHECKING:
    from portal.core.table import Table


class AddressBouncesError(RefusedError):
    """A mail to the address bounced in the last week."""


class Bounce(Record, frozen=True, kw_only=True):
    """An address that bounces; forgotten after a week, because mailboxes get repaired."""

    PARTITION = "BOUNCE#{email_mac}"
    SORT = "BOUNCE"
    RETENTION: ClassVar = 7 * DAY

    email_mac: str
    at: int
    expires_at: int

    @classmethod
    def now(cls, email_mac: str, now: int) -> "Bounce":
        """Return the record of a mail that bounced now."""
        return cls(email_mac=email_mac, at=now, expires_at=now + cls.RETENTION)


def check_receives(email_mac: str, now: int) -> Write:
    """Return the check that no mail to an address bounced in the last week."""
    arrives = Expr("attribute_not_exists(pk) OR expires_at <= :now", {":now": now})
    return check(Bounce.key_of(email_mac=email_mac), if_=arrives, else_=AddressBouncesError)


def receives(table: "Table", email_mac: str, now: int) -> bool:
    """Return whether no mail to an address bounced in the last week."""
    bounce = table.get(Bounce, Bounce.key_of(email_mac=email_mac))
    return bounce is None or bounce.expires_at <= now
