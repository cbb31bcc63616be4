"""What the values of a CloudFormation template are in a stack."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.world.cloud import ACCOUNT, REGION

LONGEST_NAME = "a" * 40
"""A stack's name of the greatest length that docs/deployment.md allows."""
ON_AWS = {
    "GradualDeployment": "true",
    "SyntheticJourney": "true",
    "AlertAddress": "alerts@portail.example",
    "MonthlyBudget": "100",
    "CostMonitor": "new",
}
"""Options that are off by default, and that a production may have: every resource is made."""


def values(template: Mapping[str, Any], **parameters: str) -> dict[str, str]:
    """Return the values of a template's parameters, and of what AWS gives a stack."""
    defaults = {
        name: str(parameter.get("Default", name.lower()))
        for name, parameter in template["Parameters"].items()
    }
    aws = {
        "AWS::StackName": LONGEST_NAME,
        "AWS::AccountId": ACCOUNT,
        "AWS::Region": REGION,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    given = defaults | aws | parameters
    stack = f"stack/{given['AWS::StackName']}/51af3dc0-da77-11e4-872e-1234567db123"
    return {"AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:{stack}"} | given


def conditions(template: Mapping[str, Any], of: dict[str, str]) -> dict[str, bool]:
    """Return whether each condition of a template applies."""
    known: dict[str, bool] = {}

    def holds(condition: Any) -> bool:
        match condition:
            case {"Fn::Equals": [left, right]}:
                # Numbers of parameters are texts.
                return str(resolve(left, of, known)) == str(resolve(right, of, known))
            case {"Fn::Not": [inner]}:
                return not holds(inner)
            case {"Fn::And": [*all_]}:
                return all(map(holds, all_))
            case {"Fn::Or": [*any_]}:
                return any(map(holds, any_))
            case {"Condition": name}:
                return known[name]
            case _:
                raise NotImplementedError(condition)

    for name, condition in template.get("Conditions", {}).items():
        known[name] = holds(condition)
    return known


def resolve(value: Any, of: dict[str, str], known: dict[str, bool]) -> Any:
    """Return a value with its functions evaluated; ``of`` may have attributes, as `Name.Attribute`.

    What else AWS knows of a resource is `<Name>`.
    """
    match value:
        case {"Fn::If": [condition, then, otherwise]}:
            return resolve(then if known[condition] else otherwise, of, known)
        case dict() if len(value) == 1 and (function := FUNCTIONS.get(next(iter(value)))):
            return function(resolve(next(iter(value.values())), of, known), of)
        case dict():
            return {key: resolve(each, of, known) for key, each in value.items()}
        case list():
            return [resolve(each, of, known) for each in value]
        case _:
            return value


def _substitute(given: Any, of: dict[str, str]) -> str:
    text, own = given if isinstance(given, list) else (given, {})
    known = of | own
    found = re.sub(r"\$\{([^!}][^}]*)\}", lambda name: known.get(name[1], f"<{name[1]}>"), text)
    return found.replace("${!", "${")


def _attribute(given: Any, of: dict[str, str]) -> str:
    path = given if isinstance(given, str) else ".".join(given)
    return of.get(path, f"<{path if isinstance(given, str) else given[0]}>")


FUNCTIONS: dict[str, Callable[[Any, dict[str, str]], Any]] = {
    "Ref": lambda name, of: of.get(name, f"<{name}>"),
    "Fn::GetAtt": _attribute,
    "Fn::Sub": _substitute,
    "Fn::Join": lambda given, _: given[0].join(map(str, given[1])),
    "Fn::Split": lambda given, _: given[1].split(given[0]),
    "Fn::Select": lambda given, _: given[1][int(given[0])],
}
