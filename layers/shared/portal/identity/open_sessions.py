"""The open sessions of an account: listed and ended by its holder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portal.core.feed import notice_of
from portal.core.problems import Problem
from portal.core.session import Session, end_sessions
from portal.core.writes import put
from portal.identity import feed
from portal.identity.problems import SESSION_UNKNOWN

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.table import Table


def list_sessions(table: "Table", account_id: str, now: int) -> Sequence[Session]:
    """Return the sessions that are open, the last seen first."""
    places = table.query(Session, Session.partition(account_id=account_id))
    live = (each for each in places if each.expires_at > now)
    return sorted(live, key=lambda session: session.seen_at, reverse=True)


def end_session(table: "Table", acting: "Acting", session_id: str) -> None:
    """End one of the account's sessions; raises ``Problem(SESSION_UNKNOWN)``."""
    for session in list_sessions(table, acting.account_id, acting.at):
        if session.id == session_id:
            table.transact(
                session.end(else_=Problem(SESSION_UNKNOWN)),
                *map(put, notice_of(feed.SESSION_ENDED, acting, device=session.device)),
            )
            return
    raise Problem(SESSION_UNKNOWN)


def end_other_sessions(table: "Table", acting: "Acting") -> None:
    """End every session of the account but the one that asks; nothing changes without another.

    All places but one are emptied, so a session that opens meanwhile ends too.
    """
    found = list_sessions(table, acting.account_id, acting.at)
    if any(each.id != acting.session.id for each in found):
        table.transact(
            # guard: others-end
            *end_sessions(acting.account_id, but=acting.session),
            *map(put, notice_of(feed.OTHER_SESSIONS_ENDED, acting)),
        )
