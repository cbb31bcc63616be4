"""The API as people read it: /api/docs and the pages of the problems, from the OpenAPI document."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from files import FILES
from markupsafe import Markup, escape
from msgspec import Struct

OPENAPI = FILES / "openapi.json"
_CODE = re.compile(r"(`{1,2})([^`]+)\1")
_KINDS = {
    "string": "text",
    "integer": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
    "null": "null",
}


class Field(Struct, frozen=True):
    """A field of a body, or a parameter: what it may be, in words."""

    name: str
    kind: str
    required: bool
    description: str
    pattern: str


class Answer(Struct, frozen=True):
    """An answer of an operation: its problems by slug, or its fields and an example."""

    status: str
    words: str
    slugs: Sequence[str]
    headers: Sequence[str]
    fields: Sequence[Field]
    example: str


class Operation(Struct, frozen=True):
    """One operation, with a request that can be tried."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    session: bool
    parameters: Sequence[Field]
    fields: Sequence[Field]
    curl: str
    answers: Sequence[Answer]


class Group(Struct, frozen=True):
    """The operations of one function."""

    title: str
    description: str
    operations: Sequence[Operation]


class Header(Struct, frozen=True):
    """A header that counts."""

    name: str
    description: str
    example: str


class Failure(Struct, frozen=True):
    """A problem as programs meet it, with the operations that answer it."""

    slug: str
    status: int
    example: str
    operations: Sequence[Operation]


class Reference(Struct, frozen=True):
    """The whole API."""

    words: Sequence[str]
    groups: Sequence[Group]
    headers: Sequence[Header]
    failures: Mapping[str, Failure]


def read_document() -> dict[str, Any]:
    """Return the OpenAPI document; without it, an empty one."""
    if not OPENAPI.exists():
        return {"info": {"description": ""}, "tags": [], "paths": {}, "components": {}}
    return json.loads(OPENAPI.read_text())


def read_api(document: Mapping[str, Any]) -> list[tuple[re.Pattern[str], str]]:
    """Return a pattern for each path of the API, and its methods as in the header Allow."""
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), ", ".join(methods).upper())
        for path, methods in document["paths"].items()
    ]


def read_reference(document: Mapping[str, Any], base_url: str) -> Reference:
    """Return the document as its page shows it; requests are sent to ``base_url``."""
    reader = _Reader(document, base_url)
    groups = [reader.group(tag) for tag in document["tags"]]
    operations = [each for group in groups for each in group.operations]
    components = document["components"]
    return Reference(
        words=document["info"]["description"].split("\n\n"),
        groups=groups,
        headers=[
            Header(name, each["description"], str(each["example"]))
            for name, each in components.get("headers", {}).items()
        ],
        failures={
            slug: Failure(
                slug,
                example["value"]["status"],
                _json(example["value"]),
                [
                    each
                    for each in operations
                    if any(slug in answer.slugs for answer in each.answers)
                ],
            )
            for slug, example in components.get("examples", {}).items()
        },
    )


def with_code(text: str) -> Markup:
    """Return a text of the document as HTML: escaped, what is between backquotes as code."""
    return Markup(_CODE.sub(r"<code>\2</code>", str(escape(text))))  # noqa: S704 - escaped


class _Reader:
    def __init__(self, document: Mapping[str, Any], base_url: str) -> None:
        self._document = document
        self._base_url = base_url

    def group(self, tag: Mapping[str, str]) -> Group:
        return Group(
            tag["name"].replace("_", " ").capitalize(),
            tag["description"],
            [
                self._operation(method, path, each)
                for path, methods in self._document["paths"].items()
                for method, each in methods.items()
                if tag["name"] in each["tags"]
            ],
        )

    def _operation(self, method: str, path: str, operation: Mapping[str, Any]) -> Operation:
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        session = "security" in operation
        return Operation(
            name=operation["operationId"],
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            description=operation.get("description", ""),
            session=session,
            parameters=[
                self._field(each["name"], each | each["schema"], each["required"])
                for each in operation.get("parameters", [])
            ],
            fields=list(self._fields(body.get("schema", {}))),
            curl=self._curl(method, path, operation, body, session=session),
            answers=[self._answer(status, each) for status, each in operation["responses"].items()],
        )

    def _answer(self, status: str, answer: Mapping[str, Any]) -> Answer:
        content = answer.get("content", {}).get("application/json", {})
        refused = int(status) >= 400  # noqa: PLR2004 - a refusal
        return Answer(
            status=status,
            words="" if refused else answer["description"],
            slugs=answer["description"].split(" | ") if refused else (),
            headers=list(answer.get("headers", {})),
            fields=list(self._fields(content.get("schema", {}))),
            example=_json(content["example"]) if "example" in content else "",
        )

    def _curl(
        self,
        method: str,
        path: str,
        operation: Mapping[str, Any],
        body: Mapping[str, Any],
        *,
        session: bool,
    ) -> str:
        for each in operation.get("parameters", []):
            if each["in"] == "path":
                path = path.replace("{" + each["name"] + "}", each["example"])
        words = ["curl -sS"]
        words += [] if method in {"get", "post"} else [f"-X {method.upper()}"]
        words.append(self._base_url + path)
        words += ["-b '__Host-session=…'"] if session else []
        if body:
            sent = json.dumps(body["example"], ensure_ascii=False)
            words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(sent)}"]
        return " \\\n  ".join(words)

    def _fields(self, schema: Mapping[str, Any], prefix: str = "") -> Iterator[Field]:
        """Yield the fields of a model, and of the models in it."""
        model = self._resolved(schema)
        for name, each in model.get("properties", {}).items():
            yield self._field(prefix + name, each, name in model.get("required", ()))
            inner = self._resolved(each)
            yield from self._fields(inner.get("items", inner), f"{prefix}{name}.")

    def _field(self, name: str, schema: Mapping[str, Any], required: bool) -> Field:  # noqa: FBT001
        choices = [self._resolved(each) for each in schema.get("anyOf", [schema])]
        main = next((each for each in choices if each.get("type") != "null"), choices[0])
        return Field(
            name=name,
            kind=" or ".join(map(_kind, choices)),
            required=required,
            description=schema.get("description") or main.get("description", ""),
            pattern=main.get("pattern", ""),
        )

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        return self._document["components"]["schemas"][name] if name else schema


def _kind(schema: Mapping[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    kind = _KINDS[schema["type"]]
    smallest = schema.get("minLength", schema.get("minimum"))
    largest = schema.get("maxLength", schema.get("maximum"))
    unit = " characters" if kind == "text" else ""
    if schema.get("format") == "date-time":
        return "time, RFC 3339"
    if smallest is not None and largest is not None:
        return f"{kind}, {smallest:g} to {largest:g}{unit}"
    if largest is not None:
        return f"{kind}, at most {largest:g}{unit}"
    return kind


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
