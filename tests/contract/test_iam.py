"""Each function's role allows exactly what the function does.

Every use case runs through its function. Its calls, and what Lambda and other services ask in its
name, are evaluated by the policies that SAM makes of the template, within the boundary: each is
allowed, and each of its neighbours, which differs by its action, its resource or a key, is denied.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from portal.core import keys
from tests.world.authorized import of_lambda, of_table, requests
from tests.world.cloud import read_template
from tests.world.deployed import Deployed
from tests.world.functions import Gateway
from tests.world.mutants import narrowed, widened
from tests.world.neighbours import general, is_of_a_store, neighbours, rights
from tests.world.policies import Policy, Request, Role, Statement
from tests.world.use_cases import (
    OPEN,
    READ_MANDATES,
    READ_PERIODS,
    SET_PASSWORD,
    SIGN_UP,
    USE_CASES,
    Scene,
    UseCase,
    deliver,
    deliver_in_vain,
    due,
    failed_event_of,
    logged_in,
    logged_in_a_while,
    operate,
    request,
    restore,
    run_daily,
    signed_up,
    signed_up_long_ago,
    stop_clock,
    waiting,
    with_account,
)
from tests.world.world import World


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
    UseCase("replay a bounce", "ops", failed_event_of("MailFeedback"), operate("replay-events")),
    UseCase("seen again, declaring", "declare", logged_in_a_while, READ_PERIODS),
    UseCase("seen again, paying", "payments", logged_in_a_while, READ_MANDATES),
    UseCase("read why declarations are closed", "declare", logged_in, READ_PERIODS),
    UseCase("replay a look", "ops", failed_event_of("Clock"), operate("replay-events")),
    UseCase("replay a bank's day", "ops", failed_event_of("Bank"), operate("replay-events")),
    UseCase("replay a report", "ops", failed_event_of("BankReports"), operate("replay-events")),
    UseCase("replay a day", "ops", failed_event_of("DeleteAccounts"), operate("replay-events")),
]


@dataclass(frozen=True, slots=True)
class Seen:
    """What each function was seen to do, by its logical id, and what is beside it."""

    deployed: Deployed
    made: Mapping[str, Sequence[Request]]
    beside: Sequence[tuple[Request, frozenset[Any]]]
    """The requests of all functions and their neighbours, each with the rights that it needs."""

    delegated: Mapping[str, Policy]
    """Policies of any key that leave the choice to the roles."""


OF_NUMBERS = "CheckVersion"
"""The function whose rights are on what has numbers that nobody knows before: new versions, and the
deployments that are about them. A pattern of the stack's names is the least that can be written."""

_seen: list[Seen] = []
UNBOUNDED = (Statement({"Effect": "Allow", "Action": "*", "Resource": "*"}),)


