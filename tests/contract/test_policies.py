"""The evaluation of policies is that of IAM, as far as the template uses it."""

from typing import Any

import pytest

from tests.world.policies import Keys, Policy, Request, Role, Statement, UnknownError

TABLE = "arn:aws:dynamodb:eu-west-3:123456789012:table/Table"
KEY = "arn:aws:kms:eu-west-3:123456789012:key/1"
ROOT = {"AWS": "arn:aws:iam::123456789012:root"}


def policy(**elements: Any) -> Policy:
    """Return a policy of one statement, which allows everything unless told otherwise."""
    everything: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return (Statement(everything | elements),)


ANYTHING = policy()


def may(
    *statements: Policy,
    boundary: Policy = ANYTHING,
    action: str = "dynamodb:GetItem",
    on: str = TABLE,
    keys: Keys = (),
    key_policy: Policy = (),
) -> bool:
    """Return whether a role of these policies may do something."""
    role = Role(tuple(each for every in statements for each in every), boundary)
    return role.may(Request(action, on, keys), {KEY: key_policy})


@pytest.mark.parametrize(
    ("elements", "allowed"),
    [
        ({}, True),
        ({"Action": "dynamodb:getitem"}, True),  # in any case
        ({"Action": ["dynamodb:Put*", "dynamodb:Get*"]}, True),
        ({"Action": "dynamodb:?etItem"}, True),
        ({"Action": "dynamodb:Get"}, False),
        ({"Action": "dynamodb:GetItems"}, False),
        ({"Resource": TABLE}, True),
        ({"Resource": TABLE.lower()}, False),
        ({"Resource": f"{TABLE}/index/*"}, False),
        ({"Resource": "arn:aws:dynamodb:*:*:table/*"}, True),
        ({"Resource": "arn:aws:dynamodb:*:table/*:x"}, False),  # a wildcard ends with its part
        ({"Resource": "arn:aws:dynamodb:eu-west-3:123456789012:table/T.ble"}, False),
    ],
)
def test_actions_and_resources(elements: dict[str, Any], *, allowed: bool) -> None:
    """Actions match in any case, resources in theirs; wildcards are ``*`` and ``?`` only."""
    assert may(policy(**elements)) == allowed


def test_not_action_is_all_others() -> None:
    """``NotAction`` allows every action but those named."""
    others: dict[str, Any] = {"Effect": "Allow", "NotAction": "dynamodb:Get*", "Resource": "*"}
    assert not may((Statement(others),))
    assert may((Statement(others),), action="dynamodb:PutItem")


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "allowed"),
    [
        ("StringEquals", "a", ("a",), True),
        ("StringEquals", ["b", "a"], ("a",), True),
        ("StringEquals", "a*", ("ab",), False),
        ("StringEquals", "a", ("A",), False),
        ("StringEquals", "a", (), False),
        ("StringLike", "A#*", ("A#1",), True),
        ("StringLike", "A#*", ("AB#1",), False),
        ("ForAllValues:StringLike", ["A#*", "B#*"], ("A#1", "B#2"), True),
        ("ForAllValues:StringLike", "A#*", ("A#1", "B#2"), False),
        ("ForAllValues:StringLike", "A#*", (), True),  # why our policies of the key have Null
        ("ForAnyValue:StringLike", "A#*", ("A#1", "B#2"), True),
        ("ForAnyValue:StringLike", "A#*", (), False),
        ("Null", "false", ("a",), True),
        ("Null", "false", (), False),
        ("Null", "true", (), True),
    ],
)
def test_conditions(operator: str, wanted: Any, values: tuple[str, ...], *, allowed: bool) -> None:
    """Operators compare as IAM does, with one value, many or none."""
    condition = {operator: {"dynamodb:LeadingKeys": wanted}}
    keys = (("dynamodb:LeadingKeys", values),)
    assert may(policy(Condition=condition), keys=keys) == allowed


def test_a_deny_wins() -> None:
    """An explicit deny wins over every allow, in the policies and in the boundary."""
    deny = policy(Effect="Deny", Action="dynamodb:GetItem")
    assert not may(ANYTHING, deny)
    assert not may(ANYTHING, boundary=ANYTHING + deny)
    assert may(ANYTHING, policy(Effect="Deny", Action="dynamodb:PutItem"))


def test_a_boundary_allows_nothing_by_itself() -> None:
    """What is allowed is in the policies and in the boundary."""
    assert not may(boundary=ANYTHING)
    assert not may(ANYTHING, boundary=policy(Action="dynamodb:PutItem"))


def test_a_key_is_allowed_by_its_policy() -> None:
    """A key's policy names anybody, or leaves the choice to the account's policies; else nobody."""
    use: dict[str, Any] = {"action": "kms:Decrypt", "on": KEY}
    assert not may(ANYTHING, **use)
    assert may(ANYTHING, key_policy=policy(Principal=ROOT), **use)
    assert not may(key_policy=policy(Principal=ROOT), **use)
    assert may(key_policy=policy(Principal={"AWS": "*"}), **use)
    assert not may(key_policy=policy(Principal={"AWS": "*"}), boundary=(), **use)
    assert not may(ANYTHING, key_policy=policy(Principal={"Service": "x.amazonaws.com"}), **use)


@pytest.mark.parametrize(
    "elements",
    [
        {"NotResource": TABLE},
        {"NotPrincipal": ROOT},
        {"Effect": "allow"},
        {"Condition": {"StringEqualsIfExists": {"dynamodb:LeadingKeys": "a"}}},
        {"Condition": {"ForSomeValues:StringLike": {"dynamodb:LeadingKeys": "a"}}},
        {"Condition": {"StringEquals": {"aws:SourceIp": "203.0.113.7"}}},
        {"Condition": {"StringLike": {"dynamodb:LeadingKeys": "${aws:userid}"}}},
        {"Resource": "Table"},
    ],
)
def test_what_is_not_known_is_not_judged(elements: dict[str, Any]) -> None:
    """Elements, operators, keys and variables that are not known raise an error."""
    keys = (("dynamodb:LeadingKeys", ("a",)),)
    with pytest.raises(UnknownError):
        may(policy(**elements), keys=keys)


def test_many_values_need_a_set_operator() -> None:
    """An operator of one value is not asked about many: IAM does not say what it answers."""
    condition = {"StringEquals": {"dynamodb:LeadingKeys": "a"}}
    with pytest.raises(UnknownError, match="many values"):
        may(policy(Condition=condition), keys=(("dynamodb:LeadingKeys", ("a", "b")),))
