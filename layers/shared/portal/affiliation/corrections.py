"""What the back office corrects of an account's identity, with a proof."""

from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from portal.core.feed import BACK_OFFICE
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.writes import put
from portal.identity.corrections import (
    Correction,
    Encrypt,
    changed,
    corrected,
    correction_notice,
    released,
    store,
)
from portal.identity.feed import IDENTITY_CORRECTED_WITH_PROOF
from portal.identity.numbers import NIR, SIRET, settle
from portal.identity.records import Account, AccountChangedError

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys
    from portal.core.table import Table

_TRIES = 5


def correct_with_proof(
    table: "Table",
    lookup: "LookupKeys",
    encrypt_nir: Encrypt,
    account_id: str,
    wanted: Correction,
    proof: str,
    at_ms: int,
) -> bool:
    """Apply a correction decided at a time (milliseconds); return whether it changed anything.

    What was corrected at the same time or later is left, as is an account that does not exist. A
    number is the account's from then on, as by a confirmation (see ``identity/numbers.py``): an
    account that is not confirmed loses it; a confirmed one keeps it, and the dispute is published.

    Raises ``Problem(UNAVAILABLE)`` when other changes were faster in every try.
    """
    now = at_ms // 1000
    for _ in range(_TRIES):
        account = table.get(Account, Account.key_of(id=account_id))
        if account is None:
            return False
        due = _due(account, wanted, at_ms)
        if not due:
            return False
        new = corrected(lookup, encrypt_nir, account, Correction(**due))
        what = changed(account, new)
        settled = settle(table, new, {NIR, SIRET} & due.keys(), now)
        proved = {
            "corrected": {**(account.corrected or {}), **dict.fromkeys(due, str(at_ms))},
            "unconfirmed": [n for n in account.unconfirmed or () if n not in due] or None,
        }
        told = correction_notice(
            IDENTITY_CORRECTED_WITH_PROOF, account.id, what, now, BACK_OFFICE, proof
        )
        try:
            table.transact(
                store(account, replace(new, **proved, **settled.statuses)),
                *released(account, new),
                *settled.writes,
                *(map(put, told) if what else ()),
            )
        except AccountChangedError:
            continue
        return bool(what or settled.statuses)
    raise Problem(UNAVAILABLE, retry_after=1)


def _due(account: Account, wanted: Correction, at_ms: int) -> dict[str, str]:
    """Return the values that were not corrected at that time or later."""
    before = account.corrected or {}
    return {
        name: value
        for name, value in asdict(wanted).items()
        # guard: corrected-once: < at_ms => < at_ms + 1
        if value and int(before.get(name, 0)) < at_ms
    }
