"""The payments of an account, from what is stored beside its declarations."""

from collections.abc import Sequence

from portal.declarations.book import Book
from portal.payments.records import Payment
from portal.rules.periods import span_of

UNDER_WAY = frozenset({"ordered", "sent"})
"""Stages of a payment of which the bank has not said whether it is settled."""
_SORT = Payment.SORT.partition("{")[0]


def payments_of(book: Book) -> Sequence[Payment]:
    """Return the payments of a book, by period, those of one in the order of being ordered."""
    return [
        Payment.from_item(item)
        for item in book.others
        if str(item["sk"].get("S")).startswith(_SORT)
    ]


def label_of(code: str) -> str:
    """Return the name in French of what is paid: a period, or an instalment of a plan."""
    if code.startswith("PLAN-"):
        return f"délai de paiement, échéance {int(code[-2:])}"
    return span_of(code).label
