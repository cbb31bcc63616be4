"""What the bank answers is applied: once, in any order, as often as it is told.

A report is applied whole or not at all: each of its movements must be of a debit of our files, with
its amount to the cent. A settlement that is told after the return does not undo it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from portal.core.feed import PORTAL
from portal.core.outbox import Outgoing
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.writes import Write, put, update
from portal.payments import events, feed
from portal.payments.cancelling import OvertakenError
from portal.payments.records import DayOfDebits, Debit, Payment, day_of
from portal.payments.report_reading import Movement, NotUnderstoodError
from portal.payments.returns import return_of

if TYPE_CHECKING:
    from portal.core.table import Table

_TRIES = 5
_ID = re.compile(r"[0-9]{8}[0-9a-f]{22}")


class _Known(NamedTuple):
    """A movement, and the debit that it is about."""

    movement: Movement
    debit: Debit


def apply(table: "Table", movements: Sequence[Movement], now: int) -> Counter[str]:
    """Apply what a report says; return how many payments are ``settled`` or ``returned`` by it.

    Others were ``known``, or are of an account that is ``gone``. Raises ``NotUnderstoodError``
    before anything is applied.
    """
    days = dict[date, bool]()
    known = [_known(table, each, days) for each in movements]
    return Counter(_apply(table, each, now) for each in known)


def _known(table: "Table", movement: Movement, days: dict[date, bool]) -> _Known:
    """Return the debit of a movement; raises ``NotUnderstoodError`` when it is not one of ours."""
    try:
        day = day_of(movement.id) if _ID.fullmatch(movement.id) else None
    except ValueError:
        day = None
    if day is None:
        raise NotUnderstoodError("another-debit")
    if day not in days:
        days[day] = bool(table.get(DayOfDebits, DayOfDebits.key_of(day=day.isoformat())))
    # guard: answered-once-sent: days[day] => True
    debit = days[day] and table.get(Debit, Debit.key_of(day=day.isoformat(), id=movement.id))
    if not debit:
        raise NotUnderstoodError("another-debit")
    # guard: amount-to-the-cent: debit.amount_cents != movement.amount_cents => False
    if debit.amount_cents != movement.amount_cents:
        raise NotUnderstoodError("another-amount")
    return _Known(movement, debit)


def _apply(table: "Table", known: _Known, now: int) -> str:
    debit, reason = known.debit, known.movement.reason
    at = Payment.key_of(account_id=debit.account_id, code=debit.code, number=debit.number)
    for _ in range(_TRIES):
        payment = table.get(Payment, at)
        if payment is None:
            return "gone"
        writes = [*(_settle(payment, now) if reason is None else _return(payment, reason, now))]
        if not writes:
            return "known"
        try:
            table.transact(*writes)
        except OvertakenError:
            continue
        return "settled" if reason is None else "returned"
    raise Problem(UNAVAILABLE, retry_after=1)


def _settle(payment: Payment, now: int) -> Iterator[Write]:
    """Yield the writes by which a payment is settled; none when that is known."""
    if payment.settled_at is not None:
        return
    # guard: return-is-not-undone: payment.stage == "returned" => False
    if payment.stage == "returned":
        yield _change(payment, {"settled_at": payment.ended_at})
        return
    yield _change(payment, {"stage": "settled", "settled_at": now})
    yield from feed.told(feed.PAYMENT_SETTLED, events.PAYMENT_SETTLED, payment, now, actor=PORTAL)


def _return(payment: Payment, reason: str, now: int) -> Iterator[Write]:
    """Yield the writes by which a payment comes back; none when it did."""
    # guard: returned-once: payment.stage == "returned" => False
    if payment.stage == "returned":
        return
    meaning = return_of(reason)
    yield _change(payment, {"stage": "returned", "reason": reason, "ended_at": now})
    yield from feed.told(
        feed.PAYMENT_RETURNED,
        events.PAYMENT_RETURNED,
        payment,
        now,
        actor=PORTAL,
        why=f"{meaning.why} {meaning.then}",
    )
    if meaning.ends == "account":
        yield put(Outgoing.new(events.PAYMENTS_FROZEN, now, account_id=payment.account_id))


def _change(payment: Payment, changes: dict[str, str | int | None]) -> Write:
    """Return the write that changes a payment, refused when it changed since it was read."""
    unchanged = {"id": payment.id, "stage": payment.stage, "settled_at": payment.settled_at}
    return update(payment.key(), changes, if_=unchanged, else_=OvertakenError)