@pytest.fixture
def seen(world: World, cloud: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Return what the functions did in all use cases, which run once."""
    if not _seen:
        deployed = Deployed.under(cloud)
        made = {name: list(of_lambda(name, deployed)) for name in folders().values()}
        now = stop_clock(monkeypatch)
        for case in USE_CASES + BRANCHES:
            restore(world, [])
            world.calls.all.clear()
            scene = Scene(world, Gateway(), now)
            case.prepare(scene)
            keys._cache.clear()
            start = len(world.calls.all)
            case.ask(scene)
            for call in world.calls.all[start:]:
                made[folders()[case.function]] += requests(call, deployed)
        beside = neighbours((each for every in made.values() for each in every), deployed)
        root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
        everything = (Statement(root | {"Action": "kms:*", "Resource": "*"}),)
        _seen.append(
            Seen(
                deployed,
                {name: list(dict.fromkeys(each)) for name, each in made.items()},
                [(each, rights(each)) for each in beside if not is_of_a_store(each)],
                dict.fromkeys((each.resource for each in beside), everything),
            )
        )
    return _seen[0]


def folders() -> dict[str, str]:
    """Return the logical id of each function, by its folder."""
    return {
        resource["Properties"]["CodeUri"].strip("/").rpartition("/")[2]: name
        for name, resource in read_template()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def too_narrow(
    role: Role, made: Sequence[Request], policies: Mapping[str, Policy]
) -> Iterator[str]:
    """Give the requests that a function makes and that its role denies."""
    return (str(each) for each in made if not role.may(each, policies))


def too_wide(
    role: Role, seen: Seen, function: str, policies: Mapping[str, Policy]
) -> Iterator[str]:
    """Give the requests that a function does not make and that its role allows."""
    needed = {right for each in seen.made[function] for right in rights(general(each))}
    return (
        str(each) for each, of_it in seen.beside if not of_it <= needed and role.may(each, policies)
    )


def test_no_right_is_missing(seen: Seen) -> None:
    """Each function's role and its boundary allow every request made in its name."""
    policies = seen.deployed.key_policies()
    missing = {
        name: list(too_narrow(seen.deployed.role(name), made, policies))
        for name, made in seen.made.items()
    }
    assert {name: each for name, each in missing.items() if each} == {}


@pytest.mark.guards("own-partitions", "no-wide-action", "one-sender", "context-is-given")
def test_no_neighbour_is_allowed(seen: Seen) -> None:
    """No role allows another action, resource or key than those that its function uses."""
    policies = seen.deployed.key_policies()
    allowed: dict[str, list[str]] = {}
    for name in seen.made.keys() - {OF_NUMBERS}:
        # Without the boundary too, but for what AWS's own policies allow on every resource.
        own = Role(seen.deployed.own_policy(name), UNBOUNDED)
        allowed[name] = [
            *too_wide(seen.deployed.role(name), seen, name, policies),
            *too_wide(own, seen, name, seen.delegated),
        ]
    assert {name: each for name, each in allowed.items() if each} == {}


@pytest.mark.parametrize("function", sorted(set(folders().values()) - {OF_NUMBERS}))
def test_any_other_policy_is_noticed(seen: Seen, function: str) -> None:
    """A statement of the function's role that allows less or more fails one of the tests above."""
    policies = seen.deployed.key_policies()
    role = seen.deployed.role(function)
    made = list(dict.fromkeys(map(general, seen.made[function])))
    unnoticed: list[str] = []
    for statement in seen.deployed.own_policy(function):
        others = tuple(each for each in role.policy if each != statement)
        for change, less in narrowed(statement):
            changed = replace(role, policy=(*others, *less))
            if not any(too_narrow(changed, made, policies)):
                unnoticed.append(change)
        for change, more in widened(statement):
            if not any(too_wide(Role(more, UNBOUNDED), seen, function, seen.delegated)):
                unnoticed.append(change)
    assert unnoticed == []


def test_new_versions_are_of_this_stack(seen: Seen) -> None:
    """The one role with patterns may call this stack's functions and judge its deployments only."""
    place = "eu-west-3:123456789012"
    stack = seen.deployed.names["AWS::StackName"]
    judge = ["ListDeploymentTargets", "BatchGetDeploymentTargets"]
    judge.append("PutLifecycleEventHookExecutionStatus")
    assert [each.content for each in seen.deployed.own_policy(OF_NUMBERS)] == [
        {
            "Sid": "FindAndJudgeVersions",
            "Effect": "Allow",
            "Action": [f"codedeploy:{each}" for each in judge],
            "Resource": f"arn:aws:codedeploy:{place}:deploymentgroup:{stack}-*",
        },
        {
            "Sid": "CallVersions",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": f"arn:aws:lambda:{place}:function:{stack}-*",
        },
    ]


def test_every_function_has_a_use_case() -> None:
    """Every function has a use case, except that of the pages, which calls nothing."""
    assert {case.function for case in USE_CASES} | {"web"} == set(folders())


def test_the_trail_is_only_added_to(seen: Seen) -> None:
    """Only the role that deletes accounts may change or delete a feed's entries."""
    policies, table = seen.deployed.key_policies(), seen.deployed.arn("Table")
    changes = [
        of_table(f"dynamodb:{each}", table, ("ACTIVITY#x",))
        for each in ("UpdateItem", "DeleteItem")
    ]
    roles = {name: seen.deployed.role(name) for name in seen.made}
    may = {
        name for name, role in roles.items() if any(role.may(each, policies) for each in changes)
    }
    assert may == {"DeleteAccounts"}


def test_any_narrower_boundary_is_noticed(seen: Seen) -> None:
    """The boundary has no statement, action or resource that no function needs."""
    policies = seen.deployed.key_policies()
    roles = {name: seen.deployed.role(name) for name in seen.made}
    made = {name: list(dict.fromkeys(map(general, each))) for name, each in seen.made.items()}
    boundary = roles["Web"].boundary
    unnoticed: list[str] = []
    for statement in boundary:
        others = tuple(each for each in boundary if each != statement)
        for change, less in narrowed(statement):
            narrow = (*others, *less)
            if not any(
                any(too_narrow(replace(role, boundary=narrow), made[name], policies))
                for name, role in roles.items()
            ):
                unnoticed.append(change)
    assert unnoticed == []


def test_any_other_key_policy_is_noticed(seen: Seen) -> None:
    """The data key is used by roles that may, and in anybody's name only by services that store."""
    key = seen.deployed.arn("DataKey")
    whole = seen.deployed.key_policies()[key]
    roles = {name: seen.deployed.role(name) for name in seen.made}
    for statement in whole:
        if "AWS" not in statement.content["Principal"]:
            continue  # a service, not a role
        without = tuple(each for each in whole if each != statement)
        assert any(
            any(too_narrow(role, seen.made[name], {key: without})) for name, role in roles.items()
        )
        for change, more in widened(statement):
            if " without " in change:
                weaker = {key: (*without, *more)}
                assert any(
                    any(too_wide(role, seen, name, weaker)) for name, role in roles.items()
                ), change
