"""Without HTTP, AWS in memory answers as with it (tests/world/shortcut.py)."""

from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from portal.core import aws
from tests.world.cloud import over_http, read_items, write_item
from tests.world.shortcut import SHORT
from tests.world.use_cases import restore
from tests.world.world import World

ITEM: dict[str, Any] = {
    "pk": {"S": "KIND#1"},
    "sk": {"S": "a"},
    "count": {"N": "3"},
    "bytes": {"B": b"\x00\xff"},
    "list": {"L": [{"S": "x"}, {"N": "1"}]},
    "map": {"M": {"key": {"BOOL": True}}},
    "set": {"SS": ["one", "two"]},
}
AT = {name: ITEM[name] for name in ("pk", "sk")}
ONE: dict[str, Any] = {"TableName": "Table", "Key": AT}
WHOLE: dict[str, Any] = {"TableName": "Table", "Item": ITEM | {"count": {"N": "9"}}}
ADD: dict[str, Any] = {
    "UpdateExpression": "ADD #c :one SET #l = list_append(#l, :more) REMOVE #m",
    "ExpressionAttributeNames": {"#c": "count", "#l": "list", "#m": "map"},
    "ExpressionAttributeValues": {":one": {"N": "1"}, ":more": {"L": [{"S": "y"}]}},
}
ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
OTHER = WHOLE | {"Item": ITEM | {"sk": {"S": "b"}}}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("GetItem", ONE),
    ("GetItem", ONE | {"Key": AT | {"sk": {"S": "none"}}}),
    ("BatchGetItem", {"RequestItems": {"Table": {"Keys": [AT]}}}),
    ("PutItem", WHOLE),
    ("PutItem", WHOLE | ABSENT | OLD),
    ("UpdateItem", ONE | ADD | {"ReturnValues": "ALL_NEW"}),
    ("UpdateItem", ONE | ADD | ABSENT | OLD),
    ("DeleteItem", ONE),
    (
        "Query",
        {
            "TableName": "Table",
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": ITEM["pk"]},
            "Limit": 1,
        },
    ),
    ("TransactWriteItems", {"TransactItems": [{"Put": OTHER}, {"Update": ONE | ADD}]}),
    # The second write is refused: the first, and what it changes in place, is undone.
    (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Update": ONE | ADD},
                {"Put": OTHER | {"ConditionExpression": "attribute_exists(pk)"}},
            ]
        },
    ),
]


def answered(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a call answers, or its error, without what is about its transport."""
    client: Any = aws.dynamodb()
    try:
        answer = getattr(client, xform_name(operation))(**asked)
    except ClientError as refused:
        answer = dict(refused.response)
    return {name: each for name, each in answer.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize(("operation", "asked"), CASES)
def test_both_ways_are_alike(world: World, operation: str, asked: dict[str, Any]) -> None:
    """Each call gives the same answer or error, and leaves the same items, on both ways."""
    name = world.settings.table_name
    write_item(name, ITEM)
    start = read_items(name)
    short = answered(operation, asked), read_items(name)
    restore(world, start)
    with over_http():
        assert short == (answered(operation, asked), read_items(name))


@pytest.mark.parametrize("name", ["TokenSecret", "none"])
def test_a_secret_is_alike(world: World, name: str) -> None:
    """A secret is read alike on both ways, and so is the error when there is none."""
    assert world

    def read() -> Any:
        try:
            answer: Any = aws.secrets_manager().get_secret_value(SecretId=name)
        except ClientError as refused:
            answer = refused.response
        return {key: each for key, each in answer.items() if key != "ResponseMetadata"}

    short = read()
    with over_http():
        assert short == read()


def test_every_operation_is_compared() -> None:
    """No operation is answered without HTTP that is not compared here."""
    assert {operation for operation, _ in CASES} == SHORT
