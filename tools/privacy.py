"""``python -m tools.privacy``: write the tables of personal data.

Both are made from the ``HELD`` lists: the record of processing of docs/privacy.md, in English, and
the table of the page « Données personnelles », whose French words are in ``content/donnees.toml``.
"""

import tomllib
from pathlib import Path

from portal.declarations.held import HELD as DECLARATIONS
from portal.identity.held import HELD as IDENTITY
from portal.payments.held import HELD as PAYMENTS
from portal.support.held import HELD as SUPPORT

HELD = (*IDENTITY, *DECLARATIONS, *PAYMENTS, *SUPPORT)
ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "privacy.md"
CONTENT = ROOT / "functions" / "web" / "content"
PAGE = CONTENT / "pages" / "donnees-personnelles.md"
_HEAD = "| data | record | purpose, basis | how | kept |\n|---|---|---|---|---|\n"
_PAGE_HEAD = "| Donnée | Pourquoi, sur quelle base | Durée |\n|---|---|---|\n"


def table() -> str:
    """Return the table of the document, in Markdown."""
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


def french() -> dict[str, dict[str, str]]:
    """Return the French words of each row, by the name of its first record."""
    return tomllib.loads((CONTENT / "donnees.toml").read_text())


def page_table() -> str:
    """Return the table of the page, in Markdown; raises ``KeyError`` for a row without words."""
    words = french()
    rows = [words[held.records[0].__name__] for held in HELD]
    return _PAGE_HEAD + "".join(
        f"| {row['donnee']} | {row['pourquoi']} | {row['duree']} |\n" for row in rows
    )


def _replace(path: Path, head: str, new: str) -> None:
    text = path.read_text()
    start = text.index(head)
    end = text.index("\n\n", start) + 1
    path.write_text(text[:start] + new + text[end:])


def main() -> None:
    """Replace both tables."""
    _replace(DOCUMENT, _HEAD, table())
    _replace(PAGE, _PAGE_HEAD, page_table())


if __name__ == "__main__":
    main()
