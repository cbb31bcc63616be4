"""Stored records, and their encoding in DynamoDB's wire format.

A record declares its key: ``PARTITION`` and ``SORT`` are templates filled with its attributes. Each
domain defines its own records; importing them loads no AWS SDK. A key contains the HMAC of an
identifier, never the identifier: it can be looked up in the table, but not read from it.

A record that expires has ``expires_at``, the table's TTL attribute, in seconds since the epoch.
TTL may be two days late, so readers also compare it with the current time.
"""

import functools
import string
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from msgspec.structs import asdict

from portal.core.confidential import Confidential

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Value = str | int | bool | bytes | Sequence[str] | Mapping[str, str] | None
type Attribute = AttributeValueTypeDef
type Attributes = dict[str, AttributeValueTypeDef]

HOUR = 3600
DAY = 24 * HOUR

FOREVER = 253_370_764_800
"""An ``expires_at`` that TTL never reaches (year 9999), for records that do not expire."""


def encode(value: Value) -> Attribute:
    """Return ``value`` in DynamoDB's wire format; raises ``TypeError`` for ``None``."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case None:
            message = "None is stored by leaving the attribute out"
            raise TypeError(message)
        case Mapping():
            return {"M": {name: {"S": each} for name, each in value.items()}}
        case _:
            return {"L": [{"S": each} for each in value]}


def decode(attribute: Mapping[str, Any]) -> Value:
    """Return the Python value of an attribute in DynamoDB's wire format."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value)
        case "M":
            stored = cast("Mapping[str, Mapping[str, str]]", value)
            return {name: each["S"] for name, each in stored.items()}
        case "L":
            return tuple(each["S"] for each in cast("list[Mapping[str, str]]", value))
        case _:
            return value


def key(partition: str, sort: str) -> Attributes:
    """Return the primary key of a record."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


class Record(Confidential, frozen=True):
    """A stored record; its ``repr`` shows no content."""

    PARTITION: ClassVar[str]
    """Template of the partition key, such as ``ACCOUNT#{id}``."""
    SORT: ClassVar[str]
    """Template of the sort key."""
    ADD_ONLY: ClassVar = False
    """Whether records of this type are only added, never replaced or changed."""

    @classmethod
    def key_of(cls, **named: str | int) -> Attributes:
        """Return the primary key of the record with these attributes."""
        return key(cls.PARTITION.format_map(named), cls.SORT.format_map(named))

    @classmethod
    def partition(cls, **named: str | int) -> str:
        """Return the partition key of the records with these attributes."""
        return cls.PARTITION.format_map(named)

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(**{name: getattr(self, name) for name in _named(type(self))})

    def to_item(self) -> Attributes:
        """Return the item, without the attributes that are ``None``."""
        values = asdict(self).items()
        return self.key() | {name: encode(value) for name, value in values if value is not None}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Return the record of an item; attributes that it does not declare are ignored."""
        known = cls.__struct_fields__
        return cls(**{name: decode(item[name]) for name in known if name in item})


@functools.cache
def _named(kind: type[Record]) -> Sequence[str]:
    """Return the names of the attributes in a record's key."""
    templates = (kind.PARTITION, kind.SORT)
    return [name for text in templates for _, name, _, _ in string.Formatter().parse(text) if name]
