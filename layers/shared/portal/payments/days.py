"""The days of debits: open to orders and cancellations until the bank's files of a day are made."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portal.core.writes import Expr, RefusedError, Write, check
from portal.core.writes import delete as remove
from portal.payments.records import DayOfDebits, Debit, Payment

if TYPE_CHECKING:
    from datetime import date


class DayClosedError(RefusedError):
    """The files of the day are being made, or were."""


def while_day_open(day: "date") -> Write:
    """Return the check that the files of a day were not begun; refused with ``DayClosedError``."""
    at = DayOfDebits.key_of(day=day.isoformat())
    # guard: closed-day-does-not-change: attribute_not_exists(pk) => attribute_not_exists(nothing)
    return check(at, if_=Expr("attribute_not_exists(pk)"), else_=DayClosedError)


def withdrawn(payment: Payment) -> Iterator[Write]:
    """Yield the writes that take a payment out of the debits of its day, while that is open."""
    day = payment.debit_on
    yield while_day_open(day)
    yield remove(Debit.key_of(day=day.isoformat(), id=payment.id))
