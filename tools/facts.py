"""``python -m tools.facts``: list the facts and rates whose source was not read for a year."""

import sys
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "functions" / "web" / "content" / "faits.toml"
RATES = ROOT / "layers" / "shared" / "portal" / "rules" / "rates.toml"
YEAR = timedelta(days=365)

type Rows = Mapping[str, Mapping[str, Any]]


def read() -> Rows:
    """Return the facts by name: ``texte``, ``source`` and ``lu``, the day of the last reading."""
    return tomllib.loads(FILE.read_text())


def read_rates() -> Rows:
    """Return the rows of the rates and thresholds, in the form of facts, by table and first day."""
    found: dict[str, Mapping[str, Any]] = {}
    tables: list[tuple[str, Any]] = list(tomllib.loads(RATES.read_text()).items())
    for name, table in tables:
        if "read" in table:
            found[f"{name} {table['until']}"] = _as_fact(table)
        elif isinstance(table, dict):
            tables += [(f"{name}.{key}", rows) for key, rows in table.items()]  # pyright: ignore[reportUnknownVariableType]
        else:
            found |= {f"{name} {row['from']}": _as_fact(row) for row in table}
    return found


def _as_fact(row: Mapping[str, Any]) -> Mapping[str, Any]:
    text = ", ".join(
        f"{name} {value}" for name, value in row.items() if name not in {"from", "source", "read"}
    )
    return {"texte": text, "source": row["source"], "lu": row["read"]}


def to_read_again(rows: Rows, today: date) -> list[str]:
    """Return a line for each fact not read for a year, the oldest first."""
    old = sorted((row["lu"], name) for name, row in rows.items() if row["lu"] < today - YEAR)
    return [
        f"{day}  {name}: {rows[name]['texte']}\n    {rows[name]['source']}" for day, name in old
    ]


def main() -> None:
    """Print the facts and rates to read again."""
    rows = {**read(), **read_rates()}
    lines = to_read_again(rows, date.today())  # noqa: DTZ011 - the day of who runs it
    sys.stdout.writelines(lines)
    sys.stdout.write(f"{len(lines)} of {len(rows)} facts and rates were not read for a year.\n")


if __name__ == "__main__":
    main()
