import json
import re
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from tools import openapi

pytestmark = pytest.mark.filterwarnings("default")  # of the tools that read documents


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document that the code generates now."""
    return openapi.build()


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


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    """Each answer of 400 and above is problem+json, with the one schema."""
    schema = {"$ref": "#/components/schemas/Problem"}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert answer["content"] == {"application/problem+json": {"schema": schema}}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Each $ref names a schema of the document, and each schema is used."""
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert used == set(document["components"]["schemas"])


def test_state_changes_refuse_unknown_fields(document: dict[str, Any]) -> None:
    """Each request body allows no unknown field (ASVS 2.2.1)."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                schema = document["components"]["schemas"][ref.rpartition("/")[2]]
                assert schema["additionalProperties"] is False
