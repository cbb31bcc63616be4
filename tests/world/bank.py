"""The bank of the tests: the bucket, the files made for it, the reports that it drops."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from defusedxml.ElementTree import fromstring

from portal.core import aws
from tests.world.functions import Gateway
from tests.world.ibans import french

CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
IBAN = french(0)
"""The account of the creditor, as the template has it."""
PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


@dataclass(frozen=True, slots=True)
class Debit:
    """A debit of a file, as a bank reads it."""

    id: str
    cents: int
    iban: str
    name: str
    rum: str
    instrument: str
    sequence: str
    day: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket that is shared with the bank."""

    gateway: Gateway

    @property
    def name(self) -> str:
        """Its name."""
        return os.environ["BANK_FILES"]

    def files(self, prefix: str = "") -> dict[str, bytes]:
        """Return its objects by key."""
        listed = aws.s3().list_objects_v2(Bucket=self.name, Prefix=prefix).get("Contents", [])
        return {each["Key"]: self.read(each["Key"]) for each in listed}  # pyright: ignore[reportTypedDictNotRequiredAccess]

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        return aws.s3().get_object(Bucket=self.name, Key=key)["Body"].read()

    def put(self, key: str, content: bytes) -> None:
        """Store an object, and tell nobody."""
        aws.s3().put_object(Bucket=self.name, Key=key, Body=content)

    def drop(self, content: bytes, key: str = "in/report.xml") -> None:
        """Drop an object under ``in/``, of which EventBridge tells the function."""
        self.put(key, content)
        self.tell(key)

    def tell(self, key: str = "in/report.xml") -> None:
        """Tell the function of an object."""
        detail: dict[str, Any] = {"bucket": {"name": self.name}, "object": {"key": key}}
        event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        self.gateway.invoke("bank_reports", event)


def debits(content: bytes) -> Iterator[Debit]:
    """Yield the debits of a file."""
    for block in fromstring(content).iter():
        if block.tag.rpartition("}")[2] != "PmtInf":
            continue
        for each in block.findall("{*}DrctDbtTxInf"):
            amount = each.find("{*}InstdAmt")
            assert amount is not None
            assert amount.get("Ccy") == "EUR"
            yield Debit(
                id=each.findtext("{*}PmtId/{*}EndToEndId") or "",
                cents=int(Decimal(amount.text or "") * 100),
                iban=each.findtext("{*}DbtrAcct/{*}Id/{*}IBAN") or "",
                name=each.findtext("{*}Dbtr/{*}Nm") or "",
                rum=each.findtext("{*}DrctDbtTx/{*}MndtRltdInf/{*}MndtId") or "",
                instrument=block.findtext("{*}PmtTpInf/{*}LclInstrm/{*}Cd") or "",
                sequence=block.findtext("{*}PmtTpInf/{*}SeqTp") or "",
                day=block.findtext("{*}ReqdColltnDt") or "",
            )


def camt054(*movements: tuple[str, Any, str | None], **changes: str) -> bytes:
    """Return a notification: ids, cents and codes, ``None`` for what is settled.

    ``changes`` are of the IBAN, the currency and the status.
    """
    iban = changes.get("iban", IBAN)
    entries = "".join(
        f"<Ntry><Amt Ccy='{changes.get('currency', 'EUR')}'>{_amount(cents)}</Amt>"
        f"<CdtDbtInd>{'DBIT' if code else 'CRDT'}</CdtDbtInd>"
        f"<Sts><Cd>{changes.get('status', 'BOOK')}</Cd></Sts><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{id_}</EndToEndId></Refs>"
        f"<Amt Ccy='{changes.get('currency', 'EUR')}'>{_amount(cents)}</Amt>"
        + (f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>" if code else "")
        + "</TxDtls></NtryDtls></Ntry>"
        for id_, cents, code in movements
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><Document xmlns='{CAMT}'><BkToCstmrDbtCdtNtfctn>"
        f"<Ntfctn><Id>1</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{entries}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def pain002(*movements: tuple[str, Any, str]) -> bytes:
    """Return the rejection of some debits, before they are settled."""
    root = ET.Element("Document", xmlns=PAIN)
    report = ET.SubElement(root, "CstmrPmtStsRpt")
    of_message = ET.SubElement(report, "OrgnlPmtInfAndSts")
    for id_, cents, code in movements:
        each = ET.SubElement(of_message, "TxInfAndSts")
        ET.SubElement(each, "OrgnlEndToEndId").text = id_
        ET.SubElement(each, "TxSts").text = "RJCT"
        reason = ET.SubElement(ET.SubElement(each, "StsRsnInf"), "Rsn")
        ET.SubElement(reason, "Cd").text = code
        amount = ET.SubElement(ET.SubElement(each, "OrgnlTxRef"), "Amt")
        ET.SubElement(amount, "InstdAmt", Ccy="EUR").text = _amount(cents)
    return ET.tostring(root)


def _amount(cents: Any) -> str:
    return f"{cents // 100}.{cents % 100:02}" if isinstance(cents, int) else str(cents)
