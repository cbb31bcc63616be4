"""Builds the document: what Powertools knows of the routes, completed and in one piece."""

import importlib.util
import json
import re
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

from portal.core.problems import (
    CROSS_ORIGIN,
    INVALID_REQUEST,
    MALFORMED_JSON,
    THROTTLED,
    TOO_LARGE,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
)
from portal.http.cookies import SESSION_COOKIE
from tools.openapi import examples, headers, problems

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "functions" / "web" / "openapi.json"

INFO = {
    "title": "Portail auto-entrepreneur: account service",
    "version": "1.0.0",
    "description": (
        "Sign-up, e-mail validation, password, login and activity feed. Demonstration, not an "
        "official site: only made-up data may be sent. /api/docs shows this as a page.\n\n"
        "Errors are RFC 9457 problem documents: the end of `type` is a stable code for programs "
        "and the path of a page that explains it, `detail` a French sentence for people. No error "
        "repeats what was sent. A method that a path does not have is 405, with `Allow`; an "
        "unknown path 404.\n\n"
        "A state change is JSON (`Content-Type: application/json`), in UTF-8, 16 KiB at most, and "
        "refused from another origin. The session is a cookie that login sets. An operation "
        "answers 429 above 60 requests a minute from an IP address; 429 and 503 say in "
        "`Retry-After` after how many seconds to try again."
    ),
}
_WEB = {"name": "web", "description": "The pages, and this document."}
OPENAPI_ROUTE: dict[str, Any] = {
    "get": {
        "summary": "Describe this API",
        "operationId": "read_openapi",
        "tags": [_WEB["name"]],
        "responses": {
            "200": {
                "description": "This document",
                "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["openapi", "info", "paths", "components"],
                        },
                        "example": {"openapi": "3.1.0", "info": {}, "paths": {}, "components": {}},
                    }
                },
            }
        },
    }
}
_JOURNEY = (
    *("signup", "validate_email", "set_password", "login", "second_factor", "passkeys", "sso"),
    *("logout", "recover_password"),
    *("account", "activity", "declare", "payments", "contact", "estimate"),
)
"""The functions in the order in which a person meets them; any other comes after them."""
_PARAMETER = re.compile(r"<(\w+)>")
_UNSAFE = {"post", "put", "patch", "delete"}
_POWERTOOLS_422 = "Validation Error"
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


class DocumentError(Exception):
    """The document cannot be made; the message says what to change."""


def build() -> dict[str, Any]:
    """Return the document for every function that has routes.

    Raises ``DocumentError`` for two different models of one name, two routes of one path and
    method, two operations of one name, and for a field without example.
    """
    paths: dict[str, Any] = {"/api/openapi.json": OPENAPI_ROUTE}
    schemas: dict[str, Any] = {"Problem": problems.SCHEMA}
    operation_ids = {"read_openapi": "web"}
    tags: dict[str, dict[str, str]] = {}
    for folder in sorted((ROOT / "functions").iterdir()):
        if "portal.http.api" not in (folder / "app.py").read_text():
            continue
        module = load_app(folder.name)
        app, words = module.app, (module.__doc__ or "").partition("\n")[0]
        tags[folder.name] = {"name": folder.name, "description": words}
        part = json.loads(app.get_openapi_json_schema(**{k: INFO[k] for k in ("title", "version")}))
        models = part["components"]["schemas"]
        merge(schemas, {n: s for n, s in models.items() if n not in _POWERTOOLS_SCHEMAS}, "model")
        for path, operations in part["paths"].items():
            for method, operation in operations.items():
                route = next(
                    each
                    for each in app._static_routes + app._dynamic_routes
                    if _PARAMETER.sub(r"{\1}", each.path) == path and each.method == method.upper()
                )
                made = _operation(operation, method, path, route.func)
                made["tags"] = [folder.name]
                merge(operation_ids, {made["operationId"]: f"{method} {path}"}, "operation")
                merge(paths.setdefault(path, {}), {method: made}, f"route {path}")
    try:
        _add_examples(paths, schemas)
    except examples.NoExampleError as error:
        raise DocumentError(str(error)) from None
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "tags": [
            *(tags.pop(name) for name in _JOURNEY if name in tags),
            *(tags[name] for name in sorted(tags)),
            _WEB,
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "headers": headers.HEADERS,
            "examples": problems.examples(),
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE}
            },
        },
    }


