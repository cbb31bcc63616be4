"""The OpenAPI document of all functions: their routes, with the problems that any route may have.

``make openapi`` writes it into the folder of the web function, which serves it. A test checks that
it is up to date.
"""

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

from portal.core.problems import (
    CROSS_ORIGIN,
    MALFORMED_JSON,
    TOO_LARGE,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
)
from portal.http.cookies import SESSION_COOKIE

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "functions" / "web" / "openapi.json"

INFO = {
    "title": "Portail auto-entrepreneur: account service",
    "version": "1.0.0",
    "description": (
        "Sign-up, e-mail validation, password, login and activity feed. Demonstration, not an "
        "official site. Errors are RFC 9457 problem documents: the end of `type` is a stable "
        "code for programs, `detail` a French sentence for people. State changes are refused "
        "from another origin."
    ),
}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "Ends in /problems/<slug>."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "French, for people."},
        "instance": {"type": "string", "description": "Id of the request."},
        "email_masked": {
            "type": "string",
            "description": "With link-expired: where a fresh one went.",
        },
        "errors": {
            "type": "array",
            "description": "With invalid-request: each field to correct.",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string", "description": "Stable, for programs."},
                    "detail": {"type": "string", "description": "French, for people."},
                },
            },
        },
    },
}
OPENAPI_ROUTE: dict[str, Any] = {
    "get": {
        "summary": "Describe this API",
        "operationId": "read_openapi",
        "responses": {"200": {"description": "This document", "content": {"application/json": {}}}},
    }
}
_PARAMETER = re.compile(r"<(\w+)>")
_UNSAFE = {"post", "put", "patch", "delete"}
_POWERTOOLS_SCHEMAS = {"HTTPValidationError", "ResponseValidationError", "ValidationError"}


def load_app(function: str) -> ModuleType:
    """Import ``functions/<function>/app.py`` under a unique name, since all are called app."""
    name = f"app_{function}"
    path = ROOT / "functions" / function / "app.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    # Powertools resolves the annotations of a route through sys.modules.
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))  # as on Lambda: a function imports its own modules
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def build() -> dict[str, Any]:
    """Return the document for every function that has routes."""
    paths: dict[str, Any] = {"/api/openapi.json": OPENAPI_ROUTE}
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    for folder in sorted((ROOT / "functions").iterdir()):
        if folder.name == "web" or "Api()" not in (folder / "app.py").read_text():
            continue
        app = load_app(folder.name).app
        part = json.loads(app.get_openapi_json_schema(**{k: INFO[k] for k in ("title", "version")}))
        for path, operations in part["paths"].items():
            for method, operation in operations.items():
                route = next(
                    each
                    for each in app._static_routes + app._dynamic_routes
                    if _PARAMETER.sub(r"{\1}", each.path) == path and each.method == method.upper()
                )
                paths.setdefault(path, {})[method] = _operation(operation, method, path, route.func)
        schemas |= part["components"]["schemas"]
    _free_bodies(paths, schemas)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {
                name: schema
                for name, schema in sorted(schemas.items())
                if name not in _POWERTOOLS_SCHEMAS
            },
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE}
            },
        },
    }


def _free_bodies(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Mark a body as optional if none of its fields is required."""
    for operations in paths.values():
        for operation in operations.values():
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                model = schemas[schema["$ref"].rpartition("/")[2]]
                operation["requestBody"]["required"] = bool(model.get("required"))


def _operation(
    operation: dict[str, Any], method: str, path: str, function: Callable[..., object]
) -> dict[str, Any]:
    """Return an operation with the problems, empty bodies and session cookie that it really has."""
    summary, _, rest = (function.__doc__ or "").partition(";")
    responses: dict[str, Any] = {}
    shared = [UNAVAILABLE]
    if method in _UNSAFE:
        shared += [MALFORMED_JSON, CROSS_ORIGIN, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE]
    described = {
        int(status): response["description"] for status, response in operation["responses"].items()
    }
    for problem in shared:
        described[problem.status] = " | ".join(
            filter(None, (described.get(problem.status), problem.slug))
        )
    for status, description in sorted(described.items()):
        responses[str(status)] = {"description": description}
        if status >= HTTPStatus.BAD_REQUEST:
            schema = {"$ref": "#/components/schemas/Problem"}
            responses[str(status)]["content"] = {"application/problem+json": {"schema": schema}}
        elif status != HTTPStatus.NO_CONTENT:
            responses[str(status)]["content"] = operation["responses"][str(status)]["content"]
    documented = operation | {
        "summary": summary.strip().rstrip("."),
        "operationId": function.__name__,
        "responses": responses,
    }
    if rest:
        documented["description"] = (function.__doc__ or "").strip()
    if path.startswith("/api/me"):
        documented["security"] = [{"session": []}]
    return documented


def text() -> str:
    """Return the document as the text of the committed file."""
    return json.dumps(build(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text())
