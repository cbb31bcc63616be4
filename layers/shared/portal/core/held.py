"""What is stored about a person, declared once per domain.

The export, the deletion and the table of docs/privacy.md are generated from it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from portal.core.feed import Kind
from portal.core.records import Attributes, Record
from portal.core.writes import Write

if TYPE_CHECKING:
    from portal.core.table import Table


class Reading(Struct, frozen=True):
    """What an export needs: the table, a way to decrypt, the kinds of notices, the time.

    ``decrypt`` takes a ciphertext and the id of the account that it was encrypted for.
    """

    table: "Table"
    decrypt: Callable[[bytes, str], str]
    kinds: Sequence[Kind]
    now: int


class Held[Holder](Struct, frozen=True, kw_only=True):
    """What some records contain about a person: a row of the table of docs/privacy.md."""

    data: str
    records: tuple[type[Record], ...]
    purpose: str
    """What it is used for, and the proposed legal basis."""
    how: str
    kept: str
    """How long it is kept, in words."""
    section: str = ""
    """Name of its part of the export; empty when it is not exported."""
    export: Callable[[Reading, Holder], object] | None = None
    """Return its part of the export, in a machine-readable form."""
    forget: Callable[[Holder], Iterable[Write]] | None = None
    """Return the writes that remove it, for the transaction that deletes the account."""
    sweep: Callable[["Table", str], None] | None = None
    """Remove it once the account is deleted, if it is too much for one transaction."""


def export[Holder](
    held: Iterable[Held[Holder]], reading: Reading, holder: Holder
) -> Mapping[str, object]:
    """Return all that is stored about a person, by section (GDPR art. 20)."""
    return {each.section: each.export(reading, holder) for each in held if each.export}


def forget[Holder](
    held: Iterable[Held[Holder]], holder: Holder, *, but: Attributes | None = None
) -> Iterable[Write]:
    """Yield the writes that remove what is stored about a person.

    ``but`` is the key of a record that the caller removes, under a condition of its own.
    """
    for each in held:
        if each.forget:
            yield from (write for write in each.forget(holder) if write.body["Key"] != but)


def sweep[Holder](held: Iterable[Held[Holder]], table: "Table", account_id: str) -> None:
    """Remove what is left of a deleted account."""
    for each in held:
        if each.sweep:
            each.sweep(table, account_id)
