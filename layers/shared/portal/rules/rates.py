"""The dated rates and thresholds: read once from ``rates.toml``, which says the source of each.

A rate is an integer, in thousandths of a percent: 12.3 % is 12 300. So 25.6 % of 1,234 euros is
computed without a fraction that a float could not represent.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("rates.toml")
PERCENT = 1_000
"""One percent, in the unit of rates."""
ONE = 100 * PERCENT

type Row = Mapping[str, Any]
type Rows = Sequence[Row]


@cache
def book() -> Mapping[str, Any]:
    """Return the file: each table is a list of rows, the earliest first, or lists by name."""
    return tomllib.loads(FILE.read_text("utf-8"), parse_float=_thousandths)  # pyright: ignore[reportArgumentType]


def row_on(rows: Rows, day: date) -> Row | None:
    """Return the row that holds on a day: the last that began, if it has not ended."""
    found = next((row for row in reversed(rows) if row["from"] <= day), None)
    return None if found is None or found.get("until", day) < day else found


def are_known(day: date) -> bool:
    """Return whether the rates of a period that begins on a day are decided and read."""
    return book()["contributions"][0]["from"] <= day <= book()["known"]["until"]


def percent(rate: int) -> str:
    """Return a rate as it is written in percent: « 12.3 », « 22 », « 0.044 »."""
    whole, rest = divmod(rate, PERCENT)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")


def part(euros: int, rate: int) -> int:
    """Return a rate of an amount, to the nearest euro, half a euro up."""
    # guard: half-up: ONE // 2 => 0
    return (euros * rate + ONE // 2) // ONE


def _thousandths(text: str) -> int:
    """Return a rate written in percent; raises ``ValueError`` for more than three decimals."""
    whole, _, rest = text.partition(".")
    if len(rest) > len("000"):
        raise ValueError(text)
    return int(whole) * PERCENT + int(rest.ljust(3, "0"))
