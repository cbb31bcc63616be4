"""A new password: chosen by who is logged in, or set with a recovery link."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from portal.core.feed import notice
from portal.core.outbox import Outgoing
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.records import Value
from portal.core.session import Session, end_sessions, while_open
from portal.core.writes import Refusal, Write, put, update
from portal.identity import devices, events, feed, passwords
from portal.identity.profile import read_account
from portal.identity.records import Account, Credentials, Identifier

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.keyring import LookupKeys, PepperKeys
    from portal.core.table import Table


def change_password(
    table: "Table",
    lookup: "LookupKeys",
    pepper: "PepperKeys",
    acting: "Acting",
    password: str,
    confirmation: str,
) -> str:
    """Replace the password and end every other session; return a new device cookie.

    Every other device is forgotten: logging in from it is notified again.

    Raises ``Problem(INVALID_REQUEST)`` with one error for each broken rule.
    """
    account = read_account(table, acting)
    passwords.check(lookup, account, password, confirmation)
    trust = devices.new_trust()
    table.transact(
        # guard: no-password-of-an-ended-session
        while_open(acting.session),
        *new_password(
            account,
            passwords.hash_password(pepper, password),
            acting.at,
            trust=trust,
            actor=acting.actor_id,
            kept=acting.session,
            else_=Problem(UNAVAILABLE, retry_after=1),
        ),
    )
    return devices.new_cookie(lookup, account.id, trust)


def new_password(
    account: Account,
    password_hash: str,
    now: int,
    *,
    actor: str,
    else_: Refusal,
    trust: str = "",
    kept: Session | None = None,
    changes: Mapping[str, Value] | None = None,
) -> Iterator[Write]:
    """Yield the writes that replace a password and notify the holder.

    Every session except ``kept`` ends, recovery links become invalid, and every device is
    forgotten: only cookies issued for ``trust`` are known from now on. ``changes`` are made to the
    account besides. ``else_`` is raised when the account changed since it was read.
    """
    yield update(
        account.key(),
        # guard: password-kills-recovery: "recovery_id": None => "id": account.id
        {"recovery_id": None, **(changes or {})},
        if_={"id": account.id, "recovery_id": account.recovery_id},
        else_=else_,
    )
    yield update(
        Credentials.key_of(account_id=account.id),
        # guard: password-forgets-devices: "trust": trust or devices.new_trust(), =>
        {
            "password_hash": password_hash,
            "password_changed_at": now,
            "trust": trust or devices.new_trust(),
        },
        if_={"account_id": account.id},
        else_=else_,
    )
    for mac in account.identifiers:
        cleared = {"failures": 0, "attempted_at": None}
        yield update(
            Identifier.key_of(mac=mac), cleared, if_={"account_id": account.id}, else_=else_
        )
    # guard: password-ends-sessions
    yield from end_sessions(account.id, but=kept)
    for record in notice(feed.PASSWORD_CHANGED, account.id, now, actor=actor):
        yield put(record)
    yield put(Outgoing.new(events.PASSWORD_CHANGED, now, account_id=account.id))
