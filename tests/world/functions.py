"""The functions, called as Lambda and the gateway call them."""

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from tests.world.cloud import ROOT
from tests.world.world import NOW, World


@cache
def load_function(name: str) -> ModuleType:
    """Return the module of a function; its folder is on the path while it loads, as on Lambda."""
    folder = ROOT / "functions" / name
    spec = importlib.util.spec_from_file_location(f"function_{name}", folder / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # pydantic looks its annotations up there
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function about its run."""

    function_name: str = "function"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-3:123456789012:function:function"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    seconds_left: Callable[[], float] = lambda: 300.0

    def get_remaining_time_in_millis(self) -> int:
        """Return how long Lambda lets the run go on."""
        return int(self.seconds_left() * 1000)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered, as a client sees it."""

    status: int
    headers: dict[str, list[str]]
    text: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.text)


def proxy_event(
    method: str,
    path: str,
    body: str | None = None,
    *,
    now: float = NOW,
    headers: dict[str, list[str]] | None = None,
    query: dict[str, list[str]] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return the event of a request through the REST API."""
    sent = {"Content-Type": ["application/json"]} if headers is None else headers
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in sent.items()},
        "multiValueHeaders": sent,
        "queryStringParameters": query and {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "f3c29d0e-6a6a-4b7e-9a55-0c3f0f4f6d11",
            "requestTimeEpoch": round(now * 1000),
            "stage": "live",
            "httpMethod": method,
            "path": path,
            "resourcePath": path,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "tests"},
        },
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


class Gateway:
    """Invokes the functions as the gateway does."""

    def send(self, name: str, event: dict[str, Any]) -> Answer:
        """Invoke a function with an event, and check what is true of every answer."""
        answer = load_function(name).handler(event, Context())
        assert isinstance(answer["body"], str), "the gateway answers 502 for any other body"
        # Lambda writes answers in UTF-8 without escapes: what cannot be is a 502 too.
        json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
        headers = {name: [value] for name, value in answer.get("headers", {}).items()}
        headers |= answer.get("multiValueHeaders", {})
        return Answer(answer["statusCode"], headers, answer["body"])

    def invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function that answers no request; its answer must be JSON."""
        answer = load_function(name).handler(event, Context())
        return json.loads(json.dumps(answer))

    def ask(self, name: str, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send a request with a JSON body."""
        text = None if body is None else json.dumps(body)
        return self.send(name, proxy_event(method, path, text, **options))


@pytest.fixture
def gateway(world: World) -> Gateway:
    """Return a gateway to the functions."""
    assert world
    return Gateway()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return a function that reads the log so far: JSON lines with all attributes."""
    formatter = LambdaPowertoolsFormatter()
    return lambda: "\n".join(map(formatter.format, caplog.records))


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """Return the function that makes REST API events."""
    return proxy_event
