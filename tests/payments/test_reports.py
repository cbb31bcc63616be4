"""The bank's answers: applied once, in any order; what is not understood is set aside."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import permutations, product
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from portal.core import aws
from portal.payments.report_reading import MOST_BYTES, Movement, NotUnderstoodError, read
from portal.payments.returns import CODES, return_of
from tests.world.bank import IBAN, Bucket, camt054, pain002
from tests.world.declarant import paris, slug
from tests.world.ibans import french
from tests.world.payer import CENTS, Payer
from tests.world.refusals import overtaken

if TYPE_CHECKING:
    from tests.world.functions import Gateway

AFTER = paris("2026-09-29 12:05:00")
ANSWERED = AFTER + 3600


@pytest.fixture
def bucket(gateway: "Gateway", monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Return the bucket that is shared with the bank, which answers an hour after the files."""
    monkeypatch.setattr(time, "time", lambda: float(ANSWERED))
    return Bucket(gateway)


def send(payer: Payer, cents: int = CENTS, key: str = "1") -> str:
    """Order a payment, and have its file made; return its id."""
    id_ = payer.ordered(cents, key)
    make_files(payer)
    return id_


def make_files(payer: Payer) -> None:
    """Make the files of the day."""
    at = datetime.fromtimestamp(AFTER, UTC).isoformat()
    payer.declarant.gateway.invoke("bank", {"time": at, "days": 0})


def kinds(payer: Payer) -> list[str]:
    """Return what was told of payments, the newest first."""
    return [each for each in payer.world.kinds(payer.account_id) if each.startswith("payment-")]


def test_a_payment_is_settled(payer: Payer, bucket: Bucket) -> None:
    """It is told in the feed, and published; nothing is owed."""
    id_ = send(payer)
    bucket.drop(camt054((id_, CENTS, None)))
    (payment,) = payer.payments()
    assert (payment.stage, payment.reason) == ("settled", None)
    assert payment.settled_at
    assert "payment-settled" in kinds(payer)
    payer.world.deliver()
    (event,) = [each for each in payer.world.events() if each["DetailType"] == "PaymentSettled"]
    assert json.loads(event["Detail"])["payment_id"] == id_
    assert slug(payer.order(key="2", at=ANSWERED)) == "nothing-due"
    assert slug(payer.order(key="3", at=ANSWERED - 1)) == "already-ordered", "it arrived before"
    receipt = payer.ask("GET", f"/api/me/payments/{id_}/receipt").text
    assert "Ce paiement a été encaissé." in receipt
    assert [*bucket.files("in/")] == ["in/report.xml"], "it is kept where it is"


@pytest.mark.guards("return-is-told")
@pytest.mark.parametrize("report", [camt054, pain002])
def test_a_payment_is_returned(payer: Payer, bucket: Bucket, report: Callable[..., bytes]) -> None:
    """The reason is told in plain words with what to do, in feed and mail, and it is owed again."""
    id_ = send(payer)
    payer.world.deliver()
    bucket.drop(report((id_, CENTS, "AM04")))
    (payment,) = payer.payments()
    assert (payment.stage, payment.reason, payment.settled_at) == ("returned", "AM04", None)
    (mail,) = payer.world.deliver()
    assert mail.subject == "Un prélèvement a été rejeté"
    assert "257" not in mail.text
    told = next(
        each for each in payer.world.feed(payer.account_id) if each.kind == "payment-returned"
    )
    assert "La provision du compte ne suffisait pas. Vous pouvez l’ordonner" in told.body
    assert payer.order(key="2", at=ANSWERED).status == 201


@pytest.mark.guards("return-is-not-undone", "returned-once")
@pytest.mark.parametrize("order", sorted({*permutations(["", "MD06", "", "MD06"])}))
def test_any_order_and_repetition(payer: Payer, bucket: Bucket, order: tuple[str, ...]) -> None:
    """A settlement and a return end the same, however they arrive, and are told once each."""
    id_ = send(payer)
    for code in order:
        bucket.drop(camt054((id_, CENTS, code or None)))
    (payment,) = payer.payments()
    assert (payment.stage, payment.reason) == ("returned", "MD06")
    assert payment.settled_at
    assert payment.ended_at
    assert payment.settled_at <= payment.ended_at
    assert kinds(payer).count("payment-returned") == 1
    assert kinds(payer).count("payment-settled") <= 1


def test_a_report_replayed(payer: Payer, bucket: Bucket) -> None:
    """The same object told again, or under another name, changes nothing."""
    id_ = send(payer)
    bucket.drop(camt054((id_, CENTS, None), (id_, CENTS, None)))
    stored = payer.world.items()
    bucket.tell()
    bucket.drop(camt054((id_, CENTS, None)), "in/again.xml")
    assert payer.world.items() == stored


