"""What IAM decides about one request, from the policies of a role, its boundary and a key.

Only the elements and operators that the template uses are known. Anything else raises
``UnknownError``: a policy is never judged by half. The rules, of one account:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

ELEMENTS = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "Condition"}


class UnknownError(Exception):
    """A policy has an element, an operator or a key that is not known here."""


type Keys = tuple[tuple[str, tuple[str, ...]], ...]


class Request(NamedTuple):
    """An action on a resource, with the values of every condition key that is known of it.

    A key without values is known to be absent.
    """

    action: str
    resource: str
    keys: Keys = ()

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values of a key; raise ``UnknownError`` if it is not known."""
        for name, values in self.keys:
            if name == key:
                return values
        raise UnknownError(f"{key} of {self.action}")

    def changed(self, key: str, *values: str) -> "Request":
        """Return the request with other values of a key that it has."""
        keys = tuple((name, values if name == key else each) for name, each in self.keys)
        return self._replace(keys=keys)


def listed(value: Any) -> list[Any]:
    """Return a value as a list, if it is not one."""
    return value if isinstance(value, list) else [value]


@cache
def _pattern(text: str, *, any_case: bool = False) -> re.Pattern[str]:
    """Return the expression of a text in which ``*`` is any characters and ``?`` is one."""
    if "${" in text:
        raise UnknownError(f"a policy variable: {text}")
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(each) or re.escape(each) for each in text)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if any_case else 0))


def _is_like(wanted: str, value: str) -> bool:
    return bool(_pattern(wanted).fullmatch(value))


@cache
def _is_resource(wanted: str, arn: str) -> bool:
    """Whether an ARN is one of those wanted; a wildcard is within one of its six parts."""
    if "*" in {wanted, arn}:  # an action without resource is on all
        return wanted == "*"
    pairs = list(zip(wanted.split(":", 5), arn.split(":", 5), strict=False))
    if len(pairs) != 6:
        raise UnknownError(f"not the ARN of a resource: {wanted} or {arn}")
    return all(_is_like(*pair) for pair in pairs)


OPERATORS = {"StringEquals": str.__eq__, "StringLike": _is_like}


def _is_met(operator: str, key: str, wanted: Sequence[str], request: Request) -> bool:
    values = request.values(key)
    if operator == "Null":
        return ["true" if not values else "false"] == wanted
    scope, _, name = operator.rpartition(":")
    if name not in OPERATORS or scope not in {"", "ForAllValues", "ForAnyValue"}:
        raise UnknownError(operator)
    met = [any(OPERATORS[name](each, value) for each in wanted) for value in values]
    if scope == "ForAllValues":
        return all(met)  # true without values too
    if not scope and len(values) > 1:
        raise UnknownError(f"{operator} of the many values of {key}")
    return any(met)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy, all names resolved."""

    content: Mapping[str, Any]
    asked: dict[tuple[str, str], bool] = field(init=False, compare=False, default_factory=dict)
    """Whether it is about an action on a resource, as far as it was asked."""

    def __post_init__(self) -> None:
        """Raise ``UnknownError`` if an element is not known."""
        if unknown := set(self.content) - ELEMENTS:
            raise UnknownError(f"elements {unknown}")
        if self.content["Effect"] not in {"Allow", "Deny"}:
            raise UnknownError(f"effect {self.content['Effect']}")

    def applies(self, request: Request) -> bool:
        """Whether the statement is about a request."""
        at = (request.action, request.resource)
        if at not in self.asked:
            self.asked[at] = self._is_about(*at)
        return self.asked[at] and all(
            _is_met(operator, key, listed(wanted), request)
            for operator, keys in self.content.get("Condition", {}).items()
            for key, wanted in keys.items()
        )

    def _is_about(self, action: str, resource: str) -> bool:
        content = self.content
        if "NotAction" in content:
            is_action = not _is_any_action(tuple(listed(content["NotAction"])), action)
        else:
            is_action = _is_any_action(tuple(listed(content["Action"])), action)
        return is_action and any(
            _is_resource(each, resource) for each in listed(content["Resource"])
        )


@cache
def _is_any_action(wanted: tuple[str, ...], action: str) -> bool:
    return any(_pattern(each, any_case=True).fullmatch(action) for each in wanted)


type Policy = tuple[Statement, ...]


def applied(policy: Policy, request: Request, effect: str) -> list[Statement]:
    """Return the statements of an effect that are about a request."""
    return [each for each in policy if each.content["Effect"] == effect and each.applies(request)]


@dataclass(frozen=True, slots=True)
class Role:
    """What a function is allowed: its policies as one, and the boundary around them."""

    policy: Policy
    boundary: Policy

    def may(self, request: Request, key_policies: Mapping[str, Policy]) -> bool:
        """Whether a request of the role is allowed; keys of KMS have policies too, by ARN.

        A key's policy allows whoever it names, or leaves the choice to the account's policies by
        naming its root. The boundary limits both.
        """
        of_keys = request.action.startswith("kms:")
        key_policy = key_policies.get(request.resource, ()) if of_keys else ()
        allowed = bool(applied(self.policy, request, "Allow"))
        if not allowed and not key_policy:
            return False  # most of what the tests ask: nobody else could allow it
        if any(applied(each, request, "Deny") for each in (self.policy, self.boundary, key_policy)):
            return False
        if of_keys:
            named = {_principal(each) for each in applied(key_policy, request, "Allow")}
            allowed = "anybody" in named or ("account" in named and allowed)
        return allowed and bool(applied(self.boundary, request, "Allow"))


def _principal(statement: Statement) -> str:
    """Return whom a statement of a key's policy names: anybody, the account or a service."""
    match statement.content["Principal"]:
        case {"AWS": "*"}:
            return "anybody"
        case {"AWS": str(arn)} if arn.endswith(":root"):
            return "account"
        case {"Service": str()}:
            return "service"
        case unknown:
            raise UnknownError(f"principal {unknown}")
