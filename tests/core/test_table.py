"""The table and its writes: records, conditions, refusals, and what a busy DynamoDB does."""

import json
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portal.core import aws
from portal.core.feed import Activity, read, read_all
from portal.core.links import Link
from portal.core.outbox import Outgoing, Unsent
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.records import Record, Value, decode, encode
from portal.core.session import Session
from portal.core.writes import (
    Condition,
    Expr,
    RefusedError,
    Write,
    absent_or_until,
    after,
    check,
    claim,
    delete,
    put,
    put_new,
    update,
)
from portal.declarations.records import Archived, Declaration
from portal.identity.records import Account, Credentials, DeviceFailures, Identifier, Registration
from portal.payments.plan_records import SealedPlan
from portal.payments.records import SealedMandate, SealedPayment
from portal.support.records import Audit
from tests.world.world import FEED, NOW

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.world.world import World

CREDENTIALS = Credentials(account_id="a", password_hash="1$", logins=3)
KEY = CREDENTIALS.key()
ENTRY = Activity(
    account_id="a", id="1#1", at=NOW * 1000, kind="welcome", actor="a", about={"first_name": "M"}
)
ACT = Audit.of("operator", "reason", "look-up", NOW)


class FirstError(RefusedError):
    """What one write of a test raises."""


class SecondError(RefusedError):
    """What another write raises."""


def cancelled(*codes: str) -> dict[str, Any]:
    """Return what DynamoDB answers when it cancels a transaction."""
    return {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": code} for code in codes],
    }


CONFLICT: Any = {"Error": {"Code": "TransactionConflictException", "Message": ""}}
"""What DynamoDB answers to a write of an item that a transaction has."""


@contextmanager
def busy_once(operation: str, error: str, answer: Any) -> "Generator[None]":
    """Make the first call of an operation fail with a DynamoDB exception."""
    failed: list[bool] = []

    def fail(**_: object) -> None:
        if not failed:
            failed.append(True)
            raise getattr(aws.dynamodb().exceptions, error)(answer, operation)

    event = f"before-call.*.{operation}"
    aws.dynamodb().meta.events.register(event, fail)
    try:
        yield
    finally:
        aws.dynamodb().meta.events.unregister(event, fail)
    assert failed


def every_kind(kind: type[Record]) -> "Generator[type[Record]]":
    """Yield every type of record below one."""
    for each in kind.__subclasses__():
        yield each
        yield from every_kind(each)


def test_the_table_is_made_as_the_template_says(world: "World") -> None:
    """There is one table, with the keys pk and sk, and its TTL is expires_at."""
    name = world.settings.table_name
    description = aws.dynamodb().describe_table(TableName=name)["Table"]
    assert {each["AttributeName"]: each["KeyType"] for each in description["KeySchema"]} == {
        "pk": "HASH",
        "sk": "RANGE",
    }
    ttl = aws.dynamodb().describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("expires_at", "ENABLED")


@given(
    st.one_of(
        st.text(),
        st.integers(),
        st.booleans(),
        st.binary(),
        st.lists(st.text()).map(tuple),
        st.dictionaries(st.text(), st.text()),
    )
)
def test_values_are_read_as_written(value: Value) -> None:
    """A value is read as it was written, with the same type."""
    read = decode(encode(value))
    assert read == value
    assert type(read) is type(value)


