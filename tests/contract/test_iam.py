"""Each function's role allows exactly the calls that the function makes.

Every use case runs through its function, and its calls are compared with the function's policies.
"""

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from portal.core import keys
from tests.world.cloud import read_template
from tests.world.functions import Gateway
from tests.world.use_cases import (
    OPEN,
    SET_PASSWORD,
    SIGN_UP,
    USE_CASES,
    Scene,
    UseCase,
    deliver,
    deliver_in_vain,
    due,
    logged_in_a_while,
    request,
    restore,
    run_daily,
    signed_up,
    signed_up_long_ago,
    stop_clock,
    waiting,
    with_account,
)

if TYPE_CHECKING:
    from tests.world.cloud import Call
    from tests.world.world import World

type Right = tuple[str, str]
"""An action, and what it is on: the prefix of a partition or the name of a resource."""

ACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


def _gone(scene: Scene) -> None:
    """Leave what an interrupted deletion leaves: no account, but its feed and the record."""
    due(scene)
    scene.world.sweep("ACCOUNT#")


def _bounce(scene: Scene) -> None:
    """Send a bounce of an address without an account."""
    mail = {"tags": {"address": ["mac"]}}
    scene.gateway.invoke("mail_feedback", {"detail": {"eventType": "Complaint", "mail": mail}})


# Branches beside the usual one that need rights, and that other tests check otherwise.
BRANCHES = [
    UseCase("sign up, limited", "signup", waiting(SIGN_UP), SIGN_UP),
    UseCase("open a swept link", "validate_email", signed_up_long_ago, OPEN),
    UseCase("set a password late", "set_password", signed_up_long_ago, SET_PASSWORD),
    UseCase("seen again", "account", logged_in_a_while, request("account", "GET", "/api/me")),
    UseCase("a mail refused", "send_mail", waiting(SIGN_UP), deliver_in_vain),
    UseCase("mail twice", "send_mail", waiting(SIGN_UP, signed_up), deliver),
    UseCase("an account gone", "delete_accounts", _gone, run_daily),
    UseCase("a bounce of nobody", "mail_feedback", with_account, _bounce),
]


