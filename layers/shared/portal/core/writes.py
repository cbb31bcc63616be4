"""Writes: what a transaction is made of, each with the exception that its refusal raises.

Pure: nothing here talks to DynamoDB.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from portal.core.records import Attributes, Record, Value, encode


class RefusedError(Exception):
    """The condition of a write did not apply; ``item`` is what is stored there, if anything."""

    def __init__(self, item: Attributes | None = None) -> None:
        super().__init__()
        self.item = item


type Refusal = type[RefusedError] | Exception
"""What a refused operation raises: a class, made with the stored item, or an exception."""


class Expr(Struct, frozen=True):
    """A piece of a DynamoDB expression, with the values of its placeholders."""

    text: str
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])


class Test(Struct, frozen=True):
    """A comparison: ``text`` takes the attribute's name and the placeholder of ``value``."""

    text: str
    value: Value


def after(value: int) -> Test:
    """Return the test that an attribute is above a value."""
    return Test("{0} > {1}", value)


def absent_or_until(value: int) -> Test:
    """Return the test that an attribute is absent or at most a value."""
    return Test("(attribute_not_exists({0}) OR {0} <= {1})", value)


type Condition = Expr | Mapping[str, Value | Test]
"""What must be true of the stored item: a value for each name, ``None`` for an absent one."""


class Write(Struct, frozen=True):
    """One write of a transaction, and what its refusal raises."""

    action: str
    body: Mapping[str, Any]
    refusal: Refusal

    def refused(self, item: Attributes | None) -> Exception:
        """Return what to raise when the condition did not apply to the stored item."""
        return self.refusal(item) if isinstance(self.refusal, type) else self.refusal


def put(record: Record, *, if_: Condition | None = None, else_: Refusal = RefusedError) -> Write:
    """Write a record over whatever is there; one that is only ever added, where nothing is."""
    # guard: trail-is-only-added-to
    if_ = Expr("attribute_not_exists(pk)") if record.ADD_ONLY else if_
    return Write("Put", {"Item": record.to_item(), **_condition(if_)}, else_)


def put_new(record: Record, *, else_: Refusal) -> Write:
    """Write a record where there is none."""
    return put(record, if_=Expr("attribute_not_exists(pk)"), else_=else_)


def update(
    at: Attributes,
    changes: Mapping[str, Value | Expr],
    *,
    if_: Condition | None = None,
    else_: Refusal = RefusedError,
) -> Write:
    """Change attributes of a record: a value or an expression is set, ``None`` removes."""
    sets: list[str] = []
    values: dict[str, Value] = {}
    for name, value in changes.items():
        match value:
            case None:
                continue
            case Expr():
                sets.append(f"{name} = {value.text}")
                values |= value.values
            case _:
                sets.append(f"{name} = :{name}")
                values[f":{name}"] = value
    removed = [name for name, value in changes.items() if value is None]
    clauses = [f"SET {', '.join(sets)}"] if sets else []
    clauses += [f"REMOVE {', '.join(removed)}"] if removed else []
    expression = {"UpdateExpression": " ".join(clauses)}
    return Write("Update", {"Key": at, **expression, **_condition(if_, values)}, else_)


def delete(at: Attributes, *, if_: Condition | None = None, else_: Refusal = RefusedError) -> Write:
    """Remove a record, or nothing where there is none."""
    return Write("Delete", {"Key": at, **_condition(if_)}, else_)


def check(at: Attributes, *, if_: Condition, else_: Refusal) -> Write:
    """Write nothing, and refuse the whole transaction unless the condition applies."""
    return Write("ConditionCheck", {"Key": at, **_condition(if_)}, else_)


def claim(record: Record, *, unless: str, else_: Refusal, **others: Value) -> Write:
    """Set the attributes of a record, unless the stored one already has an attribute.

    An update: a count that is kept under the same key before anybody has it does not refuse.
    ``others`` are attributes that the record does not know.
    """
    values = {name: value for name, value in asdict(record).items() if value is not None}
    unclaimed = Expr(f"attribute_not_exists({unless})")
    return update(record.key(), {**values, **others}, if_=unclaimed, else_=else_)


def _condition(if_: Condition | None, others: Mapping[str, Value] | None = None) -> dict[str, Any]:
    """Return the parts of a request that state a condition, and every value of the request."""
    values = dict(others or {})
    clauses: list[str] = []
    if isinstance(if_, Expr):
        clauses.append(if_.text)
        values |= if_.values
    else:
        for name, wanted in (if_ or {}).items():
            if wanted is None:
                clauses.append(f"attribute_not_exists({name})")
                continue
            test = wanted if isinstance(wanted, Test) else Test("{0} = {1}", wanted)
            clauses.append(test.text.format(name, f":if_{name}"))
            values[f":if_{name}"] = test.value
    parts: dict[str, Any] = {}
    if clauses:
        parts["ConditionExpression"] = " AND ".join(clauses)
        parts["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if values:
        parts["ExpressionAttributeValues"] = {n: encode(each) for n, each in values.items()}
    return parts
