"""What the back office says of an account's affiliation."""

from collections.abc import Sequence

from msgspec.structs import replace

from portal import activity, identifiers
from portal.items import (
    AFFILIATION_CONFIRMED,
    AFFILIATION_REJECTED,
    Account,
    Outgoing,
    Record,
    SiretHolder,
)
from portal.keys import Keyring
from portal.problems import UNAVAILABLE, Problem
from portal.table import ConditionFailedError, Table

STATES = {
    "AffiliationConfirmed": (AFFILIATION_CONFIRMED, activity.AFFILIATION_CONFIRMED),
    "AffiliationRejected": (AFFILIATION_REJECTED, activity.AFFILIATION_REJECTED),
}
"""Detail type of the event: state of the account, kind of the feed's entry and of the mail."""


_TRIES = 5


def decide(
    table: Table,
    lookup: Keyring,
    detail_type: str,
    account_id: str,
    siret: str | None,
    reason: str | None,
    at_ms: int,
) -> bool:
    """Apply a decision taken at a time (milliseconds) to an account; tell whether it was news.

    Not later than the one known, or for an account that does not exist: nothing happens. Said
    again later, it is told no second time. A Siret that another account holds is left aside, as
    is the reason of a confirmation, which no text tells.

    Raises ``Problem(UNAVAILABLE)`` when other decisions were always faster.
    """
    state, kind = STATES[detail_type]
    reason = reason if state == AFFILIATION_REJECTED else None
    for _ in range(_TRIES):
        account = table.get(Account, Account.key_of(account_id))
        if account is None or (account.affiliation_at or 0) >= at_ms:
            return False
        is_news = (account.affiliation, account.affiliation_reason) != (state, reason)
        news = _tell(account, kind, reason, at_ms // 1000) if is_news else ()
        decided = replace(
            account, affiliation=state, affiliation_at=at_ms, affiliation_reason=reason
        )
        if _store(table, lookup, account, decided, siret, news):
            return is_news
    raise Problem(UNAVAILABLE, retry_after=1)


def _tell(account: Account, kind: str, reason: str | None, at: int) -> Sequence[Record]:
    """Return what tells of a decision: in the feed and by mail."""
    entry = activity.entry(
        account.id,
        kind,
        at,
        actor=activity.BACK_OFFICE,
        is_agent=account.is_agent,
        reason=reason,
    )
    return entry, Outgoing.new(kind, at, account_id=account.id)


def _store(
    table: Table,
    lookup: Keyring,
    read: Account,
    decided: Account,
    siret: str | None,
    news: Sequence[Record],
) -> bool:
    """Store a decision, with the Siret if the account has none and nobody else has it."""
    if siret and read.siret is None:
        mac = identifiers.siret_mac(lookup, siret)
        holder = SiretHolder(mac=mac, account_id=read.id)
        try:
            with_siret = replace(decided, siret=siret, siret_mac=mac)
            return table.set_affiliation(read, with_siret, holder, *news)
        except ConditionFailedError:
            pass
    return table.set_affiliation(read, decided, None, *news)
