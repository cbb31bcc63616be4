"""The table: its shape, its records, and what it does when DynamoDB refuses."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from portal import aws
from portal.items import (
    Account,
    Activity,
    Link,
    Login,
    Outgoing,
    Record,
    Registration,
    Session,
    decode,
    encode,
)
from portal.problems import UNAVAILABLE, Problem
from portal.table import ConditionFailedError

if TYPE_CHECKING:
    from tests.unit.conftest import World

NOW = 1_790_000_000


def cancelled(*codes: str) -> dict[str, Any]:
    """Return what DynamoDB answers when it cancels a transaction."""
    return {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": code} for code in codes],
    }


def test_the_table_is_made_as_the_template_says(world: "World") -> None:
    """One table, keyed by pk and sk, swept by expires_at."""
    name = world.settings.table_name
    description = aws.dynamodb().describe_table(TableName=name)["Table"]
    assert {each["AttributeName"]: each["KeyType"] for each in description["KeySchema"]} == {
        "pk": "HASH",
        "sk": "RANGE",
    }
    ttl = aws.dynamodb().describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("expires_at", "ENABLED")


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.binary()))
def test_values_come_back(value: str | int | bool | bytes) -> None:  # noqa: FBT001 - a value
    """What is stored is read as it was, of the same type."""
    read = decode(encode(value))
    assert read == value
    assert type(read) is type(value)


def test_absence_is_not_a_value() -> None:
    """An absent value is an absent attribute, never a stored null."""
    with pytest.raises(TypeError):
        encode(None)


@pytest.mark.parametrize(
    "record",
    [
        Registration(id="r", account_id="a", created_at=NOW, expires_at=NOW + 1),
        Registration(
            id="r", account_id="a", created_at=NOW, expires_at=NOW + 1, nir_encrypted=b"\0"
        ),
        Link(id="r", purpose=1, issued_at=NOW, expires_at=NOW + 3600),
        Account(
            id="a",
            created_at=NOW,
            last_name="D",
            first_name="M",
            mobile_phone="+33612345678",
            email="m@example.fr",
            email_mac="mac",
        ),
        Login(mac="mac"),
        Login(mac="mac", account_id="a", password_hash="1$", twin_mac="twin", logins=3),
        Session(
            account_id="a",
            slot=9,
            secret_sha256=b"\1" * 32,
            created_at=NOW,
            seen_at=NOW,
            expires_at=NOW + 1,
        ),
        Activity(account_id="a", id="1#1", at=NOW * 1000, kind="welcome", actor="a"),
        Outgoing.new("validation", NOW, registration_id="r"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_come_back(world: "World", record: Record) -> None:
    """A record written is the record read; attributes of a later version are left aside."""
    item = record.to_item() | {"later": {"S": "unknown"}}
    aws.dynamodb().put_item(TableName=world.settings.table_name, Item=item)
    assert world.table.get(type(record), record.key()) == record


def test_nothing_is_read_where_nothing_is(world: "World") -> None:
    """A key without a record gives none."""
    assert world.table.get(Account, Account.key_of("nobody")) is None


def test_reads_are_consistent(world: "World") -> None:
    """What a person just did is there: no read may be of an older state."""
    account_id = world.open_account()
    world.table.activity(account_id, 10, None)
    reads = [
        call.asked
        for call in world.calls.all
        if call.operation in {"GetItem", "Query", "BatchGetItem"}
    ]
    assert {*map(str, (call.operation for call in world.calls.all))} >= {
        "GetItem", "Query", "BatchGetItem",
    }  # fmt: skip
    for asked in reads:
        each = asked.get("RequestItems", {world.settings.table_name: asked})
        assert each[world.settings.table_name]["ConsistentRead"] is True


def test_nothing_scans_the_table(world: "World") -> None:
    """Everything is found by its key: a scan would cost with each account."""
    account_id = world.open_account()
    world.log_in("michele.dupont@example.fr")
    world.table.activity(account_id, 10, None)
    world.deliver()
    assert "Scan" not in world.calls.of("DynamoDB")


@pytest.mark.guards("busy-is-tried-again")
@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_a_busy_transaction_is_tried_again(world: "World", code: str) -> None:
    """A transaction that meets another is made again: the second try writes."""
    answers: list[object] = []

    def once(**_: object) -> None:
        if not answers:
            answers.append(code)
            raise aws.dynamodb().exceptions.TransactionCanceledException(
                cancelled(code, "None"), "TransactWriteItems"
            )

    aws.dynamodb().meta.events.register("before-call.*.TransactWriteItems", once)
    try:
        world.sign_up()
    finally:
        aws.dynamodb().meta.events.unregister("before-call.*.TransactWriteItems", once)
    assert answers
    assert world.calls.of("DynamoDB").count("TransactWriteItems") == 2


def test_items_busy_for_good_are_unavailable(world: "World") -> None:
    """A transaction that never gets through ends as « unavailable », to be asked again."""
    busy = aws.dynamodb().exceptions.TransactionCanceledException(
        cancelled("TransactionConflict"), "TransactWriteItems"
    )
    with (
        world.failing(aws.dynamodb(), "TransactWriteItems", busy),
        pytest.raises(Problem) as caught,
    ):
        world.resend("m@example.fr")
    assert caught.value.kind is UNAVAILABLE
    assert caught.value.retry_after


def test_a_refused_transaction_is_no_conflict(world: "World") -> None:
    """A transaction cancelled for another reason is an error, and is not made again."""
    wrong = aws.dynamodb().exceptions.TransactionCanceledException(
        cancelled("ValidationError"), "TransactWriteItems"
    )
    with (
        world.failing(aws.dynamodb(), "TransactWriteItems", wrong),
        pytest.raises(ClientError),
    ):
        world.resend("m@example.fr")
    assert world.calls.of("DynamoDB").count("TransactWriteItems") == 1


def test_a_failed_condition_names_its_operation(world: "World") -> None:
    """Which of a transaction's conditions failed is known by position, with the item found."""
    mixed = cancelled("None", "ConditionalCheckFailed", "TransactionConflict")
    mixed["CancellationReasons"][1]["Item"] = {"pk": {"S": "x"}}
    failure = aws.dynamodb().exceptions.TransactionCanceledException(mixed, "TransactWriteItems")
    with (
        world.failing(aws.dynamodb(), "TransactWriteItems", failure),
        pytest.raises(ConditionFailedError) as caught,
    ):
        world.table._transact([])
    assert caught.value.failed == {1}
    assert caught.value.items == [None, {"pk": {"S": "x"}}, None]


def test_unread_keys_are_unavailable(world: "World") -> None:
    """A batch that DynamoDB answers in part is not taken for an unknown link."""
    link = Link(id="r", purpose=1, issued_at=NOW, expires_at=NOW + 3600)
    partial = {
        "Responses": {world.settings.table_name: []},
        "UnprocessedKeys": {world.settings.table_name: {"Keys": [link.key()]}},
    }
    with world.answering(aws.dynamodb(), "BatchGetItem", partial), pytest.raises(Problem) as caught:
        world.table.link_and_registration(link)
    assert caught.value.kind is UNAVAILABLE


def test_a_repeated_transaction_is_written_once(world: "World") -> None:
    """Each transaction carries a token, so that a retry after a lost answer writes nothing new."""
    seen: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        seen.append(json.loads(params["body"])["ClientRequestToken"])

    aws.dynamodb().meta.events.register("before-call.*.TransactWriteItems", note)
    try:
        world.resend("one@example.fr")
        world.resend("two@example.fr")
    finally:
        aws.dynamodb().meta.events.unregister("before-call.*.TransactWriteItems", note)
    assert len(set(seen)) == 2
