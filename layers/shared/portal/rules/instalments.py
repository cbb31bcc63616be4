"""How a debt is divided into the instalments of a plan: pure, in cents."""

from datetime import date

from portal.rules.days import months_after

_EURO = 100


def divide(cents: int, remitted: int, count: int) -> list[int]:
    """Return equal instalments in whole euros, the last with the rest.

    They are those of the debt before what is remitted, which the last is short of: who does not
    keep the plan loses it. 874 € of which 57.68 € are remitted, in 7: six times 133 €, then 76 €.
    """
    each = (cents + remitted) // count // _EURO * _EURO
    return [*[each] * (count - 1), cents - each * (count - 1)]


def days_of(first_on: date, count: int) -> list[date]:
    """Return the days of instalments, a month apart."""
    return [months_after(first_on, month) for month in range(count)]
