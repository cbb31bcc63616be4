"""The days of direct debits, and until when one can be changed: pure.

A debit falls on a day on which banks settle in euros (TARGET): not those of the French calendar,
14 July is one of them. Its file is at the bank the day before, so an order is final at noon in
Paris of the last such day before the debit.
"""

from datetime import date, timedelta
from functools import cache

from portal.rules.days import day_in_paris, easter, noon_in_paris

_DAY = timedelta(days=1)
_SATURDAY = 5
_CLOSED = ((1, 1), (5, 1), (12, 25), (12, 26))
# Good Friday and Easter Monday, in days from Easter.
_FROM_EASTER = (-2, 1)
# guard: two-bank-days: 2 => 1
_EARLIEST = 2
"""Bank days from an order to its debit when the due day can no longer be met."""


def is_bank_day(day: date) -> bool:
    """Return whether banks settle debits in euros on a day (TARGET)."""
    return day.weekday() < _SATURDAY and day not in _closed(day.year)


def bank_day_from(day: date) -> date:
    """Return a day itself if banks settle then, else the next day on which they do."""
    while not is_bank_day(day):
        day += _DAY
    return day


def bank_day_before(day: date) -> date:
    """Return the last day before a day on which banks settle."""
    day -= _DAY
    while not is_bank_day(day):
        day -= _DAY
    return day


def cut_off(debit_on: date) -> int:
    """Return from when a debit of a day is final, in seconds since the epoch."""
    return noon_in_paris(bank_day_before(debit_on))


def debit_day(due_on: date, now: int) -> tuple[date, bool]:
    """Return when an order given at a time is debited, and whether it is too late for the due day.

    On the due day, or the next bank day, however early it is ordered. Once that is final: two bank
    days after the order.
    """
    wanted = bank_day_from(due_on)
    # guard: cut-off-at-noon: now < cut_off(wanted) => now <= cut_off(wanted)
    if now < cut_off(wanted):
        return wanted, False
    day = day_in_paris(now)
    for _ in range(_EARLIEST):
        day = bank_day_from(day + _DAY)
    return day, True


def last_final_day(now: int) -> date:
    """Return the last day whose debits are final at a time."""
    day = bank_day_from(day_in_paris(now))
    while cut_off(following := bank_day_from(day + _DAY)) <= now:
        day = following
    return day if cut_off(day) <= now else bank_day_before(day)


@cache
def _closed(year: int) -> frozenset[date]:
    sunday = easter(year)
    return frozenset(
        [
            *(date(year, month, day) for month, day in _CLOSED),
            *(sunday + days * _DAY for days in _FROM_EASTER),
        ]
    )
