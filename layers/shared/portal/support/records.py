"""The records of the support: messages, and what operators did."""

import secrets
from typing import ClassVar, Self

from portal.core.clock import rfc3339
from portal.core.records import DAY, Record


class ContactMessage(Record, frozen=True, kw_only=True):
    """A message to the support, kept for the time within which it should be answered."""

    PARTITION = "CONTACT#{ticket}"
    SORT = "CONTACT"
    RETENTION: ClassVar = 90 * DAY

    ticket: str
    created_at: int
    expires_at: int
    reason: str
    last_name: str
    first_name: str
    email: str
    message: str


class Audit(Record, frozen=True, kw_only=True):
    """What an operator did, for whom and why: only added, kept for twelve months."""

    PARTITION = "AUDIT#{month}"
    SORT = "{id}"
    ADD_ONLY = True
    # guard: twelve-months-of-operators-acts: 365 => 90
    RETENTION: ClassVar = 365 * DAY

    id: str
    at: int
    operator: str
    reason: str
    action: str
    expires_at: int
    account_id: str | None = None

    @classmethod
    def of(
        cls, operator: str, reason: str, action: str, now: int, account_id: str | None = None
    ) -> Self:
        """Return the record of an act done now."""
        return cls(
            id=f"{now:010}#{secrets.token_hex(8)}",
            at=now,
            operator=operator,
            reason=reason,
            action=action,
            expires_at=now + cls.RETENTION,
            account_id=account_id,
        )

    @property
    def month(self) -> str:
        """The month (``YYYY-MM``, UTC) in which it was done."""
        return rfc3339(self.at * 1000)[:7]
