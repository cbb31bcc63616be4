"""A first deployment, in the emulator: it fails, leaves nothing, and succeeds when given again."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.release.__main__ import POLICY, release, release_now
from tools.release.plan import Environment, ReleaseError, plan, read
from tools.stack.stack import (
    ARCHITECTURE,
    DEMONSTRATION,
    DOMAIN,
    PARAMETERS,
    REGION,
    STACK_NAME,
    Stack,
    StackError,
    free_port,
)

pytestmark = pytest.mark.stack
WHERE = Environment("local", STACK_NAME, REGION, {})
PROTECTED = ("DeletionProtection=true", f"DomainName={DOMAIN}", f"Architecture={ARCHITECTURE}")


@dataclass
class Tries:
    """What two tries of a first deployment left."""

    left: dict[str, list[Any]] = field(default_factory=dict)
    stack: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Stack]:
    """Start an emulator in which nothing is deployed."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    running = Stack(f"release{worker}", free_port(), keeps_state=False)
    running.start()
    yield running
    running.forget()


def _try(emulator: Stack) -> None:
    """Release, with the SAM CLI of the local stack."""

    def sam(command: str, *options: str) -> None:
        build = emulator.build()  # before each deployment: it gives the template another release
        try:
            if command == "deploy":
                emulator._sam("deploy", "--template-file", build / "template.yaml", *options)
        except StackError as error:
            raise ReleaseError(str(error)) from error

    given = read([*PARAMETERS, *DEMONSTRATION])
    parameters = plan(given, read(list(PROTECTED)))
    release(WHERE, parameters, release_now(), emulator.client("cloudformation"), sam)


@pytest.fixture(scope="module")
def tries(emulator: Stack) -> Tries:
    """Try while a bus has the name of the stack's, then again without it."""
    found = Tries()
    bus = emulator.client("events")
    bus.create_event_bus(Name=STACK_NAME)
    with pytest.raises(ReleaseError):
        _try(emulator)
    with pytest.raises(ClientError, match="does not exist"):
        emulator.client("cloudformation").describe_stacks(StackName=STACK_NAME)
    found.left = {
        "tables": emulator.client("dynamodb").list_tables()["TableNames"],
        "secrets": emulator.client("secretsmanager").list_secrets()["SecretList"],
        "functions": emulator.client("lambda").list_functions()["Functions"],
    }
    bus.delete_event_bus(Name=STACK_NAME)
    _try(emulator)
    stacks = emulator.client("cloudformation")
    (found.stack,) = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"]
    found.policy = stacks.get_stack_policy(StackName=STACK_NAME)
    (name,) = emulator.client("dynamodb").list_tables()["TableNames"]
    found.table = emulator.client("dynamodb").describe_table(TableName=name)["Table"]
    return found


def test_a_first_deployment_that_fails_leaves_nothing(tries: Tries) -> None:
    """Table, secrets and functions of a creation that failed are gone, and its stack."""
    assert tries.left == {"tables": [], "secrets": [], "functions": []}


def test_the_same_command_makes_a_protected_stack(tries: Tries) -> None:
    """The next try makes the stack; its data cannot be deleted, replaced or updated."""
    assert tries.stack["StackStatus"] == "UPDATE_COMPLETE"
    assert tries.stack["EnableTerminationProtection"] is True
    assert json.loads(tries.policy["StackPolicyBody"]) == json.loads(POLICY.read_text())
    assert str(tries.table["DeletionProtectionEnabled"]).lower() == "true"  # a text, there


def test_both_deployments_published(tries: Tries, emulator: Stack) -> None:
    """What serves is the version of the second deployment, which protects."""
    assert tries.stack
    live = emulator.client("lambda").get_alias(FunctionName=f"{STACK_NAME}-Login", Name="live")
    assert live["FunctionVersion"] == "2"
