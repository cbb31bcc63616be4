"""Calls to moto without HTTP: to its handler, and its result back to botocore.

Most calls of the tests are made of the table and of the secrets. On the usual way, through requests
that are signed, routed, read and written again, each takes three times as long, and none of that is
ours.
"""

import copy
import json
from datetime import UTC, datetime
from typing import Any, override

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from moto.backends import get_backend
from moto.core.exceptions import ServiceException
from moto.core.parse import JSONParser
from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
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

    @classmethod
    def of(cls, table: Table) -> "LightTable":
        """Return a table with the content of another."""
        light = cls.__new__(cls)
        vars(light).update(vars(table))
        return light

    @override
    def __deepcopy__(self, memo: dict[int, Any]) -> "LightTable":
        """Copy the items, which updates change in place; the rest is never changed."""
        copied = self.of(self)
        copied.items = copy.copy(self.items)
        for partition, items in self.items.items():
            copied.items[partition] = {at: _copy_item(item) for at, item in items.items()}
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
