"""The bank's reports: what a camt.054 or a pain.002 says of our debits. Hostile XML is refused.

Only the functions of the bank have the package that this needs.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import fromstring

from portal.payments.returns import is_code

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_BYTES = 8_000_000
"""Of a report: one of a file of 500 debits has less than one."""
_NAMESPACE = re.compile(
    r"\{urn:iso:std:iso:20022:tech:xsd:(camt\.054|pain\.002)\.001\.\d\d\}Document"
)
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")


class NotUnderstoodError(Exception):
    """A report is not one, is not about our debits, or contradicts them; ``why`` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Movement(NamedTuple):
    """What a report says of a debit: settled, or returned with the bank's code."""

    id: str
    amount_cents: int
    reason: str | None


def read(content: bytes, iban: str) -> Sequence[Movement]:
    """Return what a report says of debits for the account of an IBAN.

    Raises ``NotUnderstoodError`` for anything that is not wholly understood.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):  # what defusedxml forbids is a ValueError
        raise NotUnderstoodError("malformed") from None
    kind = _NAMESPACE.fullmatch(root.tag)
    if kind is None:
        raise NotUnderstoodError("unknown-kind")
    return [*(_notified(root, iban) if kind[1] == "camt.054" else _rejected(root))]


def _notified(root: "Element", iban: str) -> Iterator[Movement]:
    notifications = _all(root, "BkToCstmrDbtCdtNtfctn/Ntfctn")
    if not notifications:
        raise NotUnderstoodError("no-notification")
    for notification in notifications:
        # guard: report-of-our-account: != iban => == ""
        if _text(notification, "Acct/Id/IBAN") != iban:
            raise NotUnderstoodError("another-account")
        for entry in _all(notification, "Ntry"):
            status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
            if status == "PDNG":
                continue  # it is told again once booked
            if status != "BOOK":
                raise NotUnderstoodError("status")
            yield from _booked(entry)


def _booked(entry: "Element") -> Iterator[Movement]:
    details = _all(entry, "NtryDtls/TxDtls")
    if not details:
        raise NotUnderstoodError("no-details")
    for each in details:
        direction = _text(each, "CdtDbtInd") or _text(entry, "CdtDbtInd")
        reason = _text(each, "RtrInf/Rsn/Cd")
        if direction not in {"CRDT", "DBIT"} or (direction == "DBIT") != bool(reason):
            raise NotUnderstoodError("direction")
        amount = next((a for path in _AMOUNTS if (a := _find(each, path)) is not None), None)
        if amount is None and len(details) == 1:
            amount = _find(entry, "Amt")
        yield _movement(_text(each, "Refs/EndToEndId"), amount, reason or None)


def _rejected(root: "Element") -> Iterator[Movement]:
    found = _all(root, "CstmrPmtStsRpt/OrgnlPmtInfAndSts/TxInfAndSts")
    if not found:
        raise NotUnderstoodError("no-details")
    for each in found:
        if _text(each, "TxSts") == "RJCT":
            amount = _find(each, "OrgnlTxRef/Amt/InstdAmt")
            reason = _text(each, "StsRsnInf/Rsn/Cd") or "MS03"
            yield _movement(_text(each, "OrgnlEndToEndId"), amount, reason)


def _movement(id_: str, amount: "Element | None", reason: str | None) -> Movement:
    if amount is None or amount.get("Ccy") != "EUR":
        raise NotUnderstoodError("amount")
    figures = _AMOUNT.fullmatch((amount.text or "").strip())
    if figures is None:
        raise NotUnderstoodError("amount")
    if reason is not None and not is_code(reason):
        raise NotUnderstoodError("reason")
    return Movement(id_, int(figures[1]) * 100 + int((figures[2] or "").ljust(2, "0")), reason)


def _find(element: "Element", path: str) -> "Element | None":
    return element.find("/".join(f"{{*}}{name}" for name in path.split("/")))


def _all(element: "Element", path: str) -> "Sequence[Element]":
    return element.findall("/".join(f"{{*}}{name}" for name in path.split("/")))


def _text(element: "Element", path: str) -> str:
    found = _find(element, path)
    return "" if found is None else (found.text or "").strip()
