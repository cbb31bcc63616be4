"""What the back office decides on an account's affiliation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.affiliation import feed
from portal.core import identifiers
from portal.core.feed import BACK_OFFICE, notice
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.writes import Write, put, put_new, update
from portal.identity.records import (
    AFFILIATION_CONFIRMED,
    AFFILIATION_REJECTED,
    Account,
    AccountChangedError,
    IdentityTakenError,
    SiretHolder,
)

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys
    from portal.core.records import Record
    from portal.core.table import Table

STATES = {
    "AffiliationConfirmed": (AFFILIATION_CONFIRMED, feed.AFFILIATION_CONFIRMED),
    "AffiliationRejected": (AFFILIATION_REJECTED, feed.AFFILIATION_REJECTED),
}
"""By detail type of the event: the state of the account and the kind of its notice."""


_TRIES = 5


def decide(
    table: "Table",
    lookup: "LookupKeys",
    detail_type: str,
    account_id: str,
    siret: str | None,
    reason: str | None,
    at_ms: int,
) -> bool:
    """Apply a decision taken at a time (milliseconds) to an account; return whether it was new.

    A decision that is not later than the stored one is ignored, as is one for an account that does
    not exist. The same decision at a later time is stored but not notified again. A Siret that
    another account has is ignored, as is the reason of a confirmation, which no text shows.

    Raises ``Problem(UNAVAILABLE)`` when another decision was faster in every try.
    """
    state, kind = STATES[detail_type]
    reason = reason if state == AFFILIATION_REJECTED else None
    for _ in range(_TRIES):
        account = table.get(Account, Account.key_of(id=account_id))
        # guard: decided-once: (account.affiliation_at or 0) >= => account.affiliation_at ==
        if account is None or (account.affiliation_at or 0) >= at_ms:
            return False
        is_news = (account.affiliation, account.affiliation_reason) != (state, reason)
        news = (
            notice(
                kind,
                account.id,
                at_ms // 1000,
                actor=BACK_OFFICE,
                about={"reason": reason} if reason else None,
            )
            # guard: told-once: if is_news => if True
            if is_news
            else ()
        )
        decided = replace(
            account, affiliation=state, affiliation_at=at_ms, affiliation_reason=reason
        )
        try:
            _store(table, lookup, account, decided, siret, news)
        except AccountChangedError:
            continue  # another decision came since the account was read
        return is_news
    raise Problem(UNAVAILABLE, retry_after=1)


def _store(
    table: "Table",
    lookup: "LookupKeys",
    read: Account,
    decided: Account,
    siret: str | None,
    news: Sequence["Record"],
) -> None:
    """Store a decision, with the Siret if the account has none and nobody else has it."""
    if siret and read.siret is None:
        mac = identifiers.siret_mac(lookup, siret)
        holder = SiretHolder(mac=mac, account_id=read.id)
        with_siret = replace(decided, siret=siret, siret_mac=mac)
        try:
            table.transact(
                _change(read, with_siret),
                *map(put, news),
                put_new(holder, else_=IdentityTakenError),
            )
        except IdentityTakenError:
            pass
        else:
            return
    table.transact(_change(read, decided), *map(put, news))


def _change(read: Account, decided: Account) -> Write:
    """Return the write of a decision, refused when another came since the account was read."""
    changes = {
        "affiliation": decided.affiliation,
        "affiliation_at": decided.affiliation_at,
        "affiliation_reason": decided.affiliation_reason,
        "siret": decided.siret,
        "siret_mac": decided.siret_mac,
    }
    unchanged = {"id": read.id, "affiliation_at": read.affiliation_at}
    return update(read.key(), changes, if_=unchanged, else_=AccountChangedError)
