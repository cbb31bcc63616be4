"""What functions reach beyond the services that moto has: our own address, and CodeDeploy."""

import io
import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.error import HTTPError

from portal.core import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from urllib.request import Request

    from tests.world.functions import Gateway
    from tests.world.world import World


@contextmanager
def site(answer: "Callable[[Request], io.BytesIO]") -> "Generator[list[Request]]":
    """Answer requests to any address; yield a list of them."""
    asked: list[Request] = []

    def urlopen(request: "Request", timeout: float) -> io.BytesIO:
        assert 0 < timeout < 30
        asked.append(request)
        return answer(request)

    with patch("urllib.request.urlopen", urlopen):
        yield asked


def signing_up(gateway: "Gateway") -> "Callable[[Request], io.BytesIO]":
    """Return the site's answer to a sign-up: the function's, through the gateway."""

    def answer(request: "Request") -> io.BytesIO:
        assert isinstance(request.data, bytes)
        given = gateway.ask("signup", "POST", "/api/signup", json.loads(request.data))
        if given.status >= 400:
            raise HTTPError(request.full_url, given.status, "refused", None, None)  # pyright: ignore[reportArgumentType]
        return io.BytesIO(given.text.encode())

    return answer


def registered(registration_id: str) -> "Callable[[Request], io.BytesIO]":
    """Return the site's answer to a sign-up that was made otherwise."""
    return lambda _: io.BytesIO(json.dumps({"registration": registration_id}).encode())


@contextmanager
def deploying(
    world: "World", function: str, answer: object, **called: Any
) -> "Generator[list[dict[str, Any]]]":
    """Let CodeDeploy ask about a function whose new version answers this; yield its verdicts."""
    about = {"functionName": function, "functionAlias": "live", "targetVersion": "7"}
    target = {"deploymentTargetType": "LambdaFunction"}
    target |= {"lambdaTarget": {"lambdaFunctionInfo": about}}
    payload = io.BytesIO(json.dumps(answer).encode())
    verdicts: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        verdicts.append(params)

    answers: list[tuple[Any, str, dict[str, Any]]] = [
        (aws.codedeploy(), "ListDeploymentTargets", {"targetIds": ["target"]}),
        (aws.codedeploy(), "BatchGetDeploymentTargets", {"deploymentTargets": [target]}),
        (aws.codedeploy(), "PutLifecycleEventHookExecutionStatus", {}),
        (aws.lambda_calls(), "Invoke", {"StatusCode": 200, "Payload": payload, **called}),
    ]
    event = "provide-client-params.codedeploy.PutLifecycleEventHookExecutionStatus"
    with ExitStack() as stack:
        for client, operation, content in answers:
            stack.enter_context(world.answering(client, operation, content))
        aws.codedeploy().meta.events.register(event, note)
        try:
            yield verdicts
        finally:
            aws.codedeploy().meta.events.unregister(event, note)
