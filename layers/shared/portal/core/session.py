"""Sessions: opaque secrets, checked by one read, revoked at once.

A session's cookie is ``base64url(account id (16) | place (1) | secret (32))``. The first two are
the key of the session's record. The secret is 256 random bits; the table stores its SHA-256.
"""

import base64
import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from portal.core.confidential import Confidential
from portal.core.problems import UNAUTHENTICATED, Problem
from portal.core.records import HOUR, Record
from portal.core.writes import Refusal, RefusedError, Write, check, delete, update

if TYPE_CHECKING:
    from portal.core.table import Table

_TOUCH_AFTER = 60
"""Least seconds between two writes of ``seen_at``: a write for each request would be waste."""

_COOKIE = re.compile(r"[A-Za-z0-9_-]{66}", re.ASCII)  # 49 bytes: 65.3 characters


class Proof(Struct, frozen=True):
    """A person proved, by one or two methods and at a time (seconds), that an account is theirs."""

    account_id: str
    methods: tuple[str, ...]
    at: int
    proved_at: int | None = None
    """When the person really proved it, if that was elsewhere and earlier."""


class Opened(Confidential, frozen=True):
    """The result of a login: the values of the cookies, and what the person is shown.

    ``device_cookie`` is ``None`` for a device that has a valid one.
    """

    account_id: str
    cookie: str
    device_cookie: str | None
    first_name: str
    last_name: str
    previous_login_at: int | None


class Session(Record, frozen=True, kw_only=True):
    """A session, in one of its account's places.

    A login takes the place after that of the last login. So an account never has more sessions
    than places, and a new session replaces the oldest, without a count or a query.
    """

    PARTITION = "SESSION#{account_id}"
    SORT = "{place}"
    # guard: ten-at-once: 10 => 11
    PLACES: ClassVar = 10
    IDLE: ClassVar = 30 * 60
    ABSOLUTE: ClassVar = 12 * HOUR

    account_id: str
    place: int
    secret_sha256: bytes
    created_at: int
    seen_at: int
    expires_at: int
    methods: tuple[str, ...] = ()
    """How the person proved who they are."""
    proved_at: int = 0
    """Time of the last proof, in seconds; 0 when none is stored."""
    previous_login_at: int | None = None
    device: str = ""
    """Browser and system, as shown to the person."""

    @property
    def id(self) -> str:
        """Public id of the session; it gives no access."""
        return hashlib.sha256(self.secret_sha256).hexdigest()[:16]

    def end(self, *, else_: Refusal = RefusedError) -> Write:
        """Return the write that ends this session, refused when it ended before."""
        return delete(self.key(), if_={"secret_sha256": self.secret_sha256}, else_=else_)


def while_open(session: Session) -> Write:
    """Return the check that a session has not ended since it was read.

    For what opens an account again: it must not follow what ended the session meanwhile. Refused
    with ``Problem(UNAUTHENTICATED)``.
    """
    unchanged = {"secret_sha256": session.secret_sha256}
    return check(session.key(), if_=unchanged, else_=Problem(UNAUTHENTICATED))


def new_session(
    proof: Proof, place: int, *, previous_login_at: int | None, device: str
) -> tuple[Session, str]:
    """Return a session that starts at the time of its proof, and the value of its cookie."""
    secret = secrets.token_bytes(32)
    session = Session(
        account_id=proof.account_id,
        place=place,
        secret_sha256=hashlib.sha256(secret).digest(),
        created_at=proof.at,
        seen_at=proof.at,
        expires_at=proof.at + Session.IDLE,
        methods=proof.methods,
        # guard: proved-when-the-provider-says: proof.at if proof.proved_at is None else proof.proved_at => proof.at
        proved_at=proof.at if proof.proved_at is None else proof.proved_at,
        previous_login_at=previous_login_at,
        device=device,
    )
    return session, _seal(session, secret)


def authenticate(table: "Table", cookie: str, now: int) -> Session:
    """Return the session of a cookie; raises ``Problem(UNAUTHENTICATED)`` when there is none.

    A session ends after 30 minutes without a request, or 12 hours after its login (ASVS 7.3).
    """
    session = _find(table, *_unseal(cookie), now)
    if session is None:
        raise Problem(UNAUTHENTICATED)
    if now - session.seen_at >= _TOUCH_AFTER:
        session = replace(
            session,
            seen_at=now,
            # guard: absolute: session.created_at + Session.ABSOLUTE => now + Session.IDLE
            expires_at=min(now + Session.IDLE, session.created_at + Session.ABSOLUTE),
        )
        seen = {"seen_at": session.seen_at, "expires_at": session.expires_at}
        with suppress(RefusedError):  # it ended meanwhile
            table.write(update(session.key(), seen, if_={"secret_sha256": session.secret_sha256}))
    return session


def find_session(table: "Table", cookie: str, account_id: str, now: int) -> Session | None:
    """Return the session of a cookie if it belongs to an account, else ``None``."""
    try:
        of_account, place, secret_sha256 = _unseal(cookie)
    except Problem:
        return None
    return _find(table, account_id, place, secret_sha256, now) if of_account == account_id else None


def account_of(cookie: str) -> str | None:
    """Return the account that a session's cookie names, whether or not the session is open."""
    try:
        return _unseal(cookie)[0]
    except Problem:
        return None


def log_out(table: "Table", cookie: str) -> None:
    """End the session of a cookie, if it has one."""
    try:
        account_id, place, secret_sha256 = _unseal(cookie)
    except Problem:
        return
    at = Session.key_of(account_id=account_id, place=place)
    with suppress(RefusedError):
        table.write(delete(at, if_={"secret_sha256": secret_sha256}))


def end_sessions(account_id: str, *, but: Session | None = None) -> Iterator[Write]:
    """Yield the writes that end every session of an account, except ``but``."""
    for place in range(Session.PLACES):
        if but is None or place != but.place:
            yield delete(Session.key_of(account_id=account_id, place=place))


def _find(
    table: "Table", account_id: str, place: int, secret_sha256: bytes, now: int
) -> Session | None:
    """Return the session in a place if it has this secret and has not ended, else ``None``."""
    session = table.get(Session, Session.key_of(account_id=account_id, place=place))
    if (
        session is None
        # guard: secret-of-the-cookie: or not => or False and not
        or not hmac.compare_digest(session.secret_sha256, secret_sha256)
        # guard: idle: session.expires_at <= now => False
        or session.expires_at <= now
    ):
        return None
    return session


def _seal(session: Session, secret: bytes) -> str:
    raw = uuid.UUID(session.account_id).bytes + bytes((session.place,)) + secret
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unseal(cookie: str) -> tuple[str, int, bytes]:
    """Return the account id, the place and the SHA-256 of the secret that a cookie contains."""
    if not _COOKIE.fullmatch(cookie):
        raise Problem(UNAUTHENTICATED)
    raw = base64.urlsafe_b64decode(cookie + "==")
    return str(uuid.UUID(bytes=raw[:16])), raw[16], hashlib.sha256(raw[17:]).digest()
