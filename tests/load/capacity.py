"""What requests consume of the table, as the table returns it."""

import importlib.util
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.core import aws
from tests.load import seed
from tests.world.client import SESSION_COOKIE, new_address
from tests.world.people import PASSWORD, new_person
from tools.stack.stack import CREDENTIALS, ROOT

if TYPE_CHECKING:
    from tests.world.direct import Direct
    from tools.stack.stack import Stack


@dataclass(slots=True)
class Consumed:
    """Calls to the table, and the capacity units that they consumed."""

    calls: int = 0
    units: float = 0.0


class Meter:
    """Runs the functions here, on the stack's table, and reads what each request consumed."""

    def __init__(self, stack: "Stack", direct: "Direct") -> None:
        configuration = direct.client("lambda").get_function_configuration(
            FunctionName=direct.names["Login"]
        )
        os.environ.update(CREDENTIALS | {"AWS_ENDPOINT_URL": stack.endpoint})
        os.environ.update(configuration["Environment"]["Variables"])
        self._now = Consumed()
        events = aws.dynamodb().meta.events
        events.register("provide-client-params.dynamodb", self._ask)
        events.register("after-call.dynamodb", self._note)

    def requests(self, number: int) -> dict[str, Consumed]:
        """Send each kind of request, as a seeded account."""
        credentials = {"identifier": seed.email(number), "password": PASSWORD}
        wrong = credentials | {"password": "Faux-mot-de-passe-1"}
        found: dict[str, Consumed] = {}
        found["login"], answer = self._send("login", "POST", "/api/login", credentials)
        (cookie,) = (
            each.partition(";")[0]
            for each in answer["multiValueHeaders"]["Set-Cookie"]
            if each.startswith(SESSION_COOKIE)
        )
        found["wrong password"], _ = self._send("login", "POST", "/api/login", wrong)
        for name, function, path in (
            ("feed", "activity", "/api/me/activity"),
            ("account", "account", "/api/me"),
        ):
            found[name], _ = self._send(function, "GET", path, None, cookie)
        found["sign-up"], _ = self._send("signup", "POST", "/api/signup", new_person().form())
        return found

    def _ask(self, params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def _note(self, parsed: Mapping[str, Any], **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        self._now.calls += 1
        self._now.units += sum(
            each["CapacityUnits"]
            for each in (consumed if isinstance(consumed, list) else [consumed])
        )

    def _send(
        self, function: str, method: str, path: str, body: object, cookie: str = ""
    ) -> tuple[Consumed, dict[str, Any]]:
        spec = importlib.util.spec_from_file_location(
            f"measured_{function}", ROOT / "functions" / function / "app.py"
        )
        assert spec
        assert spec.loader
        app = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(app)
        self._now = Consumed()
        answer = app.handler(
            {
                "resource": path,
                "path": path,
                "httpMethod": method,
                "headers": {"Content-Type": "application/json", "Cookie": cookie},
                "queryStringParameters": None,
                "requestContext": {
                    "requestTimeEpoch": int(time.time() * 1000),
                    "identity": {"sourceIp": new_address()},
                },
                "body": None if body is None else json.dumps(body),
                "isBase64Encoded": False,
            },
            None,
        )
        return self._now, answer
