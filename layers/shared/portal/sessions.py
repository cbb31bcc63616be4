"""Login and sessions: opaque secrets, checked by one read, ended at once.

A session's cookie is ``base64url(account id (16) | place (1) | secret (32))``. The first two tell
where to look, the secret is what proves: 256 random bits, of which the table keeps the SHA-256.
"""

import base64
import hashlib
import hmac
import random
import re
import secrets
import time
import uuid
from collections.abc import Callable

from msgspec.structs import replace

from portal import activity, devices, passwords, throttle
from portal.confidential import Confidential
from portal.events import LOGIN_SUCCEEDED
from portal.identifiers import login_mac
from portal.items import Login, Outgoing, Record, Session
from portal.keys import Keyring
from portal.problems import INVALID_CREDENTIALS, UNAUTHENTICATED, UNAVAILABLE, Problem
from portal.settings import Limits
from portal.table import Table

_TOUCH_AFTER = 60
"""Seconds between two notes of a session's being seen: a write for each read would be waste."""

_COOKIE = re.compile(r"[A-Za-z0-9_-]{66}", re.ASCII)  # 49 bytes: 65.3 characters
_RETRIES = 12
_PAUSE = 0.02
"""Added to the longest pause before each new try, when another login was faster, in seconds."""


class Attempt(Confidential, frozen=True):
    """What a person and their browser send to log in."""

    identifier: str
    password: str
    session_cookie: str = ""
    device_cookie: str = ""
    user_agent: str = ""


class Opened(Confidential, frozen=True):
    """What a login gives: the cookies' values and what to greet the person with.

    ``device_cookie`` is ``None`` for a device that has a good one.
    """

    account_id: str
    cookie: str
    device_cookie: str | None
    first_name: str
    last_name: str
    previous_login_at: int | None


def log_in(
    table: Table,
    lookup: Keyring,
    pepper: Keyring,
    limits: Limits,
    report_failure: Callable[[str | None], None],
    attempt: Attempt,
    now_ms: int,
) -> Opened:
    """Open a session for an e-mail address or NIR and its password.

    A session that the browser had of the same account ends: logging in again, to confirm who
    one is, gives a new value (ASVS 7.2.4). ``report_failure`` is told the account of a refused
    attempt, ``None`` for an identifier that has none.

    Raises ``Problem``: ``THROTTLED`` while the identifier must wait, ``INVALID_CREDENTIALS``
    alike, and at the same cost, for a wrong password, an unknown identifier and a pending
    registration.
    """
    mac = login_mac(lookup, attempt.identifier)
    device = devices.recognise(lookup, attempt.device_cookie, mac)
    login, used_device = _count(table, limits, mac, device, now_ms)
    account_id, password_hash = login.account_id, login.password_hash
    verified = passwords.verify_password(pepper, password_hash, attempt.password)
    if not verified or account_id is None or password_hash is None:
        report_failure(account_id)
        raise Problem(INVALID_CREDENTIALS)
    stale = passwords.needs_rehash(pepper, password_hash)
    new_hash = passwords.hash_password(pepper, attempt.password) if stale else None
    now = now_ms // 1000
    label = devices.describe(attempt.user_agent)
    known = _session_before(table, attempt.session_cookie, account_id, now)
    news: list[Record] = [Outgoing.new(LOGIN_SUCCEEDED, now, account_id=account_id)]
    if device is None and login.logins:
        news += [
            activity.entry(account_id, activity.NEW_DEVICE, now, device=label),
            Outgoing.new(activity.NEW_DEVICE, now, account_id=account_id, device=label),
        ]
    for tried in range(_RETRIES):
        if tried:
            time.sleep(random.uniform(0, _PAUSE * tried))  # noqa: S311 - no secret
        secret = secrets.token_bytes(32)
        # The login before is shown on through a session, unless another came in between.
        previous_login_at = login.last_login_at
        if known and known.created_at == previous_login_at:
            previous_login_at = known.previous_login_at
        session = Session(
            account_id=account_id,
            slot=login.logins % Session.PLACES,
            secret_sha256=hashlib.sha256(secret).digest(),
            created_at=now,
            seen_at=now,
            expires_at=now + Session.IDLE,
            previous_login_at=previous_login_at,
            device=label,
        )
        moved = table.start_session(login, session, news, new_hash=new_hash, device=used_device)
        if moved is None:
            if known and known.slot != session.slot:
                table.end_session(account_id, known.slot, known.secret_sha256)
            return Opened(
                account_id,
                _seal(session, secret),
                None if device else devices.new_cookie(lookup, login),
                login.first_name,
                login.last_name,
                previous_login_at,
            )
        if moved.password_hash != login.password_hash:
            # Changed meanwhile, or only hashed anew by another login: the password tells.
            if not passwords.verify_password(pepper, moved.password_hash, attempt.password):
                raise Problem(INVALID_CREDENTIALS)
            new_hash = None
        login = moved
    raise Problem(UNAVAILABLE, retry_after=1)


