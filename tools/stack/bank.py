"""The bank beside the local portal: takes its files, answers by reports, as banks do.

It knows of the portal only the bucket, and speaks the messages of banks. What it answers is decided
by the debtor's account: `bank_accounts.json` has made-up ones, and any other pays.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from defusedxml.ElementTree import fromstring

from tools.stack.stack import ALIAS, STACK_NAME, Stack, StackError

ACCOUNTS = Path(__file__).with_name("bank_accounts.json")
_CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
_PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


class Debit(NamedTuple):
    """A debit of a file."""

    id: str
    amount: str
    iban: str
    creditor: str
    """The IBAN that it is paid to."""


class Answered(NamedTuple):
    """What the bank said of a debit."""

    debit: Debit
    kind: str
    code: str | None


type Writes = Callable[[Sequence[Answered]], str]
"""Writes a report of what was answered."""


class Bucket:
    """The bucket that the portal and the bank share."""

    def __init__(self, stack: Stack) -> None:
        self.name = stack.resource("Files")
        self._client = stack.client("s3")

    def keys(self, prefix: str) -> list[str]:
        """Return the names of the objects of a folder, in order."""
        pages = self._client.get_paginator("list_objects_v2")
        return [
            each["Key"]
            for page in pages.paginate(Bucket=self.name, Prefix=prefix)
            for each in page.get("Contents", [])
        ]

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        return self._client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def drop(self, key: str, content: str) -> None:
        """Store an object."""
        self._client.put_object(Bucket=self.name, Key=key, Body=content.encode())


def make_files(stack: Stack) -> list[str]:
    """Have the portal make the files of every day with debits; return these days.

    Each day is closed as if the evening before had come.
    """
    days = sorted({each["day"]["S"] for each in _debits(stack)} - _done(stack))
    for day in days:
        eve = date.fromisoformat(day) - timedelta(days=1)
        at = datetime(eve.year, eve.month, eve.day, 23, 30, tzinfo=ZoneInfo("Europe/Paris"))
        _invoke(stack, "Bank", {"time": at.isoformat(), "days": 0})
    return days


def answer(stack: Stack) -> list[Answered]:
    """Answer every file that has no answer yet; return what was said."""
    bucket = Bucket(stack)
    known = json.loads(ACCOUNTS.read_text())
    said: list[Answered] = []
    reports = [*bucket.keys("in/"), *bucket.keys("aside/")]
    answered_before = {Path(key).name.partition(".")[0] for key in reports}
    for key in bucket.keys("out/"):
        name = Path(key).stem
        # A file that was made again is the same debits: they were answered.
        if "-r" in name or name in answered_before:
            continue
        rounds: dict[int, list[Answered]] = {}
        for debit in read(bucket.read(key)):
            answers = known.get(debit.iban, {}).get("answers", [["settled", None]])
            for number, (kind, code) in enumerate(answers):
                rounds.setdefault(number, []).append(Answered(debit, kind, code))
        for number, answered in rounds.items():
            _drop(bucket, f"{name}.{number}", answered)
            said += answered
    return said


def give_back(stack: Stack, code: str, payment: str) -> Answered:
    """Return a payment that is in a file, the newest by default."""
    bucket = Bucket(stack)
    found = [each for key in bucket.keys("out/") for each in read(bucket.read(key))]
    wanted = [each for each in found if payment in {"", each.id}]
    if not wanted:
        raise StackError("No file has that payment: order one, then run `make bank`.")
    answered = Answered(wanted[-1], "returned", code)
    _drop(bucket, f"return-{answered.debit.id}-{code}", [answered])
    return answered


def read(content: bytes) -> Iterator[Debit]:
    """Yield the debits of a file (pain.008)."""
    for block in fromstring(content).iterfind("{*}CstmrDrctDbtInitn/{*}PmtInf"):
        creditor = block.findtext("{*}CdtrAcct/{*}Id/{*}IBAN") or ""
        for each in block.iterfind("{*}DrctDbtTxInf"):
            yield Debit(
                each.findtext("{*}PmtId/{*}EndToEndId") or "",
                each.findtext("{*}InstdAmt") or "",
                each.findtext("{*}DbtrAcct/{*}Id/{*}IBAN") or "",
                creditor,
            )


def camt054(answered: Sequence[Answered]) -> str:
    """Return a notification of debits that were settled or came back."""
    entries = "".join(map(_entry, answered))
    account = f"<Acct><Id><IBAN>{answered[0].debit.creditor}</IBAN></Id></Acct>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_CAMT}">'
        f"<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>BANK-{time.time_ns()}</MsgId>"
        f"<CreDtTm>{_now()}</CreDtTm></GrpHdr><Ntfctn><Id>1</Id>{account}{entries}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>\n"
    )


def pain002(answered: Sequence[Answered]) -> str:
    """Return a report of debits that were refused before they were settled."""
    rejected = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{escape(each.debit.id)}</OrgnlEndToEndId>"
        f"<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>{each.code}</Cd></Rsn></StsRsnInf>"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{each.debit.amount}</InstdAmt></Amt></OrgnlTxRef>'
        "</TxInfAndSts>"
        for each in answered
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_PAIN}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>BANK-{time.time_ns()}</MsgId><CreDtTm>{_now()}</CreDtTm></GrpHdr>"
        f"<OrgnlPmtInfAndSts>{rejected}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n"
    )


def _entry(answered: Answered) -> str:
    debit, kind, code = answered
    amount = f'<Amt Ccy="EUR">{debit.amount}</Amt>'
    back = f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>" if kind == "returned" else ""
    return (
        f"<Ntry>{amount}<CdtDbtInd>{'DBIT' if back else 'CRDT'}</CdtDbtInd>"
        "<Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{escape(debit.id)}</EndToEndId></Refs>{amount}{back}"
        "</TxDtls></NtryDtls></Ntry>"
    )


def _drop(bucket: Bucket, name: str, answered: Sequence[Answered]) -> None:
    rejected = [each for each in answered if each.kind == "rejected"]
    booked = [each for each in answered if each.kind != "rejected"]
    if rejected:
        bucket.drop(f"in/{name}.pain.002.xml", pain002(rejected))
    if booked:
        bucket.drop(f"in/{name}.camt.054.xml", camt054(booked))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def _debits(stack: Stack) -> list[dict[str, Any]]:
    return stack.scan("DEBIT#")


def _done(stack: Stack) -> set[str]:
    """Return the days whose files were made."""
    return {each["day"]["S"] for each in stack.scan("FILE#") if "done_at" in each}


def _invoke(stack: Stack, function: str, event: dict[str, Any]) -> None:
    called = stack.client("lambda").invoke(
        FunctionName=f"{STACK_NAME}-{function}", Qualifier=ALIAS, Payload=json.dumps(event)
    )
    if "FunctionError" in called:
        raise StackError(f"The function {function} failed: {called['Payload'].read().decode()}")
