"""The problems that the API answers with: each domain's, by slug, with an example of each."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import portal
from portal.core.problems import INVALID_REQUEST, ProblemType, describe
from portal.core.problems import FieldError as Field
from portal.core.problems import Problem as Answered

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `type` is also the address of a page that explains the problem.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "pattern": "/problems/[a-z-]+$",
            "description": "Ends in /problems/<slug>, the stable code for programs.",
        },
        "title": {"type": "string", "description": "French, for people."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "French, for people: what to do."},
        "instance": {"type": "string", "description": "Id of the request, to quote to support."},
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
                    "field": {"type": "string", "description": "Empty: the body as a whole."},
                    "code": {"type": "string", "description": "Stable, for programs."},
                    "detail": {"type": "string", "description": "French, for people."},
                },
            },
        },
    },
}
_INSTANCE = "6f8c1f0e-2f4b-4c39-9d0c-5b0c3f6f1a2e"
_REFUSED = Field("last_name", "required", "Ce champ est obligatoire.")


def problem_types() -> Mapping[str, ProblemType]:
    """Return the problem types of the core and of every domain, the first of each slug."""
    found: dict[str, ProblemType] = {}
    root = Path(portal.__path__[0])
    for file in sorted(root.glob("*/problems.py"), key=lambda file: file.parent.name != "core"):
        module = importlib.import_module(f"portal.{file.parent.name}.problems")
        for value in vars(module).values():
            if isinstance(value, ProblemType):
                found.setdefault(value.slug, value)
    return dict(sorted(found.items()))


def examples() -> Mapping[str, Any]:
    """Return an example of each problem as it is answered, by slug."""
    return {slug: _example(kind) for slug, kind in problem_types().items()}


def _example(kind: ProblemType) -> Mapping[str, Any]:
    errors = [_REFUSED] if kind == INVALID_REQUEST else []
    answered = describe(Answered(kind, errors=errors), base_url="", instance=_INSTANCE)
    return {"summary": kind.title, "value": answered.body}
