"""Login with a password: an identifier and its password give a proof."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.core.confidential import Confidential
from portal.core.identifiers import login_mac
from portal.core.problems import Problem
from portal.core.session import Proof
from portal.core.writes import update
from portal.identity import devices, passwords
from portal.identity.attempts import count_attempt, forget_failures
from portal.identity.opening import (
    Browser,
    CredentialsChangedError,
    Holder,
    Opened,
    open_session,
    read_holder,
)
from portal.identity.problems import INVALID_CREDENTIALS
from portal.identity.records import Credentials, Identifier

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys, PepperKeys, TokenKeys
    from portal.core.settings import Limits
    from portal.core.table import Table
    from portal.core.writes import Write
    from portal.identity.tickets import Due

PASSWORD = "password"  # noqa: S105 - the name of a method

_NOBODY = "nobody"
"""Account id that is read for an identifier without account, so that it takes the same time."""


class Attempt(Confidential, frozen=True):
    """What a person typed, and what their browser sends."""

    identifier: str
    password: str
    browser: Browser


def log_in(
    table: "Table",
    lookup: "LookupKeys",
    pepper: "PepperKeys",
    limits: "Limits",
    tokens: "Callable[[], TokenKeys]",
    report_failure: Callable[[str | None], None],
    attempt: Attempt,
    now_ms: int,
) -> "Opened | Due":
    """Open a session for an e-mail address or NIR and its password.

    For an account with a second factor a ticket is returned instead, signed with ``tokens()``.
    ``report_failure`` is called with the account id of a refused attempt, ``None`` for an
    identifier without account.

    Raises ``Problem``: ``THROTTLED`` while the identifier must wait, ``INVALID_CREDENTIALS`` for a
    wrong password, an unknown identifier and a pending registration, in the same time for each.
    """
    mac = login_mac(lookup, attempt.identifier)
    device_cookie = attempt.browser.device_cookie
    known_device = partial(_known_device, table, lookup, device_cookie) if device_cookie else None
    identifier, counted_for = count_attempt(table, limits, mac, known_device, now_ms)
    holder = read_holder(table, identifier.account_id or _NOBODY)

    def proved(credentials: Credentials | None) -> bool:
        password_hash = credentials and credentials.password_hash
        # guard: hash-for-nobody: passwords => bool(password_hash) and passwords
        return passwords.verify_password(pepper, password_hash, attempt.password)

    if not proved(holder and holder.credentials) or holder is None:
        report_failure(identifier.account_id)
        # guard: one-refusal: INVALID_ => UNAUTHENTICATED if identifier.account_id is None else INVALID_
        raise Problem(INVALID_CREDENTIALS)
    holder = _renew_hash(table, pepper, holder, attempt.password)
    read, proof = holder.credentials, Proof(holder.account.id, (PASSWORD,), now_ms // 1000)
    forgotten = forget_failures(identifier, counted_for, else_=Problem(INVALID_CREDENTIALS))
    if read.asks_second_factor(proof.at):
        return _issue_ticket(table, tokens(), proof, read, forgotten)

    def still_proved(now: Credentials) -> bool:
        # If the hash changed meanwhile, another login may have renewed it: check the password.
        same_password = now.password_hash == read.password_hash or proved(now)
        return same_password and now.second_factor_until == read.second_factor_until

    browser = attempt.browser
    return open_session(
        table, lookup, proof, holder, browser, still_proved=still_proved, alongside=forgotten
    )


def _issue_ticket(
    table: "Table",
    tokens: "TokenKeys",
    proof: Proof,
    read: Credentials,
    alongside: "Sequence[Write]",
) -> "Due":
    from portal.identity.tickets import issue  # noqa: PLC0415 - few logins need it

    return issue(table, tokens, proof, read.trust, alongside)


def _known_device(
    table: "Table", lookup: "LookupKeys", cookie: str, identifier: Identifier
) -> str | None:
    """Return the id of a device that the identifier's account knows, else ``None``."""
    account_id = identifier.account_id or _NOBODY
    holder = read_holder(table, account_id)
    trust = holder.credentials.trust if holder else ""
    return devices.recognise(lookup, cookie, account_id, trust)


def _renew_hash(table: "Table", pepper: "PepperKeys", holder: Holder, password: str) -> Holder:
    """Replace the hash of a verified password, if its parameters or its pepper are outdated."""
    read = holder.credentials
    # guard: rehash-at-login: not passwords.needs_rehash(pepper, read.password_hash) => True
    if read.password_hash is None or not passwords.needs_rehash(pepper, read.password_hash):
        return holder
    renewed = replace(read, password_hash=passwords.hash_password(pepper, password))
    unchanged = {"password_hash": read.password_hash}
    changes = {"password_hash": renewed.password_hash}
    try:
        stored = table.write(
            update(read.key(), changes, if_=unchanged, else_=CredentialsChangedError)
        )
    except CredentialsChangedError:
        return holder  # opening the session reads the credentials again
    return replace(holder, credentials=Credentials.from_item(stored))
