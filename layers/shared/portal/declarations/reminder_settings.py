"""Whether a person gets reminders by mail; the feed has them anyway."""

from typing import TYPE_CHECKING

from portal.core.problems import UNAUTHENTICATED, Problem
from portal.core.writes import update
from portal.declarations.book import open_book

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.table import Table


def by_mail(table: "Table", acting: "Acting") -> bool:
    """Return whether reminders are sent by mail; raises ``Problem(SERVICES_CLOSED)``."""
    return open_book(table, acting).business.reminder_mails


def set_by_mail(table: "Table", acting: "Acting", *, wanted: bool) -> None:
    """Switch the mails of reminders on or off; raises ``Problem(SERVICES_CLOSED)``."""
    business = open_book(table, acting).business
    gone = Problem(UNAUTHENTICATED)
    known = {"account_id": business.account_id}
    table.write(update(business.key(), {"reminder_mails": wanted}, if_=known, else_=gone))
