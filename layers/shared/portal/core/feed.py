"""The activity feed: what happened to an account, newest first.

Each domain defines its kinds of notices; a function that reads the feed composes them.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from portal.core.acting import Acting
from portal.core.clock import rfc3339
from portal.core.outbox import Outgoing
from portal.core.problems import INVALID_REQUEST, FieldError, Problem
from portal.core.records import DAY, Record

if TYPE_CHECKING:
    from portal.core.table import Table

BACK_OFFICE = "back-office"
PORTAL = "portal"
SUPPORT = "support"

# guard: twelve-months-of-audit: 365 => 90
YEAR = 365 * DAY
"""How long security events (the record of who did what) are kept, in seconds."""

_LATER = 2
"""Rank of every entry except the two that a feed starts with, which are 0 and 1."""
_CURSOR = 32
"""Characters of an entry's id."""


class Text(Struct, frozen=True):
    """The French words of an entry; ``body`` may have placeholders in braces."""

    title: str
    body: str


class Kind(Struct, frozen=True):
    """A kind of notice: its words in the feed, the subject of its mail, how long it is kept."""

    name: str
    title: str
    body: str
    agent: Text | None = None
    """What the holder reads instead when an agent (*mandataire*) asked for the account."""
    mail: str | None = None
    """Subject of the mail that says the same; its template has the kind's name."""
    keep: int | None = None
    """Seconds for which the entry is kept; ``None``: as long as the account exists."""


class Activity(Record, frozen=True, kw_only=True):
    """One entry of an account's feed. ``at`` is in milliseconds; ``id`` sorts by time."""

    PARTITION = "ACTIVITY#{account_id}"
    SORT = "{id}"
    ADD_ONLY = True

    account_id: str
    id: str
    at: int
    kind: str
    actor: str
    """Who did it: the id of an account, ``back-office``, ``support`` or ``portal``."""
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    is_agent: bool = False
    expires_at: int | None = None


class Entry(Struct, frozen=True):
    """An entry as it is read: ``at`` is an RFC 3339 time in UTC."""

    id: str
    at: str
    kind: str
    title: str
    body: str


class Page(Struct, frozen=True):
    """Some entries, newest first, and the cursor of the next ones, if there are any."""

    entries: Sequence[Entry]
    next_cursor: str | None


def entry(
    kind: Kind,
    account_id: str,
    now: int,
    *,
    actor: str,
    about: Mapping[str, str] | None = None,
    order: int = _LATER,
    is_agent: bool = False,
) -> Activity:
    """Return a new entry; ``order`` (0 to 999) ranks those of one second, the highest first.

    ``about`` gives the values of the placeholders in the kind's words.
    """
    at = now * 1000 + order
    return Activity(
        account_id=account_id,
        id=f"{at:015d}#{secrets.token_hex(8)}",
        at=at,
        kind=kind.name,
        actor=actor,
        about=about or {},
        is_agent=is_agent,
        expires_at=None if kind.keep is None else now + kind.keep,
    )


def notice(
    kind: Kind,
    account_id: str,
    now: int,
    *,
    actor: str,
    about: Mapping[str, str] | None = None,
    device: str | None = None,
) -> Sequence[Record]:
    """Return the entry of a kind, and the message of its mail if it has one.

    The message contains the account id and the device only: the outbox has no personal data.
    """
    words = {**(about or {}), **({"device": device} if device else {})}
    shown = entry(kind, account_id, now, actor=actor, about=words)
    if kind.mail is None:
        return (shown,)
    return shown, Outgoing.new(kind.name, now, account_id=account_id, device=device)


def notice_of(kind: Kind, acting: Acting, *, device: str | None = None) -> Sequence[Record]:
    """Return the notice of what somebody just did to an account."""
    return notice(kind, acting.account_id, acting.at, actor=acting.actor_id, device=device)


def read_all(table: "Table", account_id: str, kinds: Sequence[Kind]) -> Sequence[Entry]:
    """Return a whole feed, newest first."""
    stored = table.query(Activity, Activity.partition(account_id=account_id))
    return _shown(reversed(stored), kinds)


def read(
    table: "Table", acting: Acting, kinds: Sequence[Kind], limit: int, cursor: str | None
) -> Page:
    """Return up to ``limit`` entries older than ``cursor``, in one query.

    Raises ``Problem(INVALID_REQUEST)`` for a cursor of the wrong form.
    """
    if cursor is not None and not (len(cursor) == _CURSOR and cursor.isascii()):
        detail = "Ce curseur n’est pas valable."
        raise Problem(INVALID_REQUEST, errors=[FieldError("cursor", "invalid", detail)])
    partition = Activity.partition(account_id=acting.account_id)
    found = table.query(Activity, partition, newest=limit + 1, before=cursor)
    shown = found[:limit]
    return Page(_shown(shown, kinds), shown[-1].id if len(found) > limit else None)


def _shown(stored: Iterable[Activity], kinds: Sequence[Kind]) -> Sequence[Entry]:
    """Return the entries to show; those of an unknown kind, too new or removed, are left out."""
    known = {kind.name: kind for kind in kinds}
    return [_entry(each, known[each.kind]) for each in stored if each.kind in known]


def _entry(activity: Activity, kind: Kind) -> Entry:
    text = kind.agent if activity.is_agent and kind.agent else Text(kind.title, kind.body)
    return Entry(
        id=activity.id,
        at=rfc3339(activity.at),
        kind=activity.kind,
        title=text.title,
        body=text.body.format_map(defaultdict(str, activity.about)).strip(),
    )
