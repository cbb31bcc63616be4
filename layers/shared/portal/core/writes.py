"""Writes: the parts of a transaction, each with the exception that its refusal raises.

Pure: nothing here calls DynamoDB.
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
"""What a refused write raises: an exception, or a class that is called with the stored item."""


class Expr(Struct, frozen=True):
    """A piece of a DynamoDB expression, with the values of its placeholders."""

    text: str
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])


class Test(Struct, frozen=True):
    """A comparison: in ``text``, ``{0}`` is the attribute's name, ``{1}`` is ``value``."""

    text: str
    value: Value


def after(value: int) -> Test:
    """Return the test that an attribute is above a value."""
    return Test("{0} > {1}", value)


def absent_or_until(value: int) -> Test:
    """Return the test that an attribute is absent or at most a value."""
    return Test("(attribute_not_exists({0}) OR {0} <= {1})", value)


type Condition = Expr | Mapping[str, Value | Test]
"""What must be true of the stored item: a value or test by name, ``None`` for no attribute."""


class Write(Struct, frozen=True):
    """One write of a transaction, and what its refusal raises."""

    action: str
    body: Mapping[str, Any]
    refusal: Refusal

    def refused(self, item: Attributes | None) -> Exception:
        """Return what to raise when the condition did not apply to the stored item."""
        return self.refusal(item) if isinstance(self.refusal, type) else self.refusal


def put(record: Record, *, if_: Condition | None = None, else_: Refusal = RefusedError) -> Write:
    """Store a record, in place of any stored one; an ``ADD_ONLY`` one only if there is none."""
    # guard: trail-is-only-added-to
    if_ = Expr("attribute_not_exists(pk)") if record.ADD_ONLY else if_
    return Write("Put", {"Item": record.to_item(), **_condition(if_)}, else_)


def put_new(record: Record, *, else_: Refusal) -> Write:
    """Store a record, refused when there is one."""
    return put(record, if_=Expr("attribute_not_exists(pk)"), else_=else_)


def update(
    at: Attributes,
    changes: Mapping[str, Value | Expr],
    *,
    if_: Condition | None = None,
    else_: Refusal = RefusedError,
) -> Write:
    """Set attributes of a record to a value or an expression; ``None`` removes the attribute."""
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
    """Remove a record, if there is one."""
    return Write("Delete", {"Key": at, **_condition(if_)}, else_)


def check(at: Attributes, *, if_: Condition, else_: Refusal) -> Write:
    """Write nothing, and refuse the whole transaction unless the condition applies."""
    return Write("ConditionCheck", {"Key": at, **_condition(if_)}, else_)


def claim(record: Record, *, unless: str, else_: Refusal, **others: Value) -> Write:
    """Set the attributes of a record, refused when the stored one has the attribute ``unless``.

    This is an update: it may change a record that only has the count of an unclaimed identifier.
    ``others`` are attributes that the record does not declare.
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