def _count(
    table: Table, limits: Limits, mac: str, device: str | None, now_ms: int
) -> tuple[Login, str | None]:
    """Count an attempt; return the login's record and the device whose own count let it pass.

    A device that logged in before has a count of its own for when another's guesses delay the
    identifier, so nobody can lock its holder out.
    """
    try:
        return throttle.count_attempt(table, limits, mac, now_ms), None
    except Problem:
        if device is None:
            raise
    throttle.count_attempt(table, limits, mac, now_ms, device)
    return table.get(Login, Login.key_of(mac)) or Login(mac=mac), device


def _session_before(table: Table, cookie: str, account_id: str, now: int) -> Session | None:
    """Return the session in which a person logs in again, to confirm who they are."""
    try:
        of_account, slot, secret_sha256 = _unseal(cookie)
    except Problem:
        return None
    if of_account != account_id:
        return None
    return _good_session(table, account_id, slot, secret_sha256, now)


def _good_session(
    table: Table, account_id: str, slot: int, secret_sha256: bytes, now: int
) -> Session | None:
    """Return the session in a place, if it has this secret and is not over."""
    session = table.get(Session, Session.key_of(account_id, slot))
    if (
        session is None
        or not hmac.compare_digest(session.secret_sha256, secret_sha256)
        or session.expires_at <= now
    ):
        return None
    return session


def authenticate(table: Table, cookie: str, now: int) -> Session:
    """Return the session of a cookie; raises ``Problem(UNAUTHENTICATED)`` when there is none.

    Idle for 30 minutes or 12 hours old, a session is over (ASVS 7.3).
    """
    session = _good_session(table, *_unseal(cookie), now)
    if session is None:
        raise Problem(UNAUTHENTICATED)
    if now - session.seen_at >= _TOUCH_AFTER:
        session = replace(
            session,
            seen_at=now,
            expires_at=min(now + Session.IDLE, session.created_at + Session.ABSOLUTE),
        )
        table.touch_session(session)
    return session


def log_out(table: Table, cookie: str) -> None:
    """End the session of a cookie, if it has one."""
    try:
        account_id, slot, secret_sha256 = _unseal(cookie)
    except Problem:
        return
    table.end_session(account_id, slot, secret_sha256)


def _seal(session: Session, secret: bytes) -> str:
    raw = uuid.UUID(session.account_id).bytes + bytes((session.slot,)) + secret
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unseal(cookie: str) -> tuple[str, int, bytes]:
    """Return the account id, the place and the SHA-256 of the secret that a cookie carries."""
    if not _COOKIE.fullmatch(cookie):
        raise Problem(UNAUTHENTICATED)
    raw = base64.urlsafe_b64decode(cookie + "==")
    return str(uuid.UUID(bytes=raw[:16])), raw[16], hashlib.sha256(raw[17:]).digest()
