"""The outbox: mails and events, stored in the transaction of their cause, sent from the stream.

A message is deleted once sent. So a message that the stream delivers twice is sent once, and one
that could not be sent is still stored, to be sent again. Only a crash between sending and deleting
sends a message twice. One that may have been sent waits for an operator.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Self

from msgspec import field

from portal.core.limits import MailLimit, MailLimitedError, take
from portal.core.records import DAY, Record
from portal.core.writes import RefusedError, Write, delete, put, update

if TYPE_CHECKING:
    from portal.core.table import Table


class Outgoing(Record, frozen=True, kw_only=True):
    """A mail or an event to send: its kind, and what it is about.

    ``about`` has references only: ids and hashes, no address, no name, no secret.
    """

    PARTITION = "OUTBOX#{id}"
    SORT = "OUTBOX"
    RETENTION: ClassVar = 14 * DAY

    id: str
    kind: str
    created_at: int
    expires_at: int
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    unanswered_at: int | None = None
    """When SES gave no answer to it: it may have been sent."""

    @classmethod
    def new(cls, kind: str, now: int, **about: str | None) -> Self:
        """Return a message of a kind, written now; what is ``None`` is left out."""
        return cls(
            id=secrets.token_urlsafe(16),
            kind=kind,
            created_at=now,
            expires_at=now + cls.RETENTION,
            about={name: each for name, each in about.items() if each is not None},
        )

    def remember(self, **about: str) -> Write:
        """Return the write that adds to ``about``, refused when the message is gone."""
        return update(self.key(), {"about": {**self.about, **about}}, if_={"id": self.id})


class Unsent(Record, frozen=True, kw_only=True):
    """A message that failed; all are in one partition, so that they are found without a scan."""

    PARTITION = "UNSENT#OUTBOX"
    SORT = "{id}"

    id: str
    kind: str
    at: int
    expires_at: int


class WithheldError(Exception):
    """A message must not be sent: it would exceed a limit. It is deleted."""


class PerhapsSentError(Exception):
    """A mail was given away, and no answer came: it may be on its way."""


type Sender = Callable[[Outgoing], None]
"""Sends a message, or does nothing when its cause no longer exists."""


def send(table: "Table", mail: Outgoing, limits: Sequence[MailLimit], *first: Write) -> None:
    """Write ``first`` and a mail to send, in one transaction; nothing when a limit is reached.

    Raises the refusal of a write in ``first``.
    """
    with suppress(MailLimitedError):
        table.transact(*first, put(mail), *(take(limit, mail.created_at) for limit in limits))


def deliver(table: "Table", message_id: str, senders: Mapping[str, Sender], now: int) -> bool:
    """Send a message and delete it; does nothing when it was sent before.

    Returns ``False`` when a limit withheld it. Raises ``LookupError`` for a kind without sender,
    and what the sender raises. After ``PerhapsSentError`` only an operator's replay sends it.
    """
    message = table.get(Outgoing, Outgoing.key_of(id=message_id))
    if message is None:
        return True
    sender = senders.get(message.kind)
    if sender is None:
        raise LookupError(message.kind)
    # guard: unanswered-is-not-repeated
    if message.unanswered_at is not None:
        raise PerhapsSentError
    try:
        # guard: kept-until-sent: sent = _is => table.write(delete(message.key())); sent = _is
        sent = _is_sent(sender, message)
    except PerhapsSentError:
        unanswered = {"unanswered_at": now, "redriven_at": None}
        table.write(update(message.key(), unanswered, if_={"id": message.id}))
        raise
    # guard: sent-once
    table.write(delete(message.key()))
    return sent


def _is_sent(sender: Sender, message: Outgoing) -> bool:
    """Send a message; return ``False`` when a limit withholds it."""
    try:
        sender(message)
    except WithheldError:
        return False
    return True


def note_unsent(table: "Table", message: Outgoing, now: int) -> None:
    """Store that a message could not be sent, so that an operator can replay it."""
    unsent = Unsent(id=message.id, kind=message.kind, at=now, expires_at=message.expires_at)
    table.write(put(unsent))


def list_unsent(table: "Table") -> list[Unsent]:
    """Return the messages that failed at least once, by id."""
    return table.query(Unsent, Unsent.partition())


def replay(table: "Table", unsent: Unsent, now: int) -> bool:
    """Make the stream deliver a message again; return ``False`` if it was sent meanwhile."""
    marks = {"redriven_at": now, "unanswered_at": None}
    mark = update(Outgoing.key_of(id=unsent.id), marks, if_={"id": unsent.id})
    try:
        table.transact(mark, delete(unsent.key()))
    except RefusedError:
        table.write(delete(unsent.key()))
        return False
    return True
