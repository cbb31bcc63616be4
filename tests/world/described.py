"""The OpenAPI document, as what answers are compared with."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, FormatChecker

from tests.world.cloud import ROOT

DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions" / "web" / "openapi.json").read_text())
REFUSED = {
    **dict.fromkeys(("validate_email", "set_password", "confirm_email", "undo_email"), 404),
    "keep_second_factor": 404,
    "open_recovery_link": 404,
    "end_session": 404,
    "finish_log_in": 410,
    **dict.fromkeys(("finish_sso", "read_claims", "link_identity"), 410),
    "remove_identity": 404,
    "confirm_second_factor": 409,
    "make_recovery_codes": 409,
    **dict.fromkeys(("revoke_mandate", "print_mandate"), 404),
    "log_in": 401,
    "declare": 409,
    **dict.fromkeys(("order_payment", "propose_plan", "sign_plan"), 409),
    **dict.fromkeys(("cancel_payment", "read_payment_receipt"), 404),
    "read_receipt": 404,
    "log_in_with_passkey": 401,
    "add_passkey": 422,
    "rename_passkey": 404,
    "remove_passkey": 404,
}
"""The examples of what nobody has, or cannot do yet; any other succeeds."""
NOTABLE = {
    *("allow", "clear-site-data", "content-disposition", "etag", "location"),
    *("retry-after", "set-cookie"),
}
"""The headers that a client must know of: none is sent that the document leaves out."""


class Operation(NamedTuple):
    """An operation of the document, with its example."""

    method: str
    path: str
    described: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its operationId."""
        return str(self.described["operationId"])

    @property
    def function(self) -> str:
        """The folder of its function."""
        return str(self.described["tags"][0])

    @property
    def needs_session(self) -> bool:
        """Whether it is of the person logged in."""
        return "security" in self.described

    def example(self, where: str) -> dict[str, Any]:
        """Return the examples of the parameters in a place: path or query."""
        return {
            each["name"]: each["example"]
            for each in self.described.get("parameters", [])
            if each["in"] == where and "example" in each
        }

    @property
    def headers(self) -> dict[str, str]:
        """The examples of the headers that the operation asks for."""
        return {name: each for name, each in self.example("header").items() if name != "Origin"}

    @property
    def body(self) -> Any:
        """The example of its body, or None."""
        content = self.described.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example")

    def check(
        self,
        status: int,
        headers: Mapping[str, Sequence[str]],
        body: str,
        expected: int | None = None,
    ) -> None:
        """Compare an answer to the example with what the document says; names are lower-case."""
        described = self.described["responses"]
        assert str(status) in described, body
        usual = REFUSED.get(self.name, min(map(int, described)))
        assert status == (usual if expected is None else expected), body
        documented = described[str(status)]
        self.check_headers(documented, headers)
        for media_type, content in documented.get("content", {}).items():
            assert headers["content-type"][0].partition(";")[0] == media_type
            is_json = media_type.endswith("json")
            validate(content["schema"], json.loads(body) if is_json else body)
        assert bool(body) == ("content" in documented)

    def check_headers(self, documented: Any, headers: Mapping[str, Sequence[str]]) -> None:
        """Compare the headers of an answer with what the document says, in both directions."""
        named = {
            name.lower(): resolved(each) for name, each in documented.get("headers", {}).items()
        }
        assert named.keys() <= headers.keys()
        assert NOTABLE & headers.keys() <= named.keys()
        for name, each in named.items():
            if "const" in each["schema"]:
                assert headers[name] == [each["schema"]["const"]]


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
