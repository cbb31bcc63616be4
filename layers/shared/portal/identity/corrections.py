"""Corrections of names, NIR and Siret: by oneself while they are claims, else by the back office.

Until an affiliation is confirmed, names and numbers are what the person typed: they may type them
again, under a fresh proof, and a number is claimed as at a sign-up. What the back office confirmed
is corrected by its event only, which names the proof.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.core import identifiers
from portal.core.confidential import Confidential
from portal.core.feed import Kind, entry
from portal.core.limits import MailLimit, MailLimitedError, MailTimes, Rate, take
from portal.core.outbox import Outgoing
from portal.core.problems import THROTTLED, UNAVAILABLE, Problem
from portal.core.records import DAY
from portal.core.writes import Write, delete, put, update
from portal.identity import feed
from portal.identity.numbers import NIR, SIRET, claims, number_notice, status_at_birth
from portal.identity.problems import IDENTITY_CONFIRMED
from portal.identity.profile import read_account
from portal.identity.records import (
    AFFILIATION_CONFIRMED,
    OWN,
    Account,
    AccountChangedError,
    Identifier,
    NirTakenError,
    SiretHolder,
    SiretTakenError,
)
from portal.rules.nir import mask_nir

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.keyring import LookupKeys
    from portal.core.records import Record
    from portal.core.table import Table

_TRIES = 5
_KIND = "identity-correction"
# guard: three-corrections-a-day: 3 => 30
_A_DAY = 3
"""Each shows whether an account has a number: no more of them than new accounts would."""
_WORDS = {
    "last_name": "nom",
    "first_name": "prénom",
    NIR: "n°\u00a0de Sécurité sociale",
    SIRET: "Siret",
}
_STORED = (
    *("last_name", "first_name", "nir_mac", "nir_masked", "nir_encrypted", "nir_status"),
    *("siret", "siret_mac", "siret_status", "corrected", "typed", "unconfirmed"),
)
_READ = (
    *("id", "affiliation", "last_name", "first_name", "nir_mac", "nir_status"),
    *("siret_mac", "siret_status", "corrected"),
)

type Encrypt = Callable[[str, str], bytes]
"""Encrypts a NIR for the account of an id."""


class Correction(Confidential, frozen=True, kw_only=True):
    """What to correct, already validated; ``None`` for what stays."""

    last_name: str | None = None
    first_name: str | None = None
    nir: str | None = None
    siret: str | None = None


def correct_own(
    table: "Table",
    lookup: "LookupKeys",
    encrypt_nir: Encrypt,
    acting: "Acting",
    wanted: Correction,
) -> None:
    """Correct what a person typed about themselves; does nothing when nothing changes.

    A number that another account has is claimed, as at a sign-up. Raises ``Problem``:
    ``IDENTITY_CONFIRMED`` once the affiliation is confirmed, ``THROTTLED`` after three corrections
    in a day, ``UNAVAILABLE`` when other changes were faster in every try.
    """
    taken: set[str] = set()
    limit = MailLimit(acting.account_id, _KIND, (Rate(_A_DAY, DAY),))
    for _ in range(_TRIES):
        account = read_account(table, acting)
        # guard: confirmed-is-not-typed-again: account.affiliation == => None ==
        if account.affiliation == AFFILIATION_CONFIRMED:
            raise Problem(IDENTITY_CONFIRMED)
        new = corrected(lookup, encrypt_nir, account, wanted)
        what = changed(account, new)
        if not what:
            return
        try:
            table.transact(*_own(account, new, taken, acting, what), take(limit, acting.at))
        except NirTakenError:
            taken.add(NIR)
        except SiretTakenError:
            taken.add(SIRET)
        except AccountChangedError:
            continue
        except MailLimitedError as limited:
            raise Problem(THROTTLED, retry_after=_wait(limited, acting.at)) from None
        else:
            return
    raise Problem(UNAVAILABLE, retry_after=1)


def _wait(limited: MailLimitedError, now: int) -> int:
    """Return the seconds until a further correction is accepted: a day after the third last one."""
    first = MailTimes.from_item(limited.item).sent3 if limited.item else None
    return max(1, (first or now) + DAY - now)


def _own(
    account: Account, new: Account, taken: Collection[str], acting: "Acting", what: Sequence[str]
) -> Iterator[Write]:
    nir_mac = new.nir_mac if NIR in what else None
    siret_mac = new.siret_mac if SIRET in what else None
    if nir_mac:
        new = replace(new, nir_status=status_at_birth(nir_mac, taken=NIR in taken))
    if siret_mac:
        new = replace(new, siret_status=status_at_birth(siret_mac, taken=SIRET in taken))
    # guard: typed-after-the-decision: acting.at => 0
    times = {number: str(1000 * acting.at) for number in (NIR, SIRET) if number in what}
    yield store(account, replace(new, typed={**(account.typed or {}), **times}))
    yield from released(account, new)
    yield from claims(account.id, nir_mac, siret_mac, taken)
    told = correction_notice(feed.IDENTITY_CORRECTED, account.id, what, acting.at, acting.actor_id)
    yield from map(put, told)
    if taken:
        claimed = number_notice(
            feed.NUMBER_CLAIMED, account.id, taken, acting.at, actor=acting.actor_id
        )
        yield from map(put, claimed)


def corrected(
    lookup: "LookupKeys", encrypt_nir: Encrypt, account: Account, wanted: Correction
) -> Account:
    """Return the account with what is wanted; a number that changes has no status yet."""
    new = replace(
        account,
        last_name=wanted.last_name or account.last_name,
        first_name=wanted.first_name or account.first_name,
    )
    nir_mac = wanted.nir and identifiers.nir_mac(lookup, wanted.nir)
    if wanted.nir and nir_mac != account.nir_mac:
        new = replace(
            new,
            nir_mac=nir_mac,
            nir_masked=mask_nir(wanted.nir),
            nir_encrypted=encrypt_nir(wanted.nir, account.id),
            nir_status=None,
        )
    if wanted.siret and wanted.siret != account.siret:
        mac = identifiers.siret_mac(lookup, wanted.siret)
        new = replace(new, siret=wanted.siret, siret_mac=mac, siret_status=None)
    return new


def changed(account: Account, new: Account) -> Sequence[str]:
    """Return the names of what differs."""
    pairs = {
        "last_name": (account.last_name, new.last_name),
        "first_name": (account.first_name, new.first_name),
        NIR: (account.nir_mac, new.nir_mac),
        SIRET: (account.siret_mac, new.siret_mac),
    }
    return [name for name, (before, after) in pairs.items() if before != after]


def store(account: Account, new: Account) -> Write:
    """Return the write of a correction, refused with ``AccountChangedError`` if it changed."""
    read = {name: getattr(account, name) for name in _READ}
    changes = {name: getattr(new, name) for name in _STORED}
    return update(account.key(), changes, if_=read, else_=AccountChangedError)


def released(account: Account, new: Account) -> Iterator[Write]:
    """Yield the writes by which an account gives back the numbers that it had and has no more."""
    own = {"account_id": account.id}
    if account.nir_mac and account.nir_status == OWN and account.nir_mac != new.nir_mac:
        # guard: former-nir-is-free
        yield delete(Identifier.key_of(mac=account.nir_mac), if_=own, else_=AccountChangedError)
    if account.siret_mac and account.siret_status == OWN and account.siret_mac != new.siret_mac:
        yield delete(SiretHolder.key_of(mac=account.siret_mac), if_=own, else_=AccountChangedError)


def correction_notice(
    kind: Kind, account_id: str, what: Sequence[str], now: int, actor: str, proof: str = ""
) -> "Sequence[Record]":
    """Return the entry of a correction and its mail; neither has a value that was typed."""
    named = ", ".join(_WORDS[each] for each in what)
    shown = entry(kind, account_id, now, actor=actor, about={"what": named, "proof": proof})
    return shown, Outgoing.new(kind.name, now, account_id=account_id, what=named)
