"""Deletion of an account: requested, cancelled, or done 30 days later."""

from typing import TYPE_CHECKING

from portal.core import held
from portal.core.feed import notice_of
from portal.core.outbox import Outgoing
from portal.core.records import DAY
from portal.core.session import end_sessions
from portal.core.writes import delete, put, update
from portal.identity import events, feed
from portal.identity.due import Deletion, day_of
from portal.identity.profile import change, read_account
from portal.identity.records import Account, AccountChangedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.core.acting import Acting
    from portal.core.held import Held
    from portal.core.table import Table

# guard: thirty-days-to-stay: 30 => 29
GRACE = 30 * DAY
"""Seconds between the request for a deletion and the deletion."""


def schedule_deletion(table: "Table", acting: "Acting") -> int:
    """Schedule the deletion of an account in 30 days, end its sessions; return when, in seconds."""
    account = read_account(table, acting)
    if account.deletion_at is not None:
        return _end_sessions(table, account)
    deletion = Deletion(account_id=account.id, deletion_at=acting.at + GRACE)
    try:
        table.transact(
            update(
                account.key(),
                {"deletion_at": deletion.deletion_at},
                if_={"id": account.id, "deletion_at": None},
                else_=AccountChangedError,
            ),
            put(deletion),
            *end_sessions(account.id),
            *map(put, notice_of(feed.DELETION_SCHEDULED, acting)),
        )
    except AccountChangedError:
        # Another request was faster: its time counts.
        account = read_account(table, acting)
        return _end_sessions(table, account) if account.deletion_at else acting.at
    return deletion.deletion_at


def _end_sessions(table: "Table", account: Account) -> int:
    """Do for a repeated request what the first one promised; return when the deletion is due."""
    # guard: repeated-deletion-ends-sessions
    table.transact(*end_sessions(account.id))
    return account.deletion_at or 0


def keep(table: "Table", acting: "Acting") -> None:
    """Cancel a deletion; does nothing when none is scheduled."""
    account = read_account(table, acting)
    if account.deletion_at is None:
        return
    table.transact(
        change(account.id, {"deletion_at": None}),
        *map(put, notice_of(feed.DELETION_CANCELLED, acting)),
    )


def delete_due(
    table: "Table", all_held: "Iterable[Held[Account]]", now: int, days: int = 31
) -> int:
    """Delete the accounts that became due in the last ``days``; return how many.

    Runs once a day. A run that was missed is made up for by the next.
    """
    deleted = 0
    for day in range(days, -1, -1):
        due = Deletion.partition(day=day_of(now - day * DAY))
        for deletion in table.query(Deletion, due):
            if deletion.deletion_at <= now:
                deleted += _delete(table, all_held, deletion, now)
    return deleted


def _delete(
    table: "Table", all_held: "Iterable[Held[Account]]", deletion: Deletion, now: int
) -> bool:
    """Delete an account unless that was cancelled; remove what an interrupted run left."""
    account = table.get(Account, Account.key_of(id=deletion.account_id))
    deleted = False
    if account and account.deletion_at == deletion.deletion_at:
        try:
            table.transact(
                *held.forget(all_held, account),
                put(Outgoing.new(events.ACCOUNT_DELETED, now, account_id=account.id)),
            )
        except AccountChangedError:
            return False
        account, deleted = None, True
    if account is None:
        held.sweep(all_held, table, deletion.account_id)
    table.write(delete(deletion.key()))
    return deleted