def merge(into: dict[str, Any], part: Mapping[str, Any], what: str) -> None:
    """Add a function's part to the document.

    Raises ``DocumentError`` for a name that is taken by something else: the second would replace
    the first in silence.
    """
    for name, value in part.items():
        if into.setdefault(name, value) != value:
            raise DocumentError(f"Two functions have a {what} {name!r}: rename one of the two.")


def _add_examples(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Add an example of each body, and mark a body as optional if no field of it is required."""
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            field.pop("title", None)  # made by pydantic of the field's name
            if field.get("default") == "":  # means: not given; no value that may be sent
                del field["default"]
    for operations in paths.values():
        for operation in operations.values():
            if "requestBody" in operation:
                body = operation["requestBody"]["content"]["application/json"]
                model = schemas[body["schema"]["$ref"].rpartition("/")[2]]
                operation["requestBody"]["required"] = bool(model.get("required"))
                body["example"] = examples.of_request(body["schema"], schemas)
            for answer in operation["responses"].values():
                for media_type, content in answer.get("content", {}).items():
                    if media_type == "application/json" and "example" not in content:
                        content["example"] = examples.of_answer(
                            operation["operationId"], content["schema"], schemas
                        )


def _operation(
    operation: dict[str, Any], method: str, path: str, function: Callable[..., object]
) -> dict[str, Any]:
    """Return an operation with the problems, headers and session cookie that it really has."""
    name = function.__name__
    summary, _, rest = (function.__doc__ or "").partition(";")
    documented = operation | {
        "summary": summary.strip().rstrip("."),
        "operationId": name,
        "responses": _responses(operation, method, name),
    }
    parameters: list[Mapping[str, Any]] = [
        _parameter(name, each) for each in operation.get("parameters", [])
    ]
    parameters += headers.PARAMETERS.get(name, ())
    if method in _UNSAFE:
        parameters.append(headers.ORIGIN)
    if parameters:
        documented["parameters"] = parameters
    if rest:
        documented["description"] = (function.__doc__ or "").strip()
    if path.startswith("/api/me"):
        documented["security"] = [{"session": []}]
    return documented


def _responses(operation: dict[str, Any], method: str, name: str) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    shared = [UNAVAILABLE, THROTTLED]  # the gateway throttles all routes
    if method in _UNSAFE:
        shared += [MALFORMED_JSON, CROSS_ORIGIN, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST]
    found = operation["responses"]
    slugs = {
        int(status): answer["description"].split(" | ")
        for status, answer in found.items()
        if answer["description"] != _POWERTOOLS_422
    }
    for problem in shared:
        if problem.slug not in slugs.setdefault(problem.status, []):
            slugs[problem.status].append(problem.slug)
    for status, names in sorted(slugs.items()):
        answer: dict[str, Any] = {"description": " | ".join(names)}
        if added := headers.of_answer(name, status):
            answer["headers"] = added
        if status >= HTTPStatus.BAD_REQUEST:
            answer["content"] = {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {slug: {"$ref": f"#/components/examples/{slug}"} for slug in names},
                }
            }
        elif status not in {HTTPStatus.NO_CONTENT, HTTPStatus.SEE_OTHER}:
            answer["content"] = found[str(status)]["content"]
        responses[str(status)] = answer
    return responses


def _parameter(operation: str, parameter: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter with an example; one in an address is never null."""
    schema = parameter["schema"]
    schema.pop("title", None)  # made by pydantic of its name
    if schema.get("description") == parameter.get("description"):
        schema.pop("description", None)
    for each in schema.pop("anyOf", []):
        if each != {"type": "null"}:
            schema |= each
    example = examples.parameter(operation, parameter["name"])
    return parameter | ({} if example is None else {"example": example})


def text() -> str:
    """Return the document as the text of the committed file."""
    return json.dumps(build(), ensure_ascii=False, indent=0) + "\n"
