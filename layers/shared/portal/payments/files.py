"""The bank's files of a day: each order of the day in exactly one, whatever crashes.

A run first closes the day. From then on no order joins or leaves its debits, so the files have the
same content each time they are made. A file is stored once; what a run did not do, the next does.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple

from portal.core.files import Files
from portal.core.writes import RefusedError, put_new, update
from portal.payments.book import label_of
from portal.payments.pain008 import Creditor, Line, Message, document
from portal.payments.records import DayOfDebits, Debit, Payment, Scheme
from portal.rules.days import day_in_paris, midnight_in_paris, noon_in_paris
from portal.rules.debits import bank_day_before, bank_day_from, cut_off, is_bank_day, last_final_day

if TYPE_CHECKING:
    from portal.core.table import Table

MOST = 500
"""Debits of a file."""
_SCHEMES: Sequence[Scheme] = ("core", "b2b")
_KEPT = timedelta(days=14 * 31)
_DAY = timedelta(days=1)


class UnknownFileError(Exception):
    """No file of that name was made."""


class Bank(NamedTuple):
    """What making files needs beside the table."""

    files: Files
    creditor: Creditor
    decrypt: Callable[[bytes, str], str]
    """Decrypt an IBAN for an account."""


def make_due(table: "Table", bank: Bank, now: int, days: int = 31) -> Counter[str]:
    """Make the files of every day whose cut-off passed, and that has none yet.

    Returns how many ``files`` were stored and ``debits`` were in them. A day that was missed is
    made up for, for as long as ``days``.
    """
    outcomes = Counter[str]()
    last = last_final_day(now)
    for ago in range(days, -1, -1):
        day = last - ago * _DAY
        if is_bank_day(day):
            outcomes += _make(table, bank, day, now)
    return outcomes


def reissue(table: "Table", bank: Bank, name: str, attempt: int) -> bool:
    """Store a file again under another name and reference, with the same debits.

    Returns whether it was stored: an attempt that was made before is not made again. Raises
    ``UnknownFileError``.
    """
    day, _, number = name.rpartition("-")
    closed = table.get(DayOfDebits, DayOfDebits.key_of(day=day))
    made = [*_files(table, closed)] if closed else []
    if closed is None or not number.isdecimal() or not 0 < int(number) <= len(made):
        raise UnknownFileError
    scheme, debits = made[int(number) - 1]
    content = _content(bank, closed, scheme, debits, f"{number}-R{attempt}")
    return bank.files.put_new(f"out/{name}-r{attempt}.xml", content)


def _make(table: "Table", bank: Bank, day: date, now: int) -> Counter[str]:
    closed = _close(table, day, now)
    outcomes = Counter[str]()
    if closed.done_at is not None:
        return outcomes
    for number, (scheme, debits) in enumerate(_files(table, closed), start=1):
        content = _content(bank, closed, scheme, debits, str(number))
        outcomes["files"] += bank.files.put_new(f"out/{closed.day}-{number}.xml", content)
        for debit in debits:
            _mark_sent(table, debit)
        outcomes["debits"] += len(debits)
    table.write(update(closed.key(), {"done_at": now}, if_={"closed_at": closed.closed_at}))
    return outcomes


def _close(table: "Table", day: date, now: int) -> DayOfDebits:
    """Close a day, and return it; the first run decides when its debits are collected."""
    at = DayOfDebits.key_of(day=day.isoformat())
    found = table.get(DayOfDebits, at)
    if found:
        return found
    # The bank has the file the day before; one made later asks for the next day that it can.
    in_time = now < midnight_in_paris(bank_day_before(day) + _DAY)
    collect_on = day if in_time else max(day, bank_day_from(day_in_paris(now) + _DAY))
    closed = DayOfDebits(
        day=day.isoformat(),
        closed_at=now,
        collect_on=collect_on.isoformat(),
        expires_at=noon_in_paris(day + _KEPT),
    )
    try:
        # guard: closed-before-it-is-read
        table.write(put_new(closed, else_=RefusedError))
    except RefusedError as refused:
        return DayOfDebits.from_item(refused.item) if refused.item else closed
    return closed


def _files(table: "Table", closed: DayOfDebits) -> Iterator[tuple[Scheme, Sequence[Debit]]]:
    """Yield the debits of each file of a day: core first, in the order of their ids."""
    debits = table.query(Debit, Debit.partition(day=closed.day))
    for scheme in _SCHEMES:
        of_scheme = [each for each in debits if each.scheme == scheme]
        for some in batched(of_scheme, MOST, strict=False):
            yield scheme, some


def _content(
    bank: Bank, closed: DayOfDebits, scheme: Scheme, debits: Sequence[Debit], number: str
) -> bytes:
    day = date.fromisoformat(closed.day)
    message = Message(
        f"AE-{day:%Y%m%d}-{number}", cut_off(day), date.fromisoformat(closed.collect_on), scheme
    )
    return document(message, bank.creditor, [_line(bank, each) for each in debits])


def _line(bank: Bank, debit: Debit) -> Line:
    return Line(
        id=debit.id,
        holder=debit.holder,
        iban=bank.decrypt(debit.iban_encrypted, debit.account_id),
        amount_cents=debit.amount_cents,
        rum=debit.rum,
        signed_on=date.fromisoformat(debit.signed_on),
        what=f"Cotisations {label_of(debit.code)}",
    )


def _mark_sent(table: "Table", debit: Debit) -> None:
    """Mark a payment as sent, unless the bank answered already or its account is gone."""
    at = Payment.key_of(account_id=debit.account_id, code=debit.code, number=debit.number)
    ordered = {"id": debit.id, "stage": "ordered"}
    with suppress(RefusedError):
        # guard: sent-only-if-ordered: ordered => {"id": debit.id}
        table.write(update(at, {"stage": "sent"}, if_=ordered))
