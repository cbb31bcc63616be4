"""Accounts that nobody uses: their holders are told twice, then they are deleted.

Nothing is scanned, and a login writes nothing for it. Each account has one `UseCheck`, under the
day of the next look at it. The daily run reads the days gone by, compares the last login with the
settings, and writes the next look. A look is at most half a year away, so that a change of the
settings reaches every account.
"""

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core import held
from portal.core.feed import PORTAL, entry
from portal.core.outbox import Outgoing
from portal.core.records import DAY
from portal.core.writes import delete as remove
from portal.core.writes import put, update
from portal.identity import events, feed
from portal.identity.due import Deletion, UseCheck, day_of
from portal.identity.records import (
    Account,
    AccountChangedError,
    Credentials,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portal.core.feed import Activity
    from portal.core.held import Held
    from portal.core.settings import Unused
    from portal.core.table import Table
    from portal.core.writes import Write

_LONGEST = 180 * DAY
# guard: told-twice: 2 => 1
_NOTICES = 2


def look_at_unused(
    table: "Table", all_held: "Iterable[Held[Account]]", unused: "Unused", now: int, days: int = 31
) -> Counter[str]:
    """Look at the accounts that are due: tell their holders, delete, or look again later.

    Returns how many are ``used``, ``told``, ``deleted`` or ``gone``. Runs once a day, before
    ``deletion.delete_due``, which removes what is too much for the transaction of a deletion. A run
    that was missed is made up for by the next: then the dates that holders are told are later.
    """
    outcomes = Counter[str]()
    for day in range(days, -1, -1):
        due = UseCheck.partition(day=day_of(now - day * DAY))
        for check in table.query(UseCheck, due):
            if check.use_check_at <= now:
                outcomes[_look(table, all_held, unused, check, now)] += 1
    return outcomes


def _look(
    table: "Table",
    all_held: "Iterable[Held[Account]]",
    unused: "Unused",
    check: UseCheck,
    now: int,
) -> str:
    account, credentials = table.get_several(
        (Account, Account.key_of(id=check.account_id)),
        (Credentials, Credentials.key_of(account_id=check.account_id)),
    )
    if account is None or account.use_check_at != check.use_check_at:
        table.write(remove(check.key()))  # another one replaced it, or nothing is left to look at
        return "gone"
    try:
        return _decide(table, all_held, unused, check, account, credentials, now)
    except AccountChangedError:
        return "changed"  # another run was faster, or its holder logged in: the next run looks


def _decide(
    table: "Table",
    all_held: "Iterable[Held[Account]]",
    unused: "Unused",
    check: UseCheck,
    account: Account,
    credentials: Credentials | None,
    now: int,
) -> str:
    last_login = credentials and credentials.last_login_at
    due_at = (last_login or account.created_at) + unused.after
    tell_at = due_at - unused.first_notice
    if account.deletion_at is not None:  # its holder asked for it: that date counts
        table.transact(*_again(account, check, account.deletion_at + DAY, now))
        return "used"
    # guard: login-keeps-the-account: now < tell_at => now < tell_at and not check.notices
    if now < tell_at:
        table.transact(*_again(account, check, tell_at, now))
        return "used"
    if check.notices < _NOTICES:
        # A late run tells a later date: each notice comes its number of days before.
        notices = check.notices + 1
        least = unused.last_notice if check.notices else unused.first_notice
        # guard: days-to-come-back: now + least => 0
        deletion_at = max(check.deletion_at or due_at, now + least)
        next_look = deletion_at - unused.last_notice if notices < _NOTICES else deletion_at
        told = _again(account, check, next_look, now, notices=notices, deletion_at=deletion_at)
        table.transact(*told, *map(put, _notice(account.id, deletion_at, now)))
        return "told"
    table.transact(*_delete(all_held, account, credentials, now))
    return "deleted"


def _again(
    account: Account, check: UseCheck, at: int, now: int, *, notices: int = 0, deletion_at: int = 0
) -> "Iterator[Write]":
    """Yield the writes of the next look, refused when another run was faster."""
    # Not today: two looks under one day would be one record.
    at = max(min(at, now + _LONGEST), now + DAY)
    read = {"id": account.id, "use_check_at": check.use_check_at}
    # guard: one-look-for-one-day: if_=read => if_={}
    yield update(account.key(), {"use_check_at": at}, if_=read, else_=AccountChangedError)
    yield remove(check.key())
    yield put(
        UseCheck(account_id=account.id, use_check_at=at, notices=notices, deletion_at=deletion_at)
    )


def _notice(account_id: str, deletion_at: int, now: int) -> "tuple[Activity, Outgoing]":
    date = f"{datetime.fromtimestamp(deletion_at, ZoneInfo('Europe/Paris')):%d/%m/%Y}"
    return (
        entry(feed.UNUSED, account_id, now, actor=PORTAL, about={"date": date}),
        Outgoing.new(feed.UNUSED.name, now, account_id=account_id, date=date),
    )


def _delete(
    all_held: "Iterable[Held[Account]]",
    account: Account,
    credentials: Credentials | None,
    now: int,
) -> "Iterator[Write]":
    """Yield the writes that delete an account, refused when its holder logged in meanwhile."""
    at = Credentials.key_of(account_id=account.id)
    read = {"last_login_at": credentials and credentials.last_login_at}
    # guard: login-wins: if_=read => if_={}
    yield remove(at, if_=read, else_=AccountChangedError)
    yield from held.forget(all_held, account, but=at)
    # The rest, such as the feed, is removed as for a deletion that was asked for and interrupted.
    yield put(Deletion(account_id=account.id, deletion_at=now))
    yield put(Outgoing.new(events.ACCOUNT_DELETED, now, account_id=account.id))
