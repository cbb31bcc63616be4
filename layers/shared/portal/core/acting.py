"""Who acts on which account: the first argument of every use case on an account."""

from typing import Self

from portal.core.confidential import Confidential
from portal.core.problems import REAUTHENTICATION_REQUIRED, Problem
from portal.core.session import Session

# guard: five-minutes: 5 * 60 => 6 * 60
FRESH = 5 * 60
"""Seconds after a proof in which what needs one may be done without asking again."""


class Acting(Confidential, frozen=True):
    """A person acts on an account, in a session and at a time (seconds since the epoch).

    The actor is the holder of the account today; with mandates they may be two people.
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
        """Raise ``Problem(REAUTHENTICATION_REQUIRED)`` unless the person proved who they are.

        What could take an account over asks for a proof within five minutes (ASVS 7.5.1).
        """
        if self.at - self.session.proved_at > FRESH:
            raise Problem(REAUTHENTICATION_REQUIRED)
