"""The second factor: six digits of an authenticator app (TOTP, RFC 6238), or a recovery code.

A login whose password is right and whose account asks for a second factor gets a ticket instead of
a session: a signed token, valid five minutes, used once. The ticket and a code open the session.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from string import ascii_uppercase, digits
from typing import TYPE_CHECKING

from msgspec.structs import replace
from pyotp.totp import TOTP

from portal.core.confidential import Confidential
from portal.core.feed import notice
from portal.core.identifiers import account_mac
from portal.core.problems import THROTTLED, Problem
from portal.core.records import FOREVER, Value
from portal.core.session import Proof
from portal.core.writes import Write, delete, put, update
from portal.identity import devices, feed, tickets
from portal.identity.attempts import count_attempt, forget_failures
from portal.identity.opening import Browser, Holder, Opened, open_session
from portal.identity.problems import INVALID_CODE, TICKET_EXPIRED
from portal.identity.records import Account, Credentials, SecondFactor
from portal.rules import RuleError
from portal.rules.characters import compact_number

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys, TokenKeys
    from portal.core.records import Record
    from portal.core.settings import Limits
    from portal.core.table import Table
    from portal.identity.records import Identifier

APP = "totp"
RECOVERY_CODE = "recovery-code"

STEP = 30
"""Seconds for which an app shows a code (RFC 6238, 4.1)."""
CODES = 10
_KEEP: Mapping[str, Value] = {"second_factor_until": FOREVER}
"""Recovery codes of an account."""
_DIGITS = re.compile("[0-9]{6}", re.ASCII)
# Crockford's alphabet: without I, L, O and U, so that nobody copies one for another.
_ALPHABET = sorted({*digits, *ascii_uppercase} - {*"ILOU"})
# guard: bits-of-recovery-codes: 16 => 8
_LENGTH = 16  # of 5 bits each: 80 bits
_MISREAD = str.maketrans("OIL", "011")


class Attempt(Confidential, frozen=True):
    """The ticket of a login, the code that a person typed, and what their browser sends."""

    ticket: str
    code: str
    browser: Browser


def read(table: "Table", account_id: str, now: int) -> SecondFactor | None:
    """Return what is stored, confirmed or not; what is over is gone, though TTL deletes late."""
    factor = table.get(SecondFactor, SecondFactor.key_of(account_id=account_id))
    return _unless_over(factor, now)


def _unless_over(factor: SecondFactor | None, now: int) -> SecondFactor | None:
    # guard: late-secret: factor.expires_at <= now => False
    over = factor and factor.expires_at is not None and factor.expires_at <= now
    return None if over else factor


def clean(typed: str) -> str:
    """Return a code without what people type between its characters, empty when it cannot be one.

    The result is ASCII, in capitals.
    """
    try:
        return compact_number(typed).upper()
    except RuleError:
        return ""


def matching_step(secret: str, typed: str, factor: SecondFactor, now: int) -> int | None:
    """Return the time step of a code, ``None`` when it is wrong, too old or used.

    The code that an app shows now and the one before are right: the person needs time to type.
    """
    totp, code = TOTP(secret), clean(typed)
    for step in (now // STEP, now // STEP - 1):
        # guard: totp-of-its-secret: hmac.compare_digest( => max(
        # guard: totp-used-once: step > factor.last_step => True
        if hmac.compare_digest(totp.at(step * STEP), code) and step > factor.last_step:
            return step
    return None


def new_codes() -> Sequence[str]:
    """Return ten recovery codes, as they are shown once."""
    return ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(CODES)]


def shown(code: str) -> str:
    """Return a recovery code in groups of four characters."""
    return "-".join(code[at : at + 4] for at in range(0, _LENGTH, 4))


def hash_code(code: str) -> str:
    """Return what is stored of a recovery code: it has too many bits to be guessed."""
    return hashlib.sha256(code.encode()).hexdigest()


def log_in(
    table: "Table",
    lookup: "LookupKeys",
    tokens: "TokenKeys",
    limits: "Limits",
    decrypt: Callable[[bytes, str], str],
    report_failure: Callable[[str | None], None],
    attempt: Attempt,
    now_ms: int,
) -> Opened:
    """Open the session of a ticket, with a code of the app or a recovery code.

    Codes are counted like passwords, for the account. Raises ``Problem``: ``TICKET_EXPIRED`` for a
    ticket that is late, was used, or whose account changed since; ``THROTTLED``; ``INVALID_CODE``.
    """
    now = now_ms // 1000
    ticket = tickets.open_ticket(table, tokens, attempt.ticket, now)
    identifier, counted_for = _count(table, lookup, limits, ticket, attempt.browser, now_ms)
    holder, factor = _read_all(table, ticket.account_id, now)
    # guard: ticket-of-its-password: holder.credentials.trust != ticket.trust => False
    if holder is None or holder.credentials.trust != ticket.trust or factor is None:
        raise Problem(TICKET_EXPIRED)
    used = _use(factor, decrypt, attempt.code, now)
    if used is None:
        report_failure(ticket.account_id)
        raise Problem(INVALID_CODE)
    # guard: code-keeps-the-factor: != FOREVER => == 0
    leaving = holder.credentials.second_factor_until != FOREVER
    method = APP if used.recovery_codes == factor.recovery_codes else RECOVERY_CODE
    return open_session(
        table,
        lookup,
        Proof(ticket.account_id, (*ticket.methods, method), now),
        holder,
        attempt.browser,
        still_proved=lambda changed: _is_same(changed, holder.credentials),
        changes=_KEEP if leaving else None,
        alongside=[
            # guard: ticket-used-once
            delete(ticket.link.key(), if_={"id": ticket.link.id}, else_=Problem(TICKET_EXPIRED)),
            *_mark_used(factor, used, now),
            *(map(put, kept(ticket.account_id, now)) if leaving else ()),
            *forget_failures(identifier, counted_for, else_=Problem(TICKET_EXPIRED)),
        ],
    )


def kept(account_id: str, now: int) -> "Sequence[Record]":
    """Return the notice that the removal, which the support had been asked for, is cancelled."""
    return notice(feed.SECOND_FACTOR_KEPT, account_id, now, actor=account_id)


def _mark_used(factor: SecondFactor, used: SecondFactor, now: int) -> Iterator[Write]:
    """Yield the writes of the use of a code, refused when another login used one meanwhile."""
    changes: dict[str, Value] = {
        "last_step": used.last_step,
        "recovery_codes": used.recovery_codes,
        "expires_at": None,
    }
    unchanged = {"last_step": factor.last_step, "recovery_codes": factor.recovery_codes}
    # guard: code-used-once: if_=unchanged, =>
    yield update(factor.key(), changes, if_=unchanged, else_=Problem(INVALID_CODE))
    if used.recovery_codes != factor.recovery_codes:
        account_id, left = factor.account_id, {"left": str(len(used.recovery_codes))}
        # guard: recovery-code-is-told: notice( => [] and notice(
        told = notice(feed.RECOVERY_CODE_USED, account_id, now, actor=account_id, about=left)
        yield from map(put, told)


def _read_all(
    table: "Table", account_id: str, now: int
) -> tuple[Holder | None, SecondFactor | None]:
    """Return what a second step needs of an account, in one round trip."""
    account, credentials, factor = table.get_several(
        (Account, Account.key_of(id=account_id)),
        (Credentials, Credentials.key_of(account_id=account_id)),
        (SecondFactor, SecondFactor.key_of(account_id=account_id)),
    )
    holder = Holder(account, credentials) if account and credentials else None
    return holder, _unless_over(factor, now)


def _count(
    table: "Table",
    lookup: "LookupKeys",
    limits: "Limits",
    ticket: "tickets.Ticket",
    browser: Browser,
    now_ms: int,
) -> "tuple[Identifier, str | None]":
    """Count an attempt at an account's codes; raises ``Problem(THROTTLED)``."""
    mac = account_mac(lookup, ticket.account_id)
    known = partial(
        devices.recognise, lookup, browser.device_cookie, ticket.account_id, ticket.trust
    )
    try:
        # guard: codes-are-counted
        return count_attempt(table, limits, mac, lambda _: known(), now_ms)
    except Problem as problem:
        raise Problem(
            THROTTLED,
            retry_after=problem.retry_after,
            title="Trop d’essais",
            detail="Trop de codes ont été essayés. Patientez avant de recommencer.",
        ) from None


def _use(
    factor: SecondFactor, decrypt: Callable[[bytes, str], str], typed: str, now: int
) -> SecondFactor | None:
    """Return the factor after the use of a code, ``None`` when the code is wrong."""
    code = clean(typed)
    # guard: only-a-confirmed-app: factor.confirmed_at is None => False
    if factor.confirmed_at is None:
        return None
    if _DIGITS.fullmatch(code):
        secret = decrypt(factor.secret_encrypted, factor.account_id)
        step = matching_step(secret, code, factor, now)
        return None if step is None else replace(factor, last_step=step)
    hashed = hash_code(code.translate(_MISREAD))
    left = tuple(each for each in factor.recovery_codes if each != hashed)
    return None if len(left) == len(factor.recovery_codes) else replace(factor, recovery_codes=left)


def _is_same(changed: Credentials, read: Credentials) -> bool:
    """Return whether credentials that changed since a ticket are still those that it is for."""
    return (changed.trust, changed.second_factor_until) == (read.trust, read.second_factor_until)
