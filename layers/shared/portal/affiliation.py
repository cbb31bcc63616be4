"""What the back office says of an account's affiliation."""

from msgspec.structs import replace

from portal import activity, identifiers
from portal.items import (
    AFFILIATION_CONFIRMED,
    AFFILIATION_REJECTED,
    Account,
    Outgoing,
    SiretHolder,
)
from portal.keys import Keyring
from portal.table import ConditionFailedError, Table

STATES = {
    "AffiliationConfirmed": (AFFILIATION_CONFIRMED, activity.AFFILIATION_CONFIRMED),
    "AffiliationRejected": (AFFILIATION_REJECTED, activity.AFFILIATION_REJECTED),
}
"""Detail type of the event: state of the account, kind of the feed's entry and of the mail."""


def decide(
    table: Table,
    lookup: Keyring,
    detail_type: str,
    account_id: str,
    siret: str | None,
    reason: str | None,
    at_ms: int,
) -> bool:
    """Apply a decision taken at a time (milliseconds) to an account; tell whether it changed.

    Twice the same, late after a newer one, or for an account that does not exist: nothing
    happens. A Siret that another account holds is left aside.
    """
    state, kind = STATES[detail_type]
    account = table.get(Account, Account.key_of(account_id))
    if account is None:
        return False
    decided = replace(account, affiliation=state, affiliation_at=at_ms, affiliation_reason=reason)
    records = (
        activity.entry(
            account_id,
            kind,
            at_ms // 1000,
            actor=activity.BACK_OFFICE,
            is_agent=account.is_agent,
            reason=reason,
        ),
        Outgoing.new(kind, at_ms // 1000, account_id=account_id),
    )
    if siret and account.siret is None:
        mac = identifiers.siret_mac(lookup, siret)
        holder = SiretHolder(mac=mac, account_id=account_id)
        try:
            with_siret = replace(decided, siret=siret, siret_mac=mac)
            return table.set_affiliation(with_siret, holder, *records)
        except ConditionFailedError:
            pass
    return table.set_affiliation(decided, None, *records)
