"""Who acts on which account: the first argument of every use case on an account."""

from typing import Self

from portal.core.confidential import Confidential
from portal.core.problems import REAUTHENTICATION_REQUIRED, Problem
from portal.core.session import Session

# guard: five-minutes: 5 * 60 => 6 * 60
FRESH = 5 * 60
"""Seconds during which a proof is fresh: no new one is asked for."""


class Acting(Confidential, frozen=True):
    """Who acts on which account, in which session, at what time (seconds since the epoch).

    Today the actor is always the account's holder; with mandates they may be two people.
    """

    account_id: str
    actor_id: str
    session: Session
    at: int

    @classmethod
    def in_session(cls, session: Session, now: int) -> Self:
        """Return who acts in a session."""
        return cls(session.account_id, session.account_id, session, now)

    def require_fresh(self) -> None:
        """Raise ``Problem(REAUTHENTICATION_REQUIRED)`` unless the session's proof is fresh.

        What could be used to take over an account needs a proof within five minutes (ASVS 7.5.1).
        """
        if self.at - self.session.proved_at > FRESH:
            raise Problem(REAUTHENTICATION_REQUIRED)
