"""The payments of an account, from what is stored beside its declarations."""

from collections.abc import Sequence

from portal.declarations.book import Book
from portal.payments.records import Payment

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
