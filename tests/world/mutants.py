"""Statements of policies that allow more or less than they should, one change in each."""

import copy
from collections.abc import Iterator
from typing import Any

from tests.world.authorized import LEADING
from tests.world.neighbours import OTHERS
from tests.world.policies import Policy, Statement, listed

type Mutant = tuple[str, Policy]
"""What was changed, and the statement afterwards, unless it was removed."""

STRANGER = "OTHER#*"
"""A partition that nobody uses."""


def narrowed(statement: Statement) -> Iterator[Mutant]:
    """Give the statement without each of its parts."""
    content = dict(statement.content)
    name = content.get("Sid", content["Action"])
    yield f"{name} removed", ()
    for element in ("Action", "Resource"):
        values = listed(content[element])
        for value in values if len(values) > 1 else ():
            kept = [each for each in values if each != value]
            yield f"{name} without {value}", (Statement(content | {element: kept}),)
    for operator, key, values in _conditions(content):
        for value in values if len(values) > 1 else ():
            kept = [each for each in values if each != value]
            yield f"{name} without {value}", _conditioned(content, operator, key, kept)


def widened(statement: Statement) -> Iterator[Mutant]:
    """Give the statement with more actions, resources and values of keys."""
    content = dict(statement.content)
    name = content.get("Sid", content["Action"])
    service = listed(content["Action"])[0].partition(":")[0]
    for action in ("*", f"{service}:*", f"{service}:Get*", f"{service}:Delete*"):
        more = [*listed(content["Action"]), action]
        yield f"{name} with {action}", (Statement(content | {"Action": more}),)
    all_but_one = {**content, "NotAction": "iam:PassRole"}
    del all_but_one["Action"]
    yield f"{name} with NotAction", (Statement(all_but_one),)
    for resource in listed(content["Resource"]):
        folder = f"{resource.rsplit('/', 2)[0]}/*" if resource.endswith("/*") else f"{resource}*"
        for wider in ("*", folder, resource.rpartition(":")[0] + ":*"):
            yield f"{name} on {wider}", (Statement(content | {"Resource": [wider]}),)
    for operator, key, values in _conditions(content):
        yield f"{name} without {operator} {key}", _conditioned(content, operator, key, None)
        if operator == "Null":
            continue
        others = [STRANGER] if key == LEADING else [each[0] for each in OTHERS[key] if each]
        wider = {"added": [*values, others[0]]}
        if operator.endswith("Like"):
            wider |= {"*": ["*"], "prefix": [each.replace("#", "") for each in values]}
        for change, changed in wider.items():
            yield f"{name}, {key} {change}", _conditioned(content, operator, key, changed)
        if operator.startswith("ForAllValues:"):
            any_value = operator.replace("ForAllValues", "ForAnyValue")
            condition = {**content["Condition"], any_value: content["Condition"][operator]}
            del condition[operator]
            yield f"{name} {any_value}", (Statement(content | {"Condition": condition}),)


def _conditions(content: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in content.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, listed(values)


def _conditioned(
    content: dict[str, Any], operator: str, key: str, values: list[str] | None
) -> Policy:
    """Return the statement with other values of a condition, or without it."""
    condition = copy.deepcopy(content["Condition"])
    if values is None:
        del condition[operator][key]
    else:
        condition[operator][key] = values
    return (Statement(content | {"Condition": condition}),)