@pytest.mark.guards("sent-only-if-ordered")
def test_a_report_before_the_payment_is_marked(payer: Payer, bucket: Bucket) -> None:
    """A bank that is faster than the run that sends finds the payment of a closed day."""
    id_ = payer.ordered()

    def answer() -> None:
        bucket.drop(camt054((id_, CENTS, None)))

    overtaken(answer, lambda: make_files(payer), "UpdateItem")
    assert payer.stages() == ["settled"]


@pytest.mark.guards("amount-to-the-cent", "report-of-our-account")
@pytest.mark.parametrize(
    ("why", "report"),
    [
        ("another-amount", lambda id_: camt054((id_, CENTS + 1, None))),
        ("another-amount", lambda id_: camt054((id_, CENTS - 1, "AM04"))),
        ("another-amount", lambda id_: pain002((id_, 1, "AM04"))),
        ("another-amount", lambda id_: camt054((id_, CENTS, None), (id_, 1, None))),
        ("amount", lambda id_: camt054((id_, f"{CENTS // 100}", None), currency="USD")),
        ("amount", lambda id_: camt054((id_, "-257.00", None))),
        ("amount", lambda id_: camt054((id_, "257.001", None))),
        ("amount", lambda id_: camt054((id_, "2.57E2", None))),
        ("amount", lambda id_: camt054((id_, "٢٥٧", None))),
        ("another-debit", lambda _: camt054(("20260930" + "0" * 22, CENTS, None))),
        ("another-debit", lambda id_: camt054((f"20260931{id_[8:]}", CENTS, None))),
        ("another-debit", lambda _: camt054(("NOTPROVIDED", CENTS, None))),
        ("another-debit", lambda _: camt054(("", CENTS, None))),
        ("another-account", lambda id_: camt054((id_, CENTS, None), iban=french(5))),
        ("status", lambda id_: camt054((id_, CENTS, None), status="INFO")),
        ("reason", lambda id_: camt054((id_, CENTS, "am04"))),
        ("no-details", lambda _: pain002()),
        ("malformed", lambda _: b""),
        ("malformed", lambda _: b"not XML"),
        ("malformed", lambda id_: camt054((id_, CENTS, None))[:-9]),
        ("malformed", lambda _: b"\xff\xfe" + b"<" * 50),
        ("malformed", lambda _: b"<?xml version='1.0' encoding='UTF-77'?><a/>"),
        ("unknown-kind", lambda _: b"<Document/>"),
        ("unknown-kind", lambda _: b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053'/>"),
        ("unknown-kind", lambda _: b"<html/>"),
    ],
)
def test_what_is_not_understood_is_set_aside(
    payer: Payer, bucket: Bucket, log: Callable[[], str], why: str, report: Callable[[str], bytes]
) -> None:
    """Nothing of it is applied; it is under aside/, and a line without its content says why."""
    id_ = send(payer)
    content = report(id_)
    bucket.drop(content, "in/Michèle Dupont.xml")
    assert payer.stages() == ["sent"]
    assert bucket.files("in/") == {}
    assert bucket.files("aside/") == {"aside/Michèle Dupont.xml": content}
    assert f'"why":"{why}"' in log()
    assert '"outcome":"set-aside"' in log()
    assert "Dupont" not in log()


HOSTILE = {
    "entity": b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
    "laughs": b"<!DOCTYPE a [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY a%d '%b'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 20))
    + b"]><a>&a19;</a>",
    "external": b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
    "dtd": b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a/>",
    "deep": b"<a>" * 200_000,
    "wide": b"<a>" + b"<b/>" * 200_000 + b"</a>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml(bucket: Bucket, name: str) -> None:
    """Entities, external files and shapes that would exhaust a reader are set aside."""
    bucket.drop(HOSTILE[name])
    assert [*bucket.files()] == ["aside/report.xml"]


@pytest.mark.guards("size-before-content")
def test_a_report_of_50_megabytes(payer: Payer, bucket: Bucket) -> None:
    """What is too large is not read."""
    bucket.put("in/report.xml", b" " * (MOST_BYTES + 1))
    start = len(payer.world.calls.all)
    bucket.tell()
    made = [each.operation for each in payer.world.calls.all[start:]]
    assert made == ["HeadObject", "CopyObject", "DeleteObject"]


@pytest.mark.guards("answered-once-sent")
def test_a_file_not_yet_made_has_no_answer(payer: Payer, bucket: Bucket) -> None:
    """A payment that was not sent cannot be settled."""
    id_ = payer.ordered()
    bucket.drop(camt054((id_, CENTS, None)))
    assert payer.stages() == ["ordered"]
    assert [*bucket.files()] == ["aside/report.xml"]


def test_what_is_pending_is_told_again(payer: Payer, bucket: Bucket) -> None:
    """An entry that is not booked changes nothing, and is no fault."""
    id_ = send(payer)
    bucket.drop(camt054((id_, CENTS, None), status="PDNG"))
    assert payer.stages() == ["sent"]
    assert not bucket.files("aside/")


def test_an_object_that_is_gone_or_elsewhere(bucket: Bucket) -> None:
    """An event that is delivered again after the object went is no failure; one elsewhere is."""
    bucket.tell("in/gone.xml")
    with pytest.raises(ValueError, match="no report"):
        bucket.tell("out/2026-09-30-1.xml")


def test_a_store_that_is_down(payer: Payer, bucket: Bucket) -> None:
    """The event fails, and is kept to be applied again; nothing is set aside."""
    id_ = send(payer)
    bucket.put("in/report.xml", camt054((id_, CENTS, None)))
    down = ClientError({"Error": {"Code": "InternalError", "Message": ""}}, "GetObject")
    with payer.world.failing(aws.s3(), "GetObject", down), pytest.raises(ClientError):
        bucket.tell()
    bucket.tell()
    assert payer.stages() == ["settled"]


def test_the_death_of_a_holder(payer: Payer, bucket: Bucket) -> None:
    """The back office is told, and nothing can be ordered."""
    id_ = send(payer, 100)
    bucket.drop(camt054((id_, 100, "MD07")))
    payer.world.deliver()
    assert "PaymentsFrozen" in [each["DetailType"] for each in payer.world.events()]
    assert slug(payer.order(100, "2")) == "payments-frozen"


def test_a_payment_of_a_deleted_account(payer: Payer, bucket: Bucket) -> None:
    """Its answer is known, and changes nothing."""
    id_ = send(payer)
    payer.world.sweep("DECLARATION#")
    bucket.drop(camt054((id_, CENTS, "AM04")))
    assert not payer.world.items("DECLARATION#")
    assert not bucket.files("aside/")


def test_a_settlement_and_a_return_at_once(payer: Payer, bucket: Bucket) -> None:
    """Of two reports at once neither is lost."""
    id_ = send(payer)
    overtaken(
        lambda: bucket.drop(camt054((id_, CENTS, "AC04")), "in/2.xml"),
        lambda: bucket.drop(camt054((id_, CENTS, None)), "in/1.xml"),
    )
    (payment,) = payer.payments()
    assert (payment.stage, payment.reason) == ("returned", "AC04")
    assert payment.settled_at


def test_each_code_has_words() -> None:
    """Every code says why and what to do, in whole sentences; an unknown one too."""
    for code in (*CODES, "XX99"):
        meaning = return_of(code)
        assert meaning.why.endswith(".")
        assert meaning.then.endswith(".")
    assert {code for code, each in CODES.items() if each.ends == "second-try"} == {"AM04", "MS03"}
    assert {code for code, each in CODES.items() if each.ends == "account"} == {"MD07"}


def test_amounts_where_banks_write_them() -> None:
    """The amount is that of the transaction, as its version writes it; else that of the entry."""
    id_ = "20260930" + "a" * 22
    whole = camt054((id_, 25700, None)).decode()
    own = "<Amt Ccy='EUR'>257.00</Amt></TxDtls>"
    assert own in whole
    for other in (
        "<AmtDtls><TxAmt><Amt Ccy='EUR'>257</Amt></TxAmt></AmtDtls></TxDtls>",
        "<AmtDtls><InstdAmt><Amt Ccy='EUR'>257.0</Amt></InstdAmt></AmtDtls></TxDtls>",
        "</TxDtls>",
    ):
        assert read(whole.replace(own, other).encode(), IBAN) == [Movement(id_, 25700, None)]


@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    """Whatever the bytes, a report is read or not understood, and nothing else."""
    with suppress(NotUnderstoodError):
        read(content, IBAN)


@pytest.mark.parametrize(
    ("cut", "by"),
    [
        *product(
            ["<Ntry>", "<CdtDbtInd>CRDT</CdtDbtInd>", "<TxDtls>", "<NtryDtls>", "EndToEndId"],
            ["", "<x/>", "&#0;", "CRDT DBIT"],
        )
    ],
)
def test_a_report_with_a_part_changed(cut: str, by: str) -> None:
    """A report with a part missing or another in its place never settles anything."""
    id_ = "20260930" + "a" * 22
    content = camt054((id_, 25700, None)).decode().replace(cut, by)
    found: Any = []
    try:
        found = read(content.encode(), IBAN)
    except NotUnderstoodError:
        return
    assert Movement(id_, 25700, None) not in found
