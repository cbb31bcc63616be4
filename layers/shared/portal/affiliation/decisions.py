"""What the back office decides on an account's affiliation."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.affiliation import feed
from portal.core import identifiers
from portal.core.feed import BACK_OFFICE, notice
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.writes import Write, put, update
from portal.identity.numbers import NIR, SIRET, settle
from portal.identity.records import (
    AFFILIATION_CONFIRMED,
    AFFILIATION_REJECTED,
    Account,
    AccountChangedError,
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
    alongside: Callable[[Account], Iterable[Write]] = lambda _: (),
) -> bool:
    """Apply a decision taken at a time (milliseconds) to an account; return whether it was new.

    ``alongside`` returns what a later domain writes in the same transaction, for the account as
    decided; refused with ``AccountChangedError`` when what it read changed meanwhile.

    A decision that is not later than the stored one is ignored, as is one for an account that does
    not exist. The same decision at a later time is stored but not notified again. The reason of a
    confirmation is ignored: no text shows it.

    A confirmation gives the account the numbers that it claims (see ``identity/numbers.py``). The
    Siret that it names is that of an account without one; if the account claims another, the
    confirmation is not about that one, nor about a number that was typed after it: these stay
    claims, which another account's confirmation takes.

    Raises ``Problem(UNAVAILABLE)`` when another decision was faster in every try.
    """
    state, _ = STATES[detail_type]
    reason = reason if state == AFFILIATION_REJECTED else None
    for _ in range(_TRIES):
        account = table.get(Account, Account.key_of(id=account_id))
        # guard: decided-once: (account.affiliation_at or 0) >= => account.affiliation_at ==
        if account is None or (account.affiliation_at or 0) >= at_ms:
            return False
        is_news = (account.affiliation, account.affiliation_reason) != (state, reason)
        # guard: told-once: if is_news => if True
        news = _notice(account, detail_type, reason, at_ms) if is_news else ()
        decided = replace(
            account, affiliation=state, affiliation_at=at_ms, affiliation_reason=reason
        )
        try:
            changed = _store(table, lookup, account, decided, siret, news, alongside)
        except AccountChangedError:
            continue  # another decision came since the account was read
        return is_news or changed
    raise Problem(UNAVAILABLE, retry_after=1)


def _notice(
    account: Account, detail_type: str, reason: str | None, at_ms: int
) -> Sequence["Record"]:
    return notice(
        STATES[detail_type][1],
        account.id,
        at_ms // 1000,
        actor=BACK_OFFICE,
        about={"reason": reason} if reason else None,
    )


def _store(
    table: "Table",
    lookup: "LookupKeys",
    read: Account,
    decided: Account,
    siret: str | None,
    news: Sequence["Record"],
    alongside: Callable[[Account], Iterable[Write]],
) -> bool:
    """Store a decision and what it does to numbers; return whether it does anything to them."""
    if decided.affiliation != AFFILIATION_CONFIRMED:
        table.transact(_change(read, decided), *map(put, news), *alongside(decided))
        return False
    if siret and decided.siret is None:
        mac = identifiers.siret_mac(lookup, siret)
        decided = replace(decided, siret=siret, siret_mac=mac)
    at_ms = decided.affiliation_at or 0
    unconfirmed = _unconfirmed(decided, siret, at_ms)
    settled = settle(table, decided, {NIR, SIRET} - unconfirmed, at_ms // 1000)
    decided = replace(decided, unconfirmed=sorted(unconfirmed) or None)
    table.transact(
        _change(read, replace(decided, **settled.statuses)),
        *map(put, news),
        *settled.writes,
        *alongside(decided),
    )
    return bool(settled.statuses)


def _unconfirmed(account: Account, siret: str | None, at_ms: int) -> set[str]:
    """Return the numbers that a confirmation of that time, naming this Siret, is not about."""
    typed = account.typed or {}
    unconfirmed = {number for number, at in typed.items() if int(at) > at_ms}
    if siret is None:
        return unconfirmed
    # guard: only-the-siret-confirmed: siret == account.siret => True
    return unconfirmed - {SIRET} if siret == account.siret else unconfirmed | {SIRET}


def _change(read: Account, decided: Account) -> Write:
    """Return the write of a decision, refused when the account changed since it was read."""
    changes = {
        "affiliation": decided.affiliation,
        "affiliation_at": decided.affiliation_at,
        "affiliation_reason": decided.affiliation_reason,
        "unconfirmed": decided.unconfirmed,
        "nir_status": decided.nir_status,
        "siret": decided.siret,
        "siret_mac": decided.siret_mac,
        "siret_status": decided.siret_status,
    }
    unchanged = {
        "id": read.id,
        "affiliation_at": read.affiliation_at,
        # The numbers that were settled: the holder may have corrected them meanwhile.
        # guard: settled-numbers-only
        "nir_mac": read.nir_mac,
        "nir_status": read.nir_status,
        "siret": read.siret,
        "siret_status": read.siret_status,
    }
    return update(read.key(), changes, if_=unchanged, else_=AccountChangedError)
