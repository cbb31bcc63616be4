"""A new password: chosen by who is logged in, or set with a recovery link."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portal.core.feed import notice
from portal.core.outbox import Outgoing
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.session import Session, end_sessions
from portal.core.writes import Refusal, Write, put, update
from portal.identity import events, feed, passwords
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
) -> None:
    """Replace the password and end every other session.

    Raises ``Problem(INVALID_REQUEST)`` with one error for each broken rule.
    """
    account = read_account(table, acting)
    passwords.check(lookup, account, password, confirmation)
    table.transact(
        *new_password(
            account,
            passwords.hash_password(pepper, password),
            acting.at,
            actor=acting.actor_id,
            kept=acting.session,
            else_=Problem(UNAVAILABLE, retry_after=1),
        )
    )


def new_password(
    account: Account,
    password_hash: str,
    now: int,
    *,
    actor: str,
    else_: Refusal,
    kept: Session | None = None,
) -> Iterator[Write]:
    """Yield the writes that replace a password and notify the holder.

    Every session except ``kept`` ends, and recovery links become invalid. ``else_`` is raised when
    the account changed since it was read.
    """
    yield update(
        account.key(),
        # guard: password-kills-recovery: "recovery_id": None => "id": account.id
        {"recovery_id": None},
        if_={"id": account.id, "recovery_id": account.recovery_id},
        else_=else_,
    )
    yield update(
        Credentials.key_of(account_id=account.id),
        {"password_hash": password_hash},
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
