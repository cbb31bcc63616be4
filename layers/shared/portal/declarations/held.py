"""What the declarations store about a person, and what is kept when the account goes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from portal.core.clock import rfc3339_seconds
from portal.core.held import Held, Reading
from portal.core.settings import settings
from portal.core.writes import RefusedError, put
from portal.core.writes import delete as remove
from portal.declarations.book import Book, read
from portal.declarations.records import PARTITION, Archived, Business, Declaration, Look
from portal.declarations.timeline import versions_of
from portal.identity.records import Account
from portal.rules.contributions import as_json
from portal.rules.days import midnight_in_paris
from portal.rules.periods import span_of

if TYPE_CHECKING:
    from portal.core.table import Table

# guard: ten-years-of-declarations: 10 => 1
ARCHIVE_YEARS = 10
"""Civil years for which a declaration is kept after the year in which it was due."""


def _export_business(reading: Reading, account: Account) -> Mapping[str, object] | None:
    book = read(reading.table, account.id)
    if book is None:
        return None
    business = book.business
    return {
        "affiliated_since": rfc3339_seconds(business.affiliated_at),
        "versions": [
            {
                "effective_on": each.effective_on.isoformat(),
                "started_on": each.details.started_on.isoformat(),
                "periodicity": each.details.periodicity,
                "nature": each.details.nature,
                "activities": [*each.details.activities],
                "territory": each.details.territory,
                "acre": each.details.acre,
                "flat_tax": each.details.flat_tax,
            }
            for each in versions_of(business)
        ],
        "ceased_on": [end.partition(" ")[0] for end in business.ceased.values()],
        "told": [*business.told],
        "reminder_mails": business.reminder_mails,
    }


def _export_declarations(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    book = read(reading.table, account.id)
    versions = [each for of_period in book.declared.values() for each in of_period] if book else []
    return [
        {
            "version": each.version,
            "declared_at": rfc3339_seconds(each.at),
            "actor_id": each.actor_id,
            **as_json(each.amounts),
        }
        for each in versions
    ]


def _sweep(table: "Table", account_id: str) -> None:
    """Remove what an account declared, and archive it first unless the portal keeps nothing."""
    book = read(table, account_id)
    if book and book.business.look_at is not None:
        table.write(remove(Look(account_id=account_id, look_at=book.business.look_at).key()))
    # guard: declarations-are-archived: not settings().erases_declarations => False
    if book and not settings().erases_declarations:
        _archive(table, book)
    table.delete_partition(PARTITION.format(account_id=account_id))


def _archive(table: "Table", book: Book) -> None:
    for versions in book.declared.values():
        for each in versions:
            archived = Archived(
                holder=book.business.siret_mac or each.account_id,
                code=each.code,
                version=each.version,
                at=each.at,
                lines=each.lines,
                acre=each.acre,
                expires_at=_archived_until(each.code),
            )
            with suppress(RefusedError):  # by a run that was interrupted
                table.write(put(archived))


def _archived_until(code: str) -> int:
    """Return when an archived declaration goes: a period is due in its year or in the next."""
    due_year = span_of(code).ends_on.year + 1
    return midnight_in_paris(date(due_year + ARCHIVE_YEARS + 1, 1, 1))


HELD: Sequence[Held[Account]] = (
    Held(
        data="business, as the back office says it: start, periodicity, nature, activities, "
        "territory, Acre, income tax paid alongside, end; what its holder was told of",
        records=(Business,),
        purpose="computing periods and contributions (e)",
        how="encrypted; Siret hashed",
        kept="as long as the account",
        section="business",
        export=_export_business,
    ),
    Held(
        data="declarations: period, turnover, amounts, rates, who and when; every version",
        records=(Declaration,),
        purpose="declaring (e)",
        how="encrypted",
        kept="as long as the account",
        section="declarations",
        export=_export_declarations,
        sweep=_sweep,
    ),
    Held(
        data="declarations of deleted accounts",
        records=(Archived,),
        purpose="limitation of claims and controls (legal duty)",
        how="under the hash of the Siret, without name, address or login; no function may read it",
        kept="ten years after the year in which it was due; none where `ErasesDeclarations` is set",
    ),
    Held(
        data="when there is something to tell of a business",
        records=(Look,),
        purpose="reminders (e)",
        how="ids, times",
        kept="until that day",
    ),
)
