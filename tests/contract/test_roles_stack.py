"""The local stack runs each function by its own role, within the boundary.

So every test of the deployed stack is one of the roles: what they do not allow is refused.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

import pytest

from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox
from tests.world.people import new_person

pytestmark = pytest.mark.stack

LOGS_ONLY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TOKEN = {"token": "unknown"}
PASSWORDS = {"password": "Soleil-Bleu-42", "confirmation": "Soleil-Bleu-42"}
REQUESTS: dict[str, tuple[str, str, object]] = {
    "Signup": ("POST", "/api/signup", new_person().form()),
    "ValidateEmail": ("POST", "/api/email-validation", TOKEN),
    "SetPassword": ("PUT", "/api/password", TOKEN | PASSWORDS),
    "Login": ("POST", "/api/login", {"identifier": "x@example.fr", "password": "x"}),
    "RecoverPassword": ("POST", "/api/password-recovery", {"identifier": "x@example.fr"}),
    "Account": ("GET", "/api/me", None),
    "Activity": ("GET", "/api/me/activity", None),
    "Logout": ("POST", "/api/logout", {}),
}
"""A request to each function that needs a right; the last one ends the session."""


@contextmanager
def without_policies(direct: Direct, function: str) -> Generator[None]:
    """Take a role's own policies from it."""
    iam, role = direct.client("iam"), direct.names[f"{function}Role"]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    for name in names:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        for name, document in documents.items():
            text = json.dumps(document)
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)


def test_each_worker_has_its_own_role(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A function whose role allows nothing is refused, and the others are not."""
    logged_in(client, mailbox)
    for function, request in REQUESTS.items():
        with without_policies(direct, function):
            assert client.call(*request).status == HTTPStatus.SERVICE_UNAVAILABLE, function
        assert client.call(*request).status < HTTPStatus.INTERNAL_SERVER_ERROR, function


def test_the_boundary_limits_each_worker(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """What a function's role allows is refused outside its boundary."""
    logged_in(client, mailbox)
    iam, role = direct.client("iam"), direct.names["ActivityRole"]
    boundary = direct.names["FunctionBoundary"]
    assert client.activity().status == HTTPStatus.OK
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=LOGS_ONLY)
    try:
        assert client.activity().status == HTTPStatus.SERVICE_UNAVAILABLE
    finally:
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
    assert client.activity().status == HTTPStatus.OK


def test_every_role_is_within_the_boundary(direct: Direct) -> None:
    """The role of each deployed function has the boundary."""
    iam = direct.client("iam")
    roles = {name for name in direct.names if f"{name}Role" in direct.names} - {"Backup"}
    assert len(roles) > len(REQUESTS)
    for name in roles:
        role = iam.get_role(RoleName=direct.names[f"{name}Role"])["Role"]
        assert (
            role["PermissionsBoundary"]["PermissionsBoundaryArn"]
            == direct.names["FunctionBoundary"]
        )
