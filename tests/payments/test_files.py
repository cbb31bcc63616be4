"""The bank's files: each order in exactly one, the same bytes each time, whatever crashes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from stdnum.eu import at_02

from portal.core import aws
from portal.core.records import DAY
from portal.payments import documents, files
from portal.payments.records import DayOfDebits
from portal.rules.iban import parse_iban
from tests.world.bank import IBAN, Bucket, Debit, debits
from tests.world.declarant import paris
from tests.world.ibans import french
from tests.world.payer import Payer
from tests.world.refusals import overtaken
from tests.world.use_cases import restore

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

NOON = paris("2026-09-29 12:00:00")
AFTER = NOON + 300
FILE = "out/2026-09-30-1.xml"


@pytest.fixture
def bucket(gateway: "Gateway") -> Bucket:
    """Return the bucket that is shared with the bank."""
    return Bucket(gateway)


def run(gateway: "Gateway", at: int = AFTER, **event: Any) -> dict[str, Any]:
    """Run the function at a time."""
    return gateway.invoke("bank", {"time": datetime.fromtimestamp(at, UTC).isoformat(), **event})


def sent(bucket: Bucket) -> list[Debit]:
    """Return the debits of every file."""
    return [each for content in bucket.files("out/").values() for each in debits(content)]


def test_a_file_says_what_was_ordered(
    payer: Payer, world: "World", gateway: "Gateway", bucket: Bucket
) -> None:
    """The debits of the day, under their ids, with the IBAN in clear; then they are sent."""
    id_ = payer.ordered(12_345)
    assert run(gateway) == {"files": 1, "debits": 1}
    assert [*bucket.files()] == [FILE]
    (debit,) = sent(bucket)
    assert debit == Debit(
        id_, 12_345, french(1), "Michel Dupont", payer.rum, "CORE", "RCUR", "2026-09-30"
    )
    content = bucket.read(FILE).decode()
    assert "<MsgId>AE-20260930-1</MsgId>" in content
    assert "<CreDtTm>2026-09-29T12:00:00</CreDtTm>" in content
    assert "<CtrlSum>123.45</CtrlSum>" in content
    assert "AdrLine" not in content
    assert payer.stages() == ["sent"]
    assert payer.cancel(id_, AFTER).status == 409
    assert french(1) not in str(world.items())


def test_core_and_b2b_are_apart(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """A file has debits of one scheme, as banks take them."""
    acting = payer.world.with_session(payer.account_id, NOON - DAY)
    b2b = payer.world.sign_mandate(acting, french(2), scheme="b2b").rum
    payer.ordered(100, "1")
    payer.ordered(200, "2", rum=b2b)
    assert run(gateway) == {"files": 2, "debits": 2}
    assert [(each.cents, each.instrument) for each in sent(bucket)] == [(100, "CORE"), (200, "B2B")]


@pytest.mark.guards("written-once")
def test_a_run_twice(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """The second run has nothing to do, and one that repeats the whole changes nothing."""
    payer.ordered(100)
    run(gateway)
    content = bucket.files()
    assert run(gateway) == {}
    assert run(gateway, AFTER + DAY) == {}
    payer.world.sweep("FILE#")
    bucket.put(FILE, b"as it was")
    assert run(gateway) == {"debits": 1}
    assert bucket.read(FILE) == b"as it was", "what is there is not written over"
    assert [*content] == [*bucket.files()]


def test_before_noon_nothing_is_final(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """A run before the cut-off makes no file, and the order can be cancelled."""
    id_ = payer.ordered(100)
    assert run(gateway, NOON - 1) == {}
    assert payer.cancel(id_, NOON - 1).status == 204
    assert run(gateway) == {}
    assert not bucket.files()


def test_missed_days_are_made_up_for(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """Files of days whose run was missed are made, and ask for the next day that is possible."""
    payer.ordered(100, "1")
    payer.ordered(200, "2", at=NOON)
    assert run(gateway, paris("2026-10-02 12:05:00")) == {"files": 2, "debits": 2}
    assert [*bucket.files()] == [FILE, "out/2026-10-01-1.xml"]
    assert {(each.cents, each.day) for each in sent(bucket)} == {
        (100, "2026-10-05"),
        (200, "2026-10-05"),
    }
    assert run(gateway, paris("2026-12-15 12:05:00"), days=90) == {}


def test_an_hour_late_is_in_time(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """Until the end of the eve the debit keeps its day."""
    payer.ordered(100)
    run(gateway, paris("2026-09-29 23:59:59"))
    assert sent(bucket)[0].day == "2026-09-30"


def _calls(world: "World", does: Callable[[], Any]) -> list[tuple[str, str]]:
    start = len(world.calls.all)
    does()
    return [(each.service, each.operation) for each in world.calls.all[start:]]


@pytest.mark.guards("closed-before-it-is-read")
def test_a_crash_at_any_call(
    payer: Payer, world: "World", gateway: "Gateway", bucket: Bucket, monkeypatch: Any
) -> None:
    """Stopped before or after any call, then repeated, it leaves the same files and payments.

    Whatever is ordered or cancelled between both runs, each order is in exactly one file.
    """
    monkeypatch.setattr(files, "MOST", 2)
    acting = payer.world.with_session(payer.account_id, NOON - DAY)
    payer.ordered(100, "1")
    payer.ordered(200, "2")
    payer.ordered(300, "3", rum=world.sign_mandate(acting, french(2), scheme="b2b").rum)
    before = world.items()
    made = _calls(world, lambda: run(gateway, days=0))
    wanted, items = bucket.files(), payer.stages()
    assert items == ["sent"] * 3
    assert len(wanted) == 2
    clients = {"DynamoDB": aws.dynamodb(), "S3": aws.s3(), "KMS": aws.kms()}
    for stop in range(len(made)):
        for moment in ("before-call", "after-call"):
            restore(world, before)
            for key in bucket.files():
                aws.s3().delete_object(Bucket=bucket.name, Key=key)
            _stopped(clients, moment, stop, lambda: run(gateway, days=0))
            payer.cancel(payer.payments()[0].id, NOON - 1)
            payer.order(1, "late", at=NOON - 1)
            run(gateway, AFTER + 60, days=0)
            files_ = bucket.files("out/")
            debited = [each.id for content in files_.values() for each in debits(content)]
            assert len(debited) == len(set(debited)), (stop, moment)
            going = {each.id for each in payer.payments() if each.stage == "sent"}
            assert set(debited) == going, (stop, moment)
            if len(payer.payments()) == 3 and payer.stages() == items:
                assert files_ == wanted, (stop, moment)


class _StoppedError(Exception):
    """The function's machine is gone."""


