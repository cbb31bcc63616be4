"""What is added to what is declared or paid late, in cents, half a cent up: pure.

Nothing is computed on surcharges, nor where the dated rows of ``rates.toml`` have no figure.
"""

from datetime import date, timedelta

from portal.rules.days import midnight_in_paris, months_after
from portal.rules.rates import ONE, book, part, row_on

_DAY = timedelta(days=1)
_TEN_CENTS = 10


def of_unpaid(cents: int, due_on: date) -> int:
    """Return what is added to what is unpaid when it is due (rule P4)."""
    return part(cents, _rate("unpaid", due_on))


def of_months(cents: int, due_on: date) -> int:
    """Return what is added for started months (P5), of the sum of what was unpaid as each began."""
    return part(cents, _rate("monthly", due_on))


def of_undeclared(due_on: date) -> int:
    """Return the penalty of a missing declaration (P1), rounded up to ten cents."""
    # guard: penalty-rounded-up: -( => (
    return -(-100 * _ceiling(due_on) * _rate("undeclared", due_on) // (ONE * _TEN_CENTS)) * (
        _TEN_CENTS
    )


def is_remissible(cents: int, due_on: date) -> bool:
    """Return whether surcharges are small enough to be remitted (P7): below a monthly ceiling."""
    return cents < 100 * _ceiling(due_on)


def limit_of_plans(day: date) -> int:
    """Return up to which debt a plan is agreed at once (R8): the monthly ceiling, in cents."""
    return 100 * _ceiling(day)


def month_begins(due_on: date, month: int) -> int:
    """Return when a month of delay begins, in seconds, from the second: as the day does (P9).

    What is due on 2 February has a first month that ends with 2 March.
    """
    return midnight_in_paris(months_after(due_on, month - 1) + _DAY)


def _rate(name: str, day: date) -> int:
    row = row_on(book()["surcharges"], day)
    return 0 if row is None else row[name]


def _ceiling(day: date) -> int:
    """Return the monthly ceiling of the Social Security of a day, 0 where it is not known."""
    row = row_on(book()["monthly_ceiling"], day)
    return 0 if row is None else row["euros"]
