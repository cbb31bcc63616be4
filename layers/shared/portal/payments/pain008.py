"""The bank's file: a pain.008.001.08, made by sepaxml, checked by its schema.

The same debits always give the same bytes: nothing in it is random or of the time at which it is
made. Only the function Bank has the packages that this needs.
"""

import warnings
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from xml.etree.ElementTree import tostring
from zoneinfo import ZoneInfo

import xmlschema
from defusedxml.ElementTree import fromstring
from sepaxml import SepaDD  # pyright: ignore[reportMissingTypeStubs]

from portal.core.confidential import Confidential
from portal.payments.records import Scheme

_SCHEMA = "pain.008.001.08"
_INSTRUMENTS = {"core": "CORE", "b2b": "B2B"}


class Creditor(NamedTuple):
    """Who the debits are paid to; ``id`` is its ICS."""

    name: str
    id: str
    iban: str


class Line(Confidential, frozen=True):
    """A debit, as the file says it. There is no address: a free line is no longer allowed."""

    id: str
    holder: str
    iban: str
    amount_cents: int
    rum: str
    signed_on: date
    what: str


class Message(NamedTuple):
    """What names a file: its reference, when it counts as written, the day of its debits."""

    id: str
    written_at: int
    collect_on: date
    scheme: Scheme


def document(message: Message, creditor: Creditor, lines: Sequence[Line]) -> bytes:
    """Return the file of some debits of one scheme.

    Raises ``xmlschema.XMLSchemaValidationError`` for what a bank would refuse.
    """
    made: Any = SepaDD(
        {
            "name": creditor.name,
            "IBAN": creditor.iban,
            "batch": True,
            "creditor_id": creditor.id,
            "currency": "EUR",
            "instrument": _INSTRUMENTS[message.scheme],
        },
        schema=_SCHEMA,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # sepaxml tests the truth of elements
        for line in lines:
            made.add_payment(_debit(message, line))
        content = _named(made.export(validate=False), message)
    _schema().validate(content.decode())
    return content


def _debit(message: Message, line: Line) -> dict[str, Any]:
    return {
        "name": line.holder,
        "IBAN": line.iban,
        "amount": line.amount_cents,
        "type": "RCUR",
        "collection_date": message.collect_on,
        "mandate_id": line.rum,
        "mandate_date": line.signed_on,
        "description": line.what,
        "endtoend_id": line.id,
    }


def _named(content: bytes, message: Message) -> bytes:
    """Return a file with our references and time, in place of random ones and of now."""
    root = fromstring(content)
    at = datetime.fromtimestamp(message.written_at, ZoneInfo("Europe/Paris"))
    for name, value in (
        ("MsgId", message.id),
        ("CreDtTm", f"{at:%Y-%m-%dT%H:%M:%S}"),
        ("PmtInfId", message.id),
    ):
        for element in root.iter(f"{{urn:iso:std:iso:20022:tech:xsd:{_SCHEMA}}}{name}"):
            element.text = value
    return tostring(root, encoding="utf-8", xml_declaration=True)


@cache
def _schema() -> Any:  # noqa: ANN401 - its type is a union of versions
    """Return the schema, read once: that takes a second."""
    return xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / f"{_SCHEMA}.xsd"))
