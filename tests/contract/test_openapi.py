"""The OpenAPI document: complete, true to the code, and with an example of everything."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from samcli.yamlhelper import yaml_parse

from tools import openapi
from tools.openapi import examples, headers, problems

pytestmark = pytest.mark.filterwarnings("default")  # of the tools that read documents

JSON, PROBLEM = "application/json", "application/problem+json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document that the code generates now."""
    return json.loads(openapi.text())


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every operation of the document."""
    for methods in document["paths"].values():
        yield from methods.values()


def mistakes(document: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    """Return what a schema of the document refuses in a value."""
    whole = schema | {"components": document["components"]}
    checked = Draft202012Validator(whole, format_checker=FormatChecker())
    return [error.message for error in checked.iter_errors(value)]


def template_routes() -> set[tuple[str, str]]:
    """Return method and path of every API event of the template."""
    template = yaml_parse((openapi.ROOT / "template.yaml").read_text())
    return {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for resource in template["Resources"].values()
        for event in resource["Properties"].get("Events", {}).values()
        if resource["Type"] == "AWS::Serverless::Function" and event["Type"] == "Api"
    }


def test_committed_document_is_the_one_that_the_code_makes() -> None:
    """The committed document is what the code generates: `make openapi` was run."""
    assert openapi.DOCUMENT.read_text() == openapi.text()


def test_document_and_template_have_the_same_routes(document: dict[str, Any]) -> None:
    """The document describes every API route of the template and no other."""
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert described == {route for route in template_routes() if route[1].startswith("/api/")}


@pytest.mark.parametrize("what", ["model", "route /api/x", "operation"])
def test_two_of_one_name_are_refused(what: str) -> None:
    """A model, route or operation of a function never replaces another one's: making fails."""
    whole = {"NewPassword": {"required": ["token", "password"]}}
    with pytest.raises(openapi.DocumentError, match=rf"{what} 'NewPassword': rename"):
        openapi.merge(whole, {"NewPassword": {"required": ["password"]}}, what)
    openapi.merge(whole, {"NewPassword": {"required": ["token", "password"]}}, what)  # the same


def test_two_functions_with_a_model_of_one_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole generator fails when two functions name two different models alike."""
    for name, field in (("one", "a"), ("two", "b")):
        (tmp_path / "functions" / name).mkdir(parents=True)
        (tmp_path / "functions" / name / "app.py").write_text(
            "from portal.http.api import Api\n"
            "from portal.http.fields import StrictModel, PersonName\n"
            f"class Same(StrictModel):\n    {field}: PersonName\n"
            "app = Api()\n"
            f"@app.post('/api/{name}')\n"
            f"def do_{name}(form: Same) -> None: ...\n"
        )
    monkeypatch.setattr("tools.openapi.document.ROOT", tmp_path)
    with pytest.raises(openapi.DocumentError, match="'Same'"):
        openapi.build()


def test_a_field_without_example_is_refused() -> None:
    """A field of a request without an example is named, with where to give one."""
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}}
    with pytest.raises(examples.NoExampleError, match=r"'colour' has no example.*examples="):
        examples.of_request(schema, {})


def test_a_change_of_password_needs_no_token(document: dict[str, Any]) -> None:
    """Changing one's password asks for it typed twice; only setting one by a link for a token."""

    def fields(path: str) -> set[str]:
        body = document["paths"][path]["put"]["requestBody"]["content"][JSON]["schema"]["$ref"]
        schema = document["components"]["schemas"][body.rpartition("/")[2]]
        assert set(schema["required"]) == set(schema["properties"])
        return set(schema["required"])

    assert fields("/api/me/password") == {"password", "confirmation"}
    assert fields("/api/password") == {"token", "password", "confirmation"}


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    """Each answer of 400 and above is problem+json, with the one schema and an example of each."""
    schema = {"$ref": "#/components/schemas/Problem"}
    for operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                slugs = answer["description"].split(" | ")
                assert answer["content"] == {
                    PROBLEM: {
                        "schema": schema,
                        "examples": {
                            slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs
                        },
                    }
                }
                for slug in slugs:
                    assert document["components"]["examples"][slug]["value"]["status"] == int(
                        status
                    )


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Each $ref names a part of the document, and each schema and header is used."""
    used = set(re.findall(r'"#/components/(\w+)/([\w-]+)"', json.dumps(document)))
    components = document["components"]
    assert all(name in components[kind] for kind, name in used)
    for kind in ("schemas", "headers"):
        assert {name for each, name in used if each == kind} == set(components[kind])


def test_state_changes_refuse_unknown_fields(document: dict[str, Any]) -> None:
    """Each request body allows no unknown field (ASVS 2.2.1)."""
    for operation in operations(document):
        if "requestBody" in operation:
            ref = operation["requestBody"]["content"][JSON]["schema"]["$ref"]
            schema = document["components"]["schemas"][ref.rpartition("/")[2]]
            assert schema["additionalProperties"] is False


def test_everything_has_an_example_that_is_right(document: dict[str, Any]) -> None:
    """Each body, answer and header has an example, which its own schema accepts."""
    for operation in operations(document):
        contents = [answer.get("content", {}) for answer in operation["responses"].values()]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for content in [each[JSON] for each in contents if JSON in each]:
            assert mistakes(document, content["schema"], content["example"]) == []
        for each in operation.get("parameters", []):
            if "example" in each:
                assert mistakes(document, each["schema"], each["example"]) == []
            assert each["in"] != "path" or "example" in each
    for header in document["components"]["headers"].values():
        assert mistakes(document, header["schema"], header["example"]) == []
    for example in document["components"]["examples"].values():
        problem = document["components"]["schemas"]["Problem"]
        assert mistakes(document, problem, example["value"]) == []


def test_headers_that_count_are_described(document: dict[str, Any]) -> None:
    """429 and 503 say when to come back, sessions name their cookie, state changes their origin."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status in {"429", "503"} & operation["responses"].keys():
                assert "Retry-After" in operation["responses"][status]["headers"]
            named = {each["name"] for each in operation.get("parameters", [])}
            assert ("Origin" in named) == (method != "get")
            assert ("security" in operation) == path.startswith("/api/me")
    known = {operation["operationId"] for operation in operations(document)}
    assert {name for name, _ in headers.OF_ANSWERS} | set(headers.PARAMETERS) <= known


def test_every_problem_has_an_example(document: dict[str, Any]) -> None:
    """Each problem of every domain is in the document."""
    assert set(document["components"]["examples"]) == set(problems.problem_types())
    assert {"throttled", "invalid-credentials", "link-expired"} <= set(problems.problem_types())
