"""An operator checks a balance: computed anew, its payments compared with the bank's files."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from portal.core.records import DAY
from portal.core.writes import put
from portal.declarations.book import Book, read
from portal.payments.book import payments_of
from portal.payments.ledger import ledger_of
from portal.payments.records import Debit, Payment
from portal.rules.days import noon_in_paris
from portal.support.operators import UnknownAccountError

if TYPE_CHECKING:
    from portal.core.table import Table
    from portal.support.records import Audit


def check_balance(table: "Table", account_id: str, audit: "Audit", now: int) -> Mapping[str, Any]:
    """Return what is found of an account; raises ``UnknownAccountError`` without a business."""
    found = found_of(table, account_id, now)
    if found is None:
        raise UnknownAccountError(account_id)
    table.transact(put(audit))
    return found


def found_of(table: "Table", account_id: str, now: int) -> Mapping[str, Any] | None:
    """Return what an account owes, whether it adds up, and the payments that do not.

    ``differences`` has the id of each payment whose row for the bank's file is missing, left after
    it was cancelled, or of another amount, and which of these. ``None`` without a business.
    """
    book = read(table, account_id)
    if book is None:
        return None
    found = ledger_of(book, now)
    accounts = found.computed.accounts.values()
    return {
        "balance_cents": found.balance_cents,
        "open_cents": sum(each.open.cents for each in accounts),
        "credit_cents": sum(each.cents for each in found.computed.credits),
        "entries": len(found.entries),
        "is_balanced": found.computed.is_balanced,
        "differences": dict(_differences(table, book, now)),
    }


def _differences(table: "Table", book: Book, now: int) -> Iterator[tuple[str, str]]:
    for payment in payments_of(book):
        day = payment.debit_on.isoformat()
        debit = table.get(Debit, Debit.key_of(day=day, id=payment.id))
        difference = _difference(payment, debit)
        # A row for the bank's file is forgotten 14 months after the debit.
        if difference and (debit or noon_in_paris(payment.debit_on) > now - 14 * 30 * DAY):
            yield payment.id, difference


def _difference(payment: Payment, debit: Debit | None) -> str | None:
    if payment.stage == "cancelled":
        return "left" if debit else None
    if debit is None:
        return "missing"
    same = (debit.account_id, debit.code, debit.number, debit.amount_cents)
    own = (payment.account_id, payment.code, payment.number, payment.amount_cents)
    return None if same == own else "other"
