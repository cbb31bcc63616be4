"""Requests generated from the API's own description, valid and invalid."""

import json
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests.world.client import Client, new_address
from tests.world.cloud import ROOT
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox
from tools.stack.stack import DOMAIN, HOST

if TYPE_CHECKING:
    from tools.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.filterwarnings("default")]

ROUTED = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def described() -> dict[str, Any]:
    """Return the document without the headers and cookies that each request here has already."""
    document = json.loads((ROOT / "functions" / "web" / "openapi.json").read_text())
    del document["paths"]["/api/sso/start"]  # it needs a provider: `identity/test_sso_stack.py`
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [
                each
                for each in operation.get("parameters", [])
                if each["in"] not in {"header", "cookie"}
            ]
    return document


api = schemathesis.openapi.from_dict(described())
# What a schema cannot say, a checksum for example, is refused although it looks valid: as an
# invalid value (422), never as another kind of request, and never as a 5xx.
api.config.checks.positive_data_acceptance.expected_statuses = [
    "2xx", "401", "403", "404", "409", "410", "422", "429"
]  # fmt: skip
# What is longer than its schema allows may make the whole request too large.
api.config.checks.negative_data_rejection.expected_statuses = [
    "400", "401", "403", "404", "409", "410", "413", "415", "422", "429"
]  # fmt: skip


@pytest.fixture(scope="module")
def holder(stack: "Stack", mailbox: Mailbox) -> Client:
    """Return a client that is logged in, for every operation; some of them end its session."""
    client = Client(stack.port)
    logged_in(client, mailbox)
    return client


@api.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_as_described(case: schemathesis.Case, holder: Client) -> None:
    """Every answer has a status, headers and a body as described, and none is 5xx."""
    if case.method not in ROUTED:
        return  # TRACE, QUERY: the gateway refuses them itself, AWS's otherwise than the emulator's
    response = case.call(
        base_url=f"http://{HOST}:{holder.port}",
        headers={
            "Host": f"{DOMAIN}:{holder.port}",
            "X-Forwarded-For": new_address(),
            "Cookie": holder.cookies,
        },
        timeout=100,  # a busy machine is no failure
    )
    assert response.status_code < 500
    case.validate_response(response)
