"""What is held of a person, declared once per domain.

The export, the deletion and the table of docs/privacy.md are made from it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from portal.core.feed import Kind
from portal.core.records import Record
from portal.core.writes import Write

if TYPE_CHECKING:
    from portal.core.table import Table


class Reading(Struct, frozen=True):
    """What an export reads with: the table, a way to decrypt, the kinds of notices, the time.

    ``decrypt`` takes what was encrypted for an account and the account's id.
    """

    table: "Table"
    decrypt: Callable[[bytes, str], str]
    kinds: Sequence[Kind]
    now: int


class Held[Holder](Struct, frozen=True, kw_only=True):
    """What some records hold of a person: a row of the table of docs/privacy.md."""

    data: str
    records: tuple[type[Record], ...]
    purpose: str
    """What for, and the legal basis that is proposed."""
    how: str
    kept: str
    """Until when, in words."""
    section: str = ""
    """Name of its part of the export; empty when it is not exported."""
    export: Callable[[Reading, Holder], object] | None = None
    """Return its part of the export, readable by programs."""
    forget: Callable[[Holder], Iterable[Write]] | None = None
    """Return what the transaction that deletes the account removes."""
    sweep: Callable[["Table", str], None] | None = None
    """Remove, once the account is gone, what is too much for a transaction."""


def export[Holder](
    held: Iterable[Held[Holder]], reading: Reading, holder: Holder
) -> Mapping[str, object]:
    """Return all that is held of a person, section by section (GDPR art. 20)."""
    return {each.section: each.export(reading, holder) for each in held if each.export}


def forget[Holder](held: Iterable[Held[Holder]], holder: Holder) -> Iterable[Write]:
    """Yield the operations that remove what is held of a person."""
    for each in held:
        if each.forget:
            yield from each.forget(holder)


def sweep[Holder](held: Iterable[Held[Holder]], table: "Table", account_id: str) -> None:
    """Remove what is left of an account that is gone."""
    for each in held:
        if each.sweep:
            each.sweep(table, account_id)