def _stopped(clients: dict[str, Any], moment: str, stop: int, does: Callable[[], Any]) -> None:
    """Do something until a call, which is the last one."""
    count = [0]

    def fail(**_: Any) -> None:
        count[0] += 1
        if count[0] == stop + 1:
            raise _StoppedError

    for client in clients.values():
        client.meta.events.register_first(f"{moment}.*", fail)
    try:
        does()
    except _StoppedError:
        pass
    finally:
        for client in clients.values():
            client.meta.events.unregister(f"{moment}.*", fail)


def test_two_runs_at_once(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """Both make the same files; nothing is in two."""
    payer.ordered(100)
    overtaken(lambda: run(gateway), lambda: run(gateway, AFTER + 1), "PutItem")
    assert [each.cents for each in sent(bucket)] == [100]
    assert payer.stages() == ["sent"]


def test_an_order_that_is_late_by_a_hair(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """Of one that arrived in time, but is stored after the day was closed, the next day is told."""
    late = overtaken(lambda: run(gateway), lambda: payer.order(100, at=NOON - 1))
    assert late.status == 201
    assert (late.json["debit_on"], late.json["reason"]) == ("2026-10-01", "after-due-day")
    assert not bucket.files()
    assert run(gateway, NOON + DAY + 300) == {"files": 1, "debits": 1}


def test_a_mandate_revoked_between_order_and_file(
    payer: Payer, gateway: "Gateway", bucket: Bucket
) -> None:
    """Revoked before the cut-off nothing goes; after it the debit goes with its IBAN."""
    payer.ordered(100, "1")
    path = f"/api/me/sepa-mandates/{payer.rum}"
    assert payer.ask("DELETE", path, at=NOON).status == 204
    run(gateway)
    assert [each.iban for each in sent(bucket)] == [french(1)]


def test_a_file_of_500_at_most(
    payer: Payer, gateway: "Gateway", bucket: Bucket, monkeypatch: Any
) -> None:
    """More debits are in more files, in the order of their ids."""
    assert files.MOST == 500
    monkeypatch.setattr(files, "MOST", 1)
    for number in range(3):
        payer.ordered(100, str(number))
    assert run(gateway) == {"files": 3, "debits": 3}
    assert [*bucket.files()] == [f"out/2026-09-30-{number}.xml" for number in (1, 2, 3)]
    assert [each.id for each in sent(bucket)] == sorted(each.id for each in payer.payments())


def test_a_file_again(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """An operator has a file made again: the same debits, another reference and name, once."""
    payer.ordered(100)
    run(gateway)
    again = {"reissue": {"file": "2026-09-30-1"}}
    assert gateway.invoke("bank", again) == {"stored": True}
    assert gateway.invoke("bank", again) == {"stored": False}
    assert [*bucket.files()] == ["out/2026-09-30-1-r2.xml", FILE]
    first, second = bucket.read(FILE).decode(), bucket.read("out/2026-09-30-1-r2.xml").decode()
    assert second == first.replace("AE-20260930-1<", "AE-20260930-1-R2<")
    for unknown in ("2026-09-30-2", "2026-09-29-1", "2026-09-30-0"):
        assert gateway.invoke("bank", {"reissue": {"file": unknown}}) == {"stored": False}
    assert len(bucket.files()) == 2


def test_the_creditor_is_that_of_the_mandates(template: dict[str, Any]) -> None:
    """By default the file names who the mandates name, whose ICS has a right key."""
    defaults = {name: each.get("Default") for name, each in template["Parameters"].items()}
    assert defaults["CreditorId"] == documents.CREDITOR_ID
    assert defaults["CreditorName"] == documents.CREDITOR
    assert at_02.is_valid(defaults["CreditorId"])
    assert parse_iban(defaults["CreditorIban"]) == defaults["CreditorIban"] == IBAN


def test_a_store_that_is_down(payer: Payer, gateway: "Gateway", bucket: Bucket) -> None:
    """The run fails, so that an alarm rings; the payments stay ordered until a run succeeds."""
    payer.ordered(100)
    down = ClientError({"Error": {"Code": "InternalError", "Message": ""}}, "PutObject")
    with payer.world.failing(aws.s3(), "PutObject", down), pytest.raises(ClientError):
        run(gateway)
    assert payer.stages() == ["ordered"]
    run(gateway)
    assert payer.stages() == ["sent"]
    assert [each.cents for each in sent(bucket)] == [100]
    assert DayOfDebits.from_item(payer.world.items("FILE#2026-09-30")[0]).done_at == AFTER
