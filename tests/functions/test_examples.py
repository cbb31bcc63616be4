"""Every example of the OpenAPI document, given to its function without a stack."""

import json

import pytest

from portal.http.cookies import SESSION_COOKIE
from tests.world.described import Operation, operations
from tests.world.functions import Gateway, proxy_event
from tests.world.provider import Provider
from tests.world.world import NOW, World


@pytest.mark.parametrize(
    "operation",
    [each for each in operations() if each.function != "web"],
    ids=lambda each: each.name,
)
def test_the_example_is_answered_as_described(
    operation: Operation, world: World, gateway: Gateway
) -> None:
    """The example succeeds, or is refused for what nobody has; the answer is as documented."""
    headers = {"Content-Type": ["application/json"]}
    if operation.needs_session:
        account_id = world.open_account()
        if operation.function in {"declare", "payments"}:
            world.affiliate(account_id, NOW)
        headers["Cookie"] = [f"{SESSION_COOKIE}={world.log_in('michele.dupont@example.fr').cookie}"]
    headers |= {name: [each] for name, each in operation.headers.items()}
    event = proxy_event(
        operation.method.upper(),
        operation.path,
        None if operation.body is None else json.dumps(operation.body),
        now=NOW,
        headers=headers,
        query={name: [str(each)] for name, each in operation.example("query").items()} or None,
        pathParameters=operation.example("path") or None,
    )
    event["path"] = operation.path.format(**operation.example("path"))
    with Provider(NOW).reached():
        answer = gateway.send(operation.function, event)
    received = {name.lower(): values for name, values in answer.headers.items()}
    operation.check(answer.status, received, answer.text)
