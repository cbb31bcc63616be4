"""``python -m tools.privacy``: write the table of personal data into docs/privacy.md."""

from pathlib import Path

from portal.identity.held import HELD as IDENTITY
from portal.support.held import HELD as SUPPORT

HELD = (*IDENTITY, *SUPPORT)
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "privacy.md"
_HEAD = "| data | record | purpose, basis | how | kept |\n|---|---|---|---|---|\n"


def table() -> str:
    """Return the table, in Markdown."""
    rows = [
        (
            held.data,
            ", ".join(f"`{kind.PARTITION.partition('#')[0]}#`" for kind in held.records),
            held.purpose,
            held.how,
            held.kept,
        )
        for held in HELD
    ]
    return _HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def main() -> None:
    """Replace the table of the document."""
    text = DOCUMENT.read_text()
    start = text.index(_HEAD)
    end = text.index("\n\n", start) + 1
    DOCUMENT.write_text(text[:start] + table() + text[end:])


if __name__ == "__main__":
    main()
