"""NIR and Siret: claims, until the back office confirms the affiliation of who makes them.

The first account that claims a number has it. A later one is created alike, without it. When that
one is confirmed it gets the number, unless the account that has it is confirmed with it too:
then the dispute is published, for people to decide. So nobody can keep a number from its holder by
typing it first, and a holder who was confirmed with it never loses it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from portal.core.feed import BACK_OFFICE, Kind, entry
from portal.core.outbox import Outgoing
from portal.core.records import FOREVER
from portal.core.writes import Write, put, put_new, update
from portal.identity import events, feed
from portal.identity.records import (
    CLAIMED,
    DISPUTED,
    OWN,
    Account,
    AccountChangedError,
    Identifier,
    NirTakenError,
    SiretHolder,
    SiretTakenError,
)

if TYPE_CHECKING:
    from portal.core.records import Record
    from portal.core.table import Table

NIR = "nir"
SIRET = "siret"
_WORDS = {NIR: "N°\u00a0de Sécurité sociale", SIRET: "Siret"}


class Settled(Struct, frozen=True):
    """What a confirmation does to the numbers that an account claims."""

    statuses: Mapping[str, str]
    """The attributes of the account that change."""
    writes: Sequence[Write] = field(default_factory=list[Write])
    """Those of the numbers, of the accounts that lose them, and what is told."""


def claims(
    account_id: str, nir_mac: str | None, siret_mac: str | None, taken: Collection[str]
) -> Iterator[Write]:
    """Yield the writes that give an account the numbers it claims, except those ``taken``.

    Refused with ``NirTakenError`` or ``SiretTakenError`` when another account has one.
    """
    if nir_mac and NIR not in taken:
        yield Identifier(mac=nir_mac, account_id=account_id).claim(else_=NirTakenError)
    if siret_mac and SIRET not in taken:
        holder = SiretHolder(mac=siret_mac, account_id=account_id)
        # guard: one-account-per-siret: put_new => put
        yield put_new(holder, else_=SiretTakenError)


def status_at_birth(mac: str | None, *, taken: bool) -> str | None:
    """Return the status of a number that a new account claims, ``None`` without a number."""
    if mac is None:
        return None
    return CLAIMED if taken else OWN


def words(numbers: Collection[str]) -> str:
    """Return the French names of numbers, in one line."""
    return " et ".join(_WORDS[each] for each in (NIR, SIRET) if each in numbers)


def number_notice(
    kind: Kind, account_id: str, numbers: Collection[str], now: int, *, actor: str
) -> "Sequence[Record]":
    """Return the entry of what happened to some numbers, and its mail if it has one."""
    named = words(numbers)
    shown = entry(kind, account_id, now, actor=actor, about={"numbers": named})
    if kind.mail is None:
        return (shown,)
    return shown, Outgoing.new(kind.name, now, account_id=account_id, numbers=named)


def settle(table: "Table", account: Account, confirmed: Collection[str], now: int) -> Settled:
    """Return what the confirmation of an account does to the ``confirmed`` numbers it claims.

    A number is taken from an account that is not confirmed with it. Its writes are refused with
    ``AccountChangedError`` when a holder changed meanwhile.
    """
    statuses: dict[str, str] = {}
    writes: list[Write] = []
    losers: dict[str, tuple[Account, list[str]]] = {}
    disputed: dict[str, list[str]] = {}
    for number, mac, status in _claimed(account):
        if number not in confirmed:
            continue
        had_by, holder = _holder(table, number, mac)
        # guard: a-confirmed-holder-keeps-it: holder.is_confirmed_with(number) => False
        if holder and holder.is_confirmed_with(number):
            if status != DISPUTED:
                disputed.setdefault(holder.id, []).append(number)
                statuses[f"{number}_status"] = DISPUTED
            continue
        statuses[f"{number}_status"] = OWN
        writes.append(_move(number, mac, had_by, account.id))
        if holder:
            losers.setdefault(holder.id, (holder, []))[1].append(number)
    gained = [number for number, _, status in _claimed(account) if status and
              statuses.get(f"{number}_status") == OWN]  # fmt: skip
    news: list[Record] = []
    if gained:
        news += number_notice(feed.NUMBER_GAINED, account.id, gained, now, actor=BACK_OFFICE)
    for holder, lost in losers.values():
        writes.append(_lose(holder, lost))
        news += number_notice(feed.NUMBER_LOST, holder.id, lost, now, actor=BACK_OFFICE)
    for holder_id, both in disputed.items():
        news += number_notice(feed.NUMBER_DISPUTED, account.id, both, now, actor=BACK_OFFICE)
        news.append(
            Outgoing.new(
                events.NUMBER_DISPUTED, now, account_id=account.id, holder_account_id=holder_id
            )
        )
    return Settled(statuses, [*writes, *map(put, news)])


def _claimed(account: Account) -> Iterator[tuple[str, str, str | None]]:
    """Yield name, hash and status of each number that an account claims and does not have."""
    if account.nir_mac and account.nir_status != OWN:
        yield NIR, account.nir_mac, account.nir_status
    if account.siret_mac and account.siret_status != OWN:
        yield SIRET, account.siret_mac, account.siret_status


def _holder(table: "Table", number: str, mac: str) -> tuple[str | None, Account | None]:
    """Return the id under which a number is stored, and that account if there is one."""
    kind = Identifier if number == NIR else SiretHolder
    found = table.get(kind, kind.key_of(mac=mac))
    had_by = found and found.account_id
    holder = table.get(Account, Account.key_of(id=had_by)) if had_by else None
    return had_by, holder


def _move(number: str, mac: str, had_by: str | None, account_id: str) -> Write:
    """Return the write that gives a number to an account, from ``had_by`` if that has it still."""
    # guard: one-number-one-holder: {"account_id": had_by} => {}
    still = {"account_id": had_by}
    if number == SIRET:
        holder = SiretHolder(mac=mac, account_id=account_id)
        return put(holder, if_=still, else_=AccountChangedError)
    changes = {
        "mac": mac,
        "account_id": account_id,
        "failures": 0,
        "attempted_at": None,
        "expires_at": FOREVER,
        "kept_until": FOREVER,
    }
    return update(Identifier.key_of(mac=mac), changes, if_=still, else_=AccountChangedError)


def _lose(holder: Account, lost: Collection[str]) -> Write:
    """Return the write by which an unconfirmed account loses numbers, refused if it changed."""
    read = {
        "id": holder.id,
        "affiliation": holder.affiliation,
        "unconfirmed": holder.unconfirmed,
        "nir_status": holder.nir_status,
        "siret_status": holder.siret_status,
    }
    changes = {f"{number}_status": CLAIMED for number in lost}
    return update(holder.key(), changes, if_=read, else_=AccountChangedError)
