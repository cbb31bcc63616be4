"""Calls to moto without HTTP: to its handler, and its result back to botocore.

Most calls of the tests are made of the table and of the secrets. On the usual way, through requests
that are signed, routed, read and written again, each takes three times as long, and none of that is
ours. Nor are the expressions that moto reads again at each call.
"""

import copy
import json
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any, override

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from moto.backends import get_backend
from moto.core.exceptions import ServiceException
from moto.core.parse import JSONParser
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

SHORT = {
    "BatchGetItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "TransactWriteItems",
    "UpdateItem",
}
"""The operations that are answered without HTTP: those of items."""


class LightTable(Table):
    """A table that is copied at little cost: moto does so for each write of a transaction."""

    copied: "LightTable | None" = None
    """The table before the transaction that goes on: moto would copy it for each write of it."""

    @classmethod
    def of(cls, table: Table) -> "LightTable":
        """Return a table with the content of another."""
        light = cls.__new__(cls)
        vars(light).update(vars(table))
        return light

    @override
    def __deepcopy__(self, memo: dict[int, Any]) -> "LightTable":
        """Copy the items, which updates change in place; the rest is never changed."""
        if self.copied:
            return self.copied
        copied = self.of(self)
        copied.items = copy.copy(self.items)
        for partition, items in self.items.items():
            copied.items[partition] = {at: _copy_item(item) for at, item in items.items()}
        self.copied = copied
        return copied


def _copy_item(item: Item) -> Item:
    """Copy an item; an update replaces its single values, and changes lists, maps and sets."""
    copied: Item = Item.__new__(Item)
    copied.hash_key, copied.range_key = item.hash_key, item.range_key
    copied.attrs = LimitedSizeDict()
    dict.update(
        copied.attrs,
        {
            name: copy.deepcopy(value) if isinstance(value.value, (list, dict)) else value
            for name, value in item.attrs.items()
        },
    )
    return copied


class Shortcut:
    """Answers calls from the memory of an account in a region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region

    def answer(
        self, model: Any, params: dict[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """Answer a call of items before it is sent; called by botocore.

        A call that is refused, and so changed nothing, is left to the usual way, which words the
        error.
        """
        if model.name not in SHORT:
            return None
        handler = DynamoHandler()
        handler.current_account, handler.region = self.account, self.region
        handler.headers, handler.response_headers = params["headers"], {}
        handler.querystring, handler.uri_match = {}, {}
        handler.params = handler.body = JSONParser(model).parse({"body": params["body"]})
        try:
            result = getattr(handler, xform_name(model.name))().result
        except (ServiceException, HTTPException):
            return None
        parsed = {name: result[name] for name in model.output_shape.members if name in result}
        return _answered(params, parsed)

    def secret(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        """Answer the reading of a secret before it is sent; called by botocore."""
        secrets = get_backend("secretsmanager")[self.account][self.region]
        asked = json.loads(params["body"])
        try:
            found = secrets.get_secret_value(asked.pop("SecretId"), None, None)
        except (ServiceException, HTTPException):
            return None
        created = datetime.fromtimestamp(found["CreatedDate"], UTC)
        return None if asked else _answered(params, found | {"CreatedDate": created})


def _answered(params: dict[str, Any], parsed: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
    metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
    return AWSResponse(params["url"], 200, {}, None), parsed | {"ResponseMetadata": metadata}


class _Plain(type):
    """The type of a class whose instances are recognised without the code of ``abc``."""


def _copy_node(node: Node, memo: dict[int, Any]) -> Node:
    """Copy a node of an expression and those below it."""
    copied = object.__new__(type(node))
    vars(copied).update(vars(node))
    if node.children is not None:
        copied.children = [copy.deepcopy(child, memo) for child in node.children]
        for child in copied.children:
            if isinstance(child, Node):
                child.parent = copied
    return copied


def _read_expressions_once() -> None:
    """Make moto read each expression once, and go through an update's tree in less time.

    It validates a copy of the tree. What it is told about an item and its values is not kept.
    """
    lex = cache(partial(ConditionExpressionParser._lex_one_node, ConditionExpressionParser))
    ConditionExpressionParser._lex_one_node = lambda _, remaining: lex(remaining)
    UpdateExpressionParser.make = cache(UpdateExpressionParser.make)
    Node.__deepcopy__ = _copy_node
    handled = DepthFirstTraverser.nodes_to_be_processed
    DepthFirstTraverser.nodes_to_be_processed = lru_cache(maxsize=1)(handled)
    transact = DynamoDBBackend.transact_write_items

    def begin(self: DynamoDBBackend, items: list[dict[str, Any]]) -> None:
        try:
            transact(self, items)
        finally:
            for table in self.tables.values():
                vars(table).pop("copied", None)

    DynamoDBBackend.transact_write_items = begin
    kinds = [Node]
    for kind in kinds:
        kind.__class__ = _Plain
        kinds += kind.__subclasses__()


_read_expressions_once()
