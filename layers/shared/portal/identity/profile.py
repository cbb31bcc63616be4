"""A person's own account: read and changed."""

from typing import TYPE_CHECKING

from portal.core.feed import notice_of
from portal.core.problems import UNAUTHENTICATED, Problem
from portal.core.records import Record
from portal.core.writes import Write, put, update
from portal.identity import feed
from portal.identity.records import Account, Credentials

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


def read_profile[R: Record](
    table: "Table", acting: "Acting", beside: type[R]
) -> tuple[Account, Credentials, R | None]:
    """Return the account, its credentials and its record of another kind, in one round trip.

    Raises ``Problem(UNAUTHENTICATED)`` when the account is gone.
    """
    account, credentials, other = table.get_several(
        (Account, Account.key_of(id=acting.account_id)),
        (Credentials, Credentials.key_of(account_id=acting.account_id)),
        (beside, beside.key_of(account_id=acting.account_id)),
    )
    if account is None or credentials is None:
        raise Problem(UNAUTHENTICATED)
    return account, credentials, other


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
