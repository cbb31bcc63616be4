"""The one DynamoDB table: reads and transactions.

A flow builds the writes of its transaction and gives each the exception that its refusal raises.
If several writes are refused, the first one's exception is raised. Reads are consistent: they see
what a person just did.
"""

import functools
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from botocore.exceptions import ClientError

from portal.core import aws
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.records import Attributes, Record, encode, key
from portal.core.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from portal.core.writes import Write

_TRIES = 8
_PAUSE = 0.02
"""First pause before a write that conflicted with another is tried again, in seconds."""

type Wanted[R: Record] = tuple[type[R], Attributes]
"""The kind and the key of a record to read."""


class Table:
    """The table. Errors of AWS pass through, as botocore raises them."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get[R: Record](self, kind: type[R], at: Attributes) -> R | None:
        """Return the record at a key, or ``None``."""
        answer = self._client.get_item(TableName=self._name, Key=at, ConsistentRead=True)
        item = answer.get("Item")
        return kind.from_item(item) if item else None

    @overload
    def get_several[A: Record, B: Record](
        self, first: Wanted[A], second: Wanted[B], /
    ) -> tuple[A | None, B | None]: ...
    @overload
    def get_several[A: Record, B: Record, C: Record](
        self, first: Wanted[A], second: Wanted[B], third: Wanted[C], /
    ) -> tuple[A | None, B | None, C | None]: ...
    def get_several(self, *wanted: Wanted[Record]) -> tuple[Record | None, ...]:
        """Return the records at two or three keys, in one round trip.

        Raises ``Problem(UNAVAILABLE)`` when DynamoDB leaves a key unprocessed.
        """
        keys = [at for _, at in wanted]
        answer = self._client.batch_get_item(
            RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}}
        )
        if answer.get("UnprocessedKeys"):
            raise Problem(UNAVAILABLE, retry_after=1)
        found = {
            (str(item["pk"]), str(item["sk"])): item for item in answer["Responses"][self._name]
        }
        items = [found.get((str(at["pk"]), str(at["sk"]))) for at in keys]
        return tuple(
            kind.from_item(item) if item else None
            for (kind, _), item in zip(wanted, items, strict=True)
        )

    @overload
    def query[R: Record](self, kind: type[R], partition: str) -> list[R]: ...
    @overload
    def query[R: Record](
        self, kind: type[R], partition: str, *, newest: int, before: str | None
    ) -> list[R]: ...
    def query[R: Record](
        self,
        kind: type[R],
        partition: str,
        *,
        newest: int | None = None,
        before: str | None = None,
    ) -> list[R]:
        """Return the records of a partition, in the order of their sort keys.

        With ``newest``: the last so many before the sort key ``before``, in reverse order.
        """
        if newest is None:
            return [kind.from_item(item) for item in self._items(partition)]
        start: dict[str, Any] = {"ExclusiveStartKey": key(partition, before)} if before else {}
        answer = self._client.query(
            TableName=self._name,
            KeyConditionExpression="pk = :partition",
            ExpressionAttributeValues={":partition": encode(partition)},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=newest,
            **start,
        )
        return [kind.from_item(item) for item in answer["Items"]]

    def read_partition(self, partition: str) -> list[Attributes]:
        """Return the items of a partition that has several kinds of records, by sort key."""
        return [*self._items(partition)]

    def write(self, write: "Write") -> Attributes:
        """Make one write, at half the price of a transaction; return the item after an update.

        Raises the refusal of the write, and ``Problem(UNAVAILABLE)`` when other writes keep the
        item busy.
        """
        if write.action == "Update":
            call = functools.partial(self._client.update_item, ReturnValues="ALL_NEW")
        else:
            put_or_delete: dict[str, Callable[..., Any]] = {
                "Put": self._client.put_item,
                "Delete": self._client.delete_item,
            }
            call = put_or_delete[write.action]
        for _ in _tries():
            try:
                answer: Any = call(TableName=self._name, **write.body)
            except self._client.exceptions.ConditionalCheckFailedException as refused:
                response: Any = refused.response
                raise write.refused(response.get("Item")) from None
            except self._client.exceptions.TransactionConflictException:
                continue
            return answer.get("Attributes", {})
        raise Problem(UNAVAILABLE, retry_after=1)

    def transact(self, *writes: "Write") -> None:
        """Make all writes or none; try again while another write uses one of the items.

        Raises the refusal of the first refused write, and ``Problem(UNAVAILABLE)`` when other
        writes keep the items busy.
        """
        items: Any = [{each.action: {"TableName": self._name, **each.body}} for each in writes]
        for _ in _tries():
            try:
                self._client.transact_write_items(TransactItems=items)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                _raise_unless_busy(cancelled, writes)
            else:
                return
        raise Problem(UNAVAILABLE, retry_after=1)

    def delete_partition(self, partition: str) -> None:
        """Remove every record of a partition, one by one."""
        for item in self._items(partition):
            self._client.delete_item(TableName=self._name, Key={"pk": item["pk"], "sk": item["sk"]})

    def _items(self, partition: str) -> Iterator[Attributes]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :partition",
            ExpressionAttributeValues={":partition": encode(partition)},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]


def _tries() -> Iterator[int]:
    """Yield the number of each try, after a random pause that grows."""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
        yield attempt


def _raise_unless_busy(cancelled: ClientError, writes: "Sequence[Write]") -> None:
    """Raise the cause of a cancelled transaction, or return when it may be tried again."""
    response: Any = cancelled.response
    reasons: Sequence[Mapping[str, Any]] = response.get("CancellationReasons", [])
    for write, reason in zip(writes, reasons, strict=False):
        if reason.get("Code") == "ConditionalCheckFailed":
            raise write.refused(reason.get("Item")) from None
    # guard: busy-is-tried-again: if not => if True or not
    if not {"TransactionConflict", "ThrottlingError"}.intersection(
        reason.get("Code") for reason in reasons
    ):
        raise cancelled


@functools.cache
def table() -> Table:
    """Return the table that this function's environment names."""
    return Table(aws.dynamodb(), settings().table_name)
