"""Every example of the OpenAPI document, sent to the deployed portal."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.world.client import Answer, Client
from tests.world.cloud import ROOT
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox

pytestmark = pytest.mark.stack

DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions" / "web" / "openapi.json").read_text())
REFUSED = {
    **dict.fromkeys(("validate_email", "set_password", "confirm_email", "undo_email"), 404),
    "end_session": 404,
    "log_in": 401,
}
"""The examples of a link, a session or an account that nobody has; any other succeeds."""
NOTABLE = {
    *("allow", "clear-site-data", "content-disposition", "etag", "location"),
    *("retry-after", "set-cookie"),
}
"""The headers that a client must know of: none is sent that the document leaves out."""


class Operation(NamedTuple):
    """An operation of the document."""

    method: str
    path: str
    described: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its operationId."""
        return str(self.described["operationId"])

    def send(self, client: Client) -> Answer:
        """Send its example."""
        path = self.path
        query: list[str] = []
        for each in self.described.get("parameters", []):
            if each["in"] == "path":
                path = path.replace("{" + each["name"] + "}", each["example"])
            elif each["in"] == "query" and "example" in each:
                query.append(f"{each['name']}={each['example']}")
        body = self.described.get("requestBody", {}).get("content", {}).get("application/json")
        return client.call(self.method.upper(), "?".join([path, *query]), body and body["example"])


def operations() -> Iterator[Operation]:
    """Return every operation of the document."""
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            yield Operation(method, path, described)


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference of the document leads to."""
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].split("/")[2:]
    return DOCUMENT["components"][kind][name]


def validate(schema: Mapping[str, Any], value: object) -> None:
    """Compare a value with a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


@pytest.mark.parametrize("operation", list(operations()), ids=lambda each: each.name)
def test_the_example_is_answered_as_described(
    operation: Operation, client: Client, mailbox: Mailbox
) -> None:
    """The example succeeds, or is refused for what nobody has; the answer is as documented."""
    if "security" in operation.described:
        logged_in(client, mailbox)
    answer = operation.send(client)
    described = operation.described["responses"]
    assert str(answer.status) in described
    assert answer.status == REFUSED.get(operation.name, min(map(int, described))), answer.text
    documented = described[str(answer.status)]
    for media_type, content in documented.get("content", {"": {}}).items():
        assert answer.header("content-type") == media_type
        if content:
            validate(content["schema"], answer.json)
        else:
            assert answer.body == b""
    named = {name.lower(): resolved(each) for name, each in documented.get("headers", {}).items()}
    assert named.keys() <= answer.headers.keys()
    assert NOTABLE & answer.headers.keys() <= named.keys()
    if "cache-control" in named:
        validate(named["cache-control"]["schema"], answer.header("cache-control"))


def test_a_login_is_answered_as_described(client: Client, mailbox: Mailbox) -> None:
    """A login that succeeds has the body and the cookies that the document names."""
    person = logged_in(client, mailbox)
    answer = client.another().log_in(person.email)
    (described,) = (each for each in operations() if each.name == "log_in")
    documented = described.described["responses"]["200"]
    validate(documented["content"]["application/json"]["schema"], answer.json)
    assert {"Set-Cookie", "Cache-Control"} == documented["headers"].keys()
    assert len(answer.headers["set-cookie"]) == 2


def test_a_refusal_for_a_time_says_how_long(client: Client) -> None:
    """A login that must wait answers as the document says of 429: Retry-After, in seconds."""
    (log_in,) = (each for each in operations() if each.name == "log_in")
    nobody = "personne.du.tout@example.fr"
    statuses = [client.log_in(nobody, "Faux-mot-de-passe-1").status for _ in range(6)]
    assert statuses[-1] == 429
    answer = client.log_in(nobody, "Faux-mot-de-passe-1")
    documented = log_in.described["responses"]["429"]
    validate(documented["content"]["application/problem+json"]["schema"], answer.json)
    header = resolved(documented["headers"]["Retry-After"])
    validate(header["schema"], int(answer.header("retry-after")))
