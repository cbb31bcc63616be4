"""A person's own account: read and changed."""

from typing import TYPE_CHECKING

from portal.core.feed import notice_of
from portal.core.problems import UNAUTHENTICATED, Problem
from portal.core.writes import Write, put, update
from portal.identity import feed
from portal.identity.opening import Holder, read_holder
from portal.identity.records import Account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.core.acting import Acting
    from portal.core.records import Value
    from portal.core.table import Table


def read_account(table: "Table", acting: "Acting") -> Account:
    """Return the account; raises ``Problem(UNAUTHENTICATED)`` when it is gone."""
    account = table.get(Account, Account.key_of(id=acting.account_id))
    if account is None:
        raise Problem(UNAUTHENTICATED)
    return account


def read_profile(table: "Table", acting: "Acting") -> Holder:
    """Return the account and its credentials; raises ``Problem(UNAUTHENTICATED)`` without."""
    holder = read_holder(table, acting.account_id)
    if holder is None:
        raise Problem(UNAUTHENTICATED)
    return holder


def change_phone(table: "Table", acting: "Acting", mobile_phone: str) -> None:
    """Replace the mobile number."""
    table.transact(
        change(acting.account_id, {"mobile_phone": mobile_phone}),
        *map(put, notice_of(feed.PHONE_CHANGED, acting)),
    )


def change(account_id: str, changes: "Mapping[str, Value]") -> Write:
    """Return the write that changes an account.

    Refused with ``Problem(UNAUTHENTICATED)`` when the account is gone, and its sessions with it.
    """
    gone = Problem(UNAUTHENTICATED)
    return update(Account.key_of(id=account_id), changes, if_={"id": account_id}, else_=gone)