def test_absence_is_not_a_value() -> None:
    """An absent value is an absent attribute, not a stored null."""
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
        Link(
            id="r",
            purpose=3,
            issued_at=NOW,
            expires_at=NOW + 3600,
            account_id="a",
            about={"email": "m@example.fr"},
        ),
        Account(
            id="a",
            created_at=NOW,
            last_name="D",
            first_name="M",
            mobile_phone="+33612345678",
            email="m@example.fr",
            email_mac="mac",
        ),
        Identifier(mac="mac"),
        Identifier(mac="mac", account_id="a", failures=3, attempted_at=NOW * 1000),
        DeviceFailures(mac="mac", device="0" * 32, failures=1, attempted_at=NOW * 1000),
        CREDENTIALS,
        replace(CREDENTIALS, last_login_at=NOW),
        Session(
            account_id="a",
            place=9,
            secret_sha256=b"\1" * 32,
            created_at=NOW,
            seen_at=NOW,
            expires_at=NOW + 1,
            methods=("password",),
            proved_at=NOW,
        ),
        ENTRY,
        ACT,
        Unsent(id="m", kind="validation", at=NOW, expires_at=NOW + 1),
        Outgoing.new("validation", NOW, registration_id="r"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_are_read_as_written(world: "World", record: Record) -> None:
    """A record is read as it was written; unknown attributes are ignored."""
    item = record.to_item() | {"later": {"S": "unknown"}}
    aws.dynamodb().put_item(TableName=world.settings.table_name, Item=item)
    assert world.table.get(type(record), record.key()) == record


def test_a_key_without_a_record_is_none(world: "World") -> None:
    """A key without a record is read as ``None``."""
    assert world.table.get(Account, Account.key_of(id="nobody")) is None


def test_reads_are_consistent(world: "World") -> None:
    """Every read is consistent: it sees what was just written."""
    account_id = world.open_account()
    read_all(world.table, account_id, FEED)
    read(world.table, world.acting(account_id), FEED, 10, None)
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
    """Everything is found by its key: the cost of a scan grows with the accounts."""
    account_id = world.open_account()
    world.log_in("michele.dupont@example.fr")
    read_all(world.table, account_id, FEED)
    world.deliver()
    assert "Scan" not in world.calls.of("DynamoDB")


# Reads


def test_two_records_are_one_round_trip(world: "World") -> None:
    """Two records of two types are read at once, in the order asked, or as ``None``."""
    identifier = Identifier(mac="a")
    wanted = ((Identifier, identifier.key()), (Credentials, KEY))
    found: list[object] = []
    for record in (identifier, CREDENTIALS):
        found.append(world.table.get_several(*wanted))
        world.table.write(put(record))
    with world.calls.counted() as made:
        found.append(world.table.get_several(*wanted))
    assert made == ["BatchGetItem"]
    assert found == [(None, None), (identifier, None), (identifier, CREDENTIALS)]
    world.table.write(delete(identifier.key()))
    assert world.table.get_several(*wanted) == (None, CREDENTIALS)


def test_unread_keys_are_unavailable(world: "World") -> None:
    """A batch read that DynamoDB answers in part is « unavailable », not an unknown link."""
    link = Link(id="r", purpose=1, issued_at=NOW, expires_at=NOW + 3600)
    partial = {
        "Responses": {world.settings.table_name: []},
        "UnprocessedKeys": {world.settings.table_name: {"Keys": [link.key()]}},
    }
    with world.answering(aws.dynamodb(), "BatchGetItem", partial), pytest.raises(Problem) as caught:
        world.table.get_several((Link, link.key()), (Registration, Registration.key_of(id="r")))
    assert caught.value.kind is UNAVAILABLE
    assert caught.value.retry_after


def test_a_partition_is_read_in_order_and_removed_alone(world: "World") -> None:
    """A partition is read by sort key, and deleting it leaves the others."""
    entries = [replace(ENTRY, id=f"{n}#1") for n in (1, 2, 3)]
    for each in (entries[2], entries[0], entries[1], replace(ENTRY, account_id="b"), CREDENTIALS):
        world.table.write(put(each))
    assert world.table.query(Activity, "ACTIVITY#a") == entries
    newest = world.table.query(Activity, "ACTIVITY#a", newest=2, before=None)
    assert newest == [entries[2], entries[1]]
    older = world.table.query(Activity, "ACTIVITY#a", newest=2, before=entries[1].id)
    assert older == [entries[0]]
    world.table.delete_partition("ACTIVITY#a")
    assert {each["pk"]["S"] for each in world.items()} == {"ACTIVITY#b", "CREDENTIALS#a"}


# Writes, their conditions and refusals


def test_an_update_sets_computes_and_removes(world: "World") -> None:
    """An update sets, computes or removes attributes and leaves the others."""
    world.table.write(put(replace(CREDENTIALS, last_login_at=NOW)))
    one_more = Expr("logins + :one", {":one": 1})
    changes = {"password_hash": "2$", "logins": one_more, "last_login_at": None}
    answer = world.table.write(update(KEY, changes, if_={"logins": 3}))
    expected = Credentials(account_id="a", password_hash="2$", logins=4)
    assert Credentials.from_item(answer) == expected
    assert world.table.get(Credentials, KEY) == expected
    assert "last_login_at" not in answer
    world.table.write(update(KEY, {"password_hash": None}))
    (item,) = world.items()
    assert "password_hash" not in item
    assert item["logins"] == {"N": "4"}


CONDITIONS: list[tuple[Condition, bool]] = [
    ({"logins": 3}, True),
    ({"logins": 2}, False),
    ({"logins": 3, "password_hash": "1$"}, True),
    ({"logins": 3, "password_hash": "2$"}, False),
    ({"logins": 2, "password_hash": "1$"}, False),
    ({"last_login_at": None}, True),
    ({"logins": None}, False),
    ({"last_login_at": 0}, False),
    ({"logins": after(2)}, True),
    ({"logins": after(3)}, False),
    ({"last_login_at": after(0)}, False),
    ({"logins": absent_or_until(3)}, True),
    ({"logins": absent_or_until(2)}, False),
    ({"last_login_at": absent_or_until(0)}, True),
    ({"logins": absent_or_until(2), "password_hash": "1$"}, False),
    ({"last_login_at": absent_or_until(0), "password_hash": "2$"}, False),
    (Expr("logins = :n OR logins = :m", {":n": 3, ":m": 4}), True),
    (Expr("logins = :n OR logins = :m", {":n": 2, ":m": 4}), False),
]


@pytest.mark.parametrize(
    ("action", "together"),
    [*product(["put", "update", "delete"], [False, True]), ("check", True)],
)
@pytest.mark.parametrize(("if_", "applies"), CONDITIONS)
def test_a_condition_decides(
    world: "World", if_: Condition, action: str, *, applies: bool, together: bool
) -> None:
    """A write applies if its condition does; else it is refused, with the item found."""
    world.table.write(put(CREDENTIALS))
    changed = replace(CREDENTIALS, logins=9)
    write, left = {
        "put": (put(changed, if_=if_, else_=FirstError), changed),
        "update": (update(KEY, {"logins": 9}, if_=if_, else_=FirstError), changed),
        "delete": (delete(KEY, if_=if_, else_=FirstError), None),
        "check": (check(KEY, if_=if_, else_=FirstError), CREDENTIALS),
    }[action]
    other = Identifier(mac="other")

    def write_it() -> None:
        if together:
            world.table.transact(put(other), write)
        else:
            world.table.write(write)

    if applies:
        write_it()
        assert world.table.get(Credentials, KEY) == left
        assert bool(world.table.get(Identifier, other.key())) == together
        return
    with pytest.raises(FirstError) as caught:
        write_it()
    assert caught.value.item
    assert Credentials.from_item(caught.value.item) == CREDENTIALS
    assert world.table.get(Credentials, KEY) == CREDENTIALS
    assert world.table.get(Identifier, other.key()) is None


def test_a_condition_on_nothing(world: "World") -> None:
    """Without a record, a condition sees no values and a refusal has no item."""
    for write in (
        put(CREDENTIALS, if_={"logins": 3}, else_=FirstError),
        update(KEY, {"logins": 9}, if_={"account_id": "a"}, else_=FirstError),
        delete(KEY, if_={"logins": after(0)}, else_=FirstError),
    ):
        for make in (world.table.write, world.table.transact):
            with pytest.raises(FirstError) as caught:
                make(write)
            assert caught.value.item is None
    assert not world.items()
    world.table.write(delete(KEY))


def test_a_put_replaces_and_a_new_one_does_not(world: "World") -> None:
    """A put replaces a record, unless the record must be new."""
    world.table.write(put(CREDENTIALS))
    changed = replace(CREDENTIALS, password_hash="2$")
    with pytest.raises(FirstError) as caught:
        world.table.write(put_new(changed, else_=FirstError))
    assert caught.value.item == CREDENTIALS.to_item()
    world.table.write(put(changed))
    assert world.table.get(Credentials, KEY) == changed
    world.table.write(delete(KEY))
    world.table.write(put_new(changed, else_=FirstError))
    assert world.table.get(Credentials, KEY) == changed


@pytest.mark.parametrize(
    "refused",
    [
        [(False, FirstError), (True, SecondError)],
        [(True, SecondError), (False, FirstError)],
        [(True, SecondError), (True, FirstError)],
        [(False, FirstError), (True, SecondError), (True, FirstError)],
    ],
)
def test_the_first_refused_write_raises(
    world: "World", refused: list[tuple[bool, type[RefusedError]]]
) -> None:
    """Of several refused writes, the first in the list raises its refusal."""
    writes: list[Write] = []
    for n, (is_refused, refusal) in enumerate(refused):
        record = Identifier(mac=str(n), failures=n)
        world.table.write(put(record))
        unchanged = {"failures": n + 1 if is_refused else n}
        writes.append(update(record.key(), {"failures": 9}, if_=unchanged, else_=refusal))
    with pytest.raises(SecondError) as caught:
        world.table.transact(*writes)
    first = next(n for n, (is_refused, _) in enumerate(refused) if is_refused)
    assert caught.value.item
    assert Identifier.from_item(caught.value.item).mac == str(first)
    assert {item["failures"]["N"] for item in world.items()} == {
        str(n) for n in range(len(refused))
    }


@pytest.mark.parametrize("together", [False, True], ids=["alone", "transaction"])
def test_a_refusal_may_be_an_exception(world: "World", *, together: bool) -> None:
    """A write raises the exception that it was given, or a plain refusal by default."""
    make = world.table.transact if together else world.table.write
    problem = Problem(UNAVAILABLE)
    with pytest.raises(Problem) as caught:
        make(update(KEY, {"logins": 9}, if_={"logins": 3}, else_=problem))
    assert caught.value is problem
    with pytest.raises(RefusedError) as refused:
        make(update(KEY, {"logins": 9}, if_={"logins": 3}))
    assert type(refused.value) is RefusedError


def test_a_claim_keeps_a_count(world: "World") -> None:
    """A claim keeps the counts under its key, and is refused once somebody has it."""
    counted = Identifier(mac="mac", failures=4, attempted_at=NOW * 1000)
    world.table.write(put(counted))

    def take(account_id: str) -> Write:
        record = Identifier(mac="mac", account_id=account_id)
        return claim(record, unless="account_id", else_=FirstError, expires_at=1, kept_until=2)

    world.table.transact(take("a"))
    (item,) = world.items()
    expected = replace(counted, account_id="a", failures=0)
    assert Identifier.from_item(item) == expected
    assert (item["expires_at"], item["kept_until"]) == ({"N": "1"}, {"N": "2"})
    for account_id in ("b", "a"):
        with pytest.raises(FirstError) as caught:
            world.table.transact(take(account_id))
        assert caught.value.item == item
    assert world.items() == [item]


def test_a_claim_of_what_nobody_has(world: "World") -> None:
    """A claim writes the record if there is none; the key is no attribute of it."""
    record = Identifier(mac="mac", account_id="a")
    world.table.write(claim(record, unless="account_id", else_=FirstError))
    assert world.items() == [record.to_item()]


@pytest.mark.parametrize(
    ("record", "forged"),
    [(ENTRY, replace(ENTRY, actor="b")), (ACT, replace(ACT, operator="another"))],
    ids=["Activity", "Audit"],
)
def test_the_trail_is_never_written_over(world: "World", record: Record, forged: Record) -> None:
    """A record that is only added is never replaced, whatever the condition of its put."""
    world.table.write(put(record))
    for write in (put(forged), put(forged, if_=Expr("attribute_exists(pk)"), else_=FirstError)):
        for make in (world.table.write, world.table.transact):
            with pytest.raises(RefusedError) as caught:
                make(write)
            assert caught.value.item == record.to_item()
    assert world.items() == [record.to_item()]


def test_other_records_may_be_written_over() -> None:
    """Other records are replaced as the condition of the put says."""
    assert "ConditionExpression" not in put(CREDENTIALS).body
    kinds = {kind for kind in every_kind(Record) if kind.ADD_ONLY}
    assert kinds == {
        Activity,
        Audit,
        Declaration,
        Archived,
        SealedMandate,
        SealedPayment,
        SealedPlan,
    }


# A busy or failing DynamoDB


@pytest.mark.guards("busy-is-tried-again")
@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_a_busy_transaction_is_tried_again(world: "World", code: str) -> None:
    """A transaction in conflict with another is repeated; the second try writes."""
    with busy_once("TransactWriteItems", "TransactionCanceledException", cancelled(code, "None")):
        world.sign_up()
    assert world.calls.of("DynamoDB").count("TransactWriteItems") == 2
    assert world.messages()


@pytest.mark.parametrize(
    ("operation", "write"),
    [
        ("PutItem", put(replace(CREDENTIALS, logins=9))),
        ("UpdateItem", update(KEY, {"logins": 9}, if_={"logins": 3})),
        ("DeleteItem", delete(KEY, if_={"logins": 3})),
    ],
    ids=["put", "update", "delete"],
)
def test_a_write_of_a_busy_item_is_tried_again(
    world: "World", operation: str, write: Write
) -> None:
    """A write in conflict with a transaction is repeated; the second try writes."""
    world.table.write(put(CREDENTIALS))
    with (
        busy_once(operation, "TransactionConflictException", CONFLICT),
        world.calls.counted() as made,
    ):
        answer = world.table.write(write)
    assert made == [operation] * 2
    found = world.table.get(Credentials, KEY)
    assert (found.logins if found else None) == (None if operation == "DeleteItem" else 9)
    assert bool(answer) == (operation == "UpdateItem")


def test_a_write_of_an_item_always_busy_is_unavailable(world: "World") -> None:
    """A write that always conflicts ends as « unavailable »."""
    busy = ClientError(CONFLICT, "UpdateItem")
    with (
        world.failing(aws.dynamodb(), "UpdateItem", busy),
        world.calls.counted() as made,
        pytest.raises(Problem) as caught,
    ):
        world.table.write(update(KEY, {"logins": 9}))
    assert caught.value.kind is UNAVAILABLE
    assert caught.value.retry_after
    assert made == ["UpdateItem"] * 8


def test_a_write_that_fails_is_no_conflict(world: "World") -> None:
    """A write that DynamoDB refuses for another reason is an error, and not repeated."""
    wrong = ClientError({"Error": {"Code": "ValidationException", "Message": ""}}, "PutItem")
    with (
        world.failing(aws.dynamodb(), "PutItem", wrong),
        world.calls.counted() as made,
        pytest.raises(ClientError),
    ):
        world.table.write(put(CREDENTIALS))
    assert made == ["PutItem"]


def test_items_always_busy_are_unavailable(world: "World") -> None:
    """A transaction that always conflicts ends as « unavailable »."""
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
    """A transaction cancelled for another reason is an error, and not repeated."""
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
    """A cancelled transaction gives each failed condition by position, with the item found."""
    mixed = cancelled("None", "ConditionalCheckFailed", "TransactionConflict")
    mixed["CancellationReasons"][1]["Item"] = {"pk": {"S": "x"}}
    failure = aws.dynamodb().exceptions.TransactionCanceledException(mixed, "TransactWriteItems")
    with (
        world.failing(aws.dynamodb(), "TransactWriteItems", failure),
        world.calls.counted() as made,
        pytest.raises(SecondError) as caught,
    ):
        world.table.transact(
            put(CREDENTIALS, else_=FirstError),
            put(Identifier(mac="mac"), else_=SecondError),
            put(ENTRY, else_=FirstError),
        )
    assert caught.value.item == {"pk": {"S": "x"}}
    assert made == ["TransactWriteItems"], "a refusal is final, even if other items are busy"


def test_a_repeated_transaction_is_written_once(world: "World") -> None:
    """A transaction has a token, so that a retry after a lost answer writes nothing new."""
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