def functions() -> dict[str, dict[str, Any]]:
    """Return the properties of each function, by its folder."""
    return {
        resource["Properties"]["CodeUri"].strip("/").rpartition("/")[2]: resource["Properties"]
        for resource in read_template()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statements of a function's policies."""
    return [each for policy in properties.get("Policies", []) for each in policy["Statement"]]


def listed(value: Any) -> list[Any]:
    """Return a value as a list, if it is not one."""
    return value if isinstance(value, list) else [value]


def resource_name(value: Any) -> str:
    """Return the logical name of a policy's resource."""
    match value:
        case {"Ref": name}:
            return name
        case {"Fn::GetAtt": [name, _]}:
            return name
        case {"Fn::GetAtt": str(path)}:
            return path.partition(".")[0]
        case {"Fn::Sub": text}:
            return re.findall(r"\$\{(\w+)\}", text)[-1]
        case _:
            return str(value)


def allowed(properties: dict[str, Any]) -> set[Right]:
    """Return what a function's policies allow."""
    rights: set[Right] = set()
    for statement in statements(properties):
        prefixes = [
            prefix.removesuffix("#*")
            for condition in statement.get("Condition", {}).values()
            for prefix in listed(condition.get("dynamodb:LeadingKeys", []))
        ]
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                for on in prefixes or [resource_name(resource)]:
                    rights.add((action, on))
    return rights


def used(call: "Call") -> set[Right]:
    """Return the rights that a call needs."""
    asked, operation = call.asked, call.operation
    if call.service == "DynamoDB":
        return used_of_table(operation, asked)
    action, on = {
        "Secrets Manager": ("secretsmanager", lambda: {asked["SecretId"]}),
        "KMS": ("kms", lambda: {"DataKey"}),
        "EventBridge": ("events", lambda: {each["EventBusName"] for each in asked["Entries"]}),
        "SQS": ("sqs", lambda: {asked["QueueUrl"].rpartition("/")[2]}),
        # One of three functions, by its alias: the case makes one of them fail.
        "Lambda": (
            "lambda",
            lambda: {"Affiliation.Alias", "MailFeedback.Alias", "DeleteAccounts.Alias"},
        ),
        "SESv2": ("ses", lambda: {"MailIdentity", asked["ConfigurationSetName"]}),
    }[call.service]
    operation = {"Invoke": "InvokeFunction"}.get(operation, operation)
    return {(f"{action}:{operation}", each) for each in on()}


def used_of_table(operation: str, asked: dict[str, Any]) -> set[Right]:
    """Return the rights that a call to DynamoDB needs, with each part of a transaction."""
    if operation == "TransactWriteItems":
        return {
            (ACTIONS[action], prefix(body.get("Key") or body["Item"]))
            for item in asked["TransactItems"]
            for action, body in item.items()
        }
    if operation == "BatchGetItem":
        (table,) = asked["RequestItems"].values()
        keys_ = table["Keys"]
    elif operation == "Query":
        keys_ = [{"pk": asked["ExpressionAttributeValues"][":partition"]}]
    else:
        keys_ = [asked.get("Key") or asked["Item"]]
    return {(f"dynamodb:{operation}", prefix(each)) for each in keys_}


def prefix(item: dict[str, Any]) -> str:
    """Return the prefix of the partition of a key or an item."""
    return item["pk"]["S"].partition("#")[0]


_seen: dict[str, set[Right]] = defaultdict(set)


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> dict[str, set[Right]]:
    """Return the rights that each function used in its use cases."""
    if not _seen:
        world: World = request.getfixturevalue("world")
        now = stop_clock(request.getfixturevalue("monkeypatch"))
        for case in USE_CASES + BRANCHES:
            restore(world, [])
            world.calls.all.clear()
            scene = Scene(world, Gateway(), now)
            case.prepare(scene)
            keys._cache.clear()
            start = len(world.calls.all)
            case.ask(scene)
            for call in world.calls.all[start:]:
                _seen[case.function] |= used(call)
    return _seen


def test_no_right_is_missing(seen: dict[str, set[Right]]) -> None:
    """Each function's role allows every call that the function makes."""
    missing = {name: seen[name] - allowed(each) for name, each in functions().items()}
    assert {name: sorted(rights) for name, rights in missing.items() if rights} == {}


@pytest.mark.guards("own-partitions")
def test_no_right_is_unused(seen: dict[str, set[Right]]) -> None:
    """Each function uses every right of its role."""
    unused = {name: allowed(each) - seen[name] for name, each in functions().items()}
    assert {name: sorted(rights) for name, rights in unused.items() if rights} == {}


def test_every_function_has_a_use_case() -> None:
    """Every function has a use case, except that of the pages, which calls nothing."""
    assert {case.function for case in USE_CASES} | {"web"} == set(functions())


@pytest.mark.guards("no-wide-action")
def test_no_role_is_wide() -> None:
    """No resource or action is a star, nothing scans, and the table is limited by keys."""
    for name, properties in functions().items():
        for statement in statements(properties):
            assert statement["Effect"] == "Allow"
            actions, resources = listed(statement["Action"]), listed(statement["Resource"])
            assert not [each for each in actions if "*" in each or "Scan" in each], name
            assert not [each for each in resources if "*" in str(each)], name
            if actions[0].startswith("dynamodb:"):
                condition = statement["Condition"]["ForAllValues:StringLike"]
                keys_ = listed(condition["dynamodb:LeadingKeys"])
                assert all(re.fullmatch(r"[A-Z]+#\*", each) for each in keys_), name


@pytest.mark.guards("one-sender")
def test_mails_have_one_sender() -> None:
    """Roles may send mails only from one identity and one address."""
    (statement,) = (
        each
        for properties in functions().values()
        for each in statements(properties)
        if "ses:SendEmail" in listed(each["Action"])
    )
    assert {resource_name(each) for each in statement["Resource"]} == {
        "MailIdentity",
        "MailConfigurationSet",
    }
    sender = {"Fn::Sub": "ne-pas-repondre@${MailDomain}"}
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": sender}}


def test_the_trail_is_only_added_to() -> None:
    """Only the role that deletes accounts may change or delete a feed's entries."""
    for name, properties in functions().items():
        for statement in statements(properties):
            if "ACTIVITY#" in str(statement.get("Condition")) and name != "delete_accounts":
                assert set(listed(statement["Action"])) <= {"dynamodb:PutItem", "dynamodb:Query"}


def test_a_nir_is_opened_for_its_account_only() -> None:
    """Each use of the data key must name the account in its context."""
    found = [
        each
        for properties in functions().values()
        for each in statements(properties)
        if listed(each["Action"])[0].startswith("kms:")
    ]
    assert len(found) == 3
    for statement in found:
        condition = statement["Condition"]["ForAllValues:StringEquals"]
        assert condition == {"kms:EncryptionContextKeys": ["account_id"]}
