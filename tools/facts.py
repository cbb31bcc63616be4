"""``python -m tools.facts``: list the facts of the pages whose source was not read for a year."""

import sys
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "functions" / "web" / "content" / "faits.toml"
YEAR = timedelta(days=365)

type Rows = Mapping[str, Mapping[str, Any]]


def read() -> Rows:
    """Return the facts by name: ``texte``, ``source`` and ``lu``, the day of the last reading."""
    return tomllib.loads(FILE.read_text())


def to_read_again(rows: Rows, today: date) -> list[str]:
    """Return a line for each fact not read for a year, the oldest first."""
    old = sorted((row["lu"], name) for name, row in rows.items() if row["lu"] < today - YEAR)
    return [
        f"{day}  {name}: {rows[name]['texte']}\n    {rows[name]['source']}" for day, name in old
    ]


def main() -> None:
    """Print the facts to read again."""
    rows = read()
    lines = to_read_again(rows, date.today())  # noqa: DTZ011 - the day of who runs it
    sys.stdout.writelines(lines)
    sys.stdout.write(f"{len(lines)} of {len(rows)} facts were not read for a year.\n")


if __name__ == "__main__":
    main()
