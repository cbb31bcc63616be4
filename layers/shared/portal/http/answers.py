"""Answers: JSON bodies, problems, and the OpenAPI responses that document them."""

import json
import re
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestValidationError,
)
from botocore.exceptions import BotoCoreError, ClientError

from portal.core.problems import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    NOT_FOUND,
    UNAVAILABLE,
    FieldError,
    Problem,
    ProblemType,
    describe,
)
from portal.core.settings import settings
from portal.http.french import french_detail

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
    from aws_lambda_powertools.shared.cookies import Cookie
    from pydantic import BaseModel

_FIELD = re.compile(r"[a-z_]{1,32}", re.ASCII)

logger = Logger()


def json_answer[Body](
    status: HTTPStatus,
    body: Body,
    *,
    headers: dict[str, str | list[str]] | None = None,
    cookies: list["Cookie"] | None = None,
) -> Response[Body]:
    """Return an answer with a JSON body; Powertools does not change one without declared type."""
    return Response(
        int(status), "application/json", body=body, headers=headers or {}, cookies=cookies or []
    )


def documented(
    status: HTTPStatus,
    *problems: ProblemType,
    bodies: "Mapping[HTTPStatus, type[BaseModel]] | None" = None,
    text: str | None = None,
) -> "dict[int, OpenAPIResponse]":
    """Return the OpenAPI responses of a route: its success and its own problems.

    A route with several successes gives the body of each in ``bodies``; one that answers text, its
    media type.
    """
    answers: dict[int, OpenAPIResponse] = {int(status): {"description": status.phrase}}
    if text:
        written: dict[str, Any] = {text: {"schema": {"type": "string"}}}
        answers[int(status)] = {"description": status.phrase, "content": written}
    for each, model in (bodies or {}).items():
        content: dict[str, Any] = {"application/json": {"model": model}}
        answers[int(each)] = {"description": each.phrase, "content": content}
    for problem in problems:
        slugs = [each.slug for each in problems if each.status == problem.status]
        answers[problem.status] = {"description": " | ".join(slugs)}
    return answers


def problem_of(error: Exception) -> Problem:
    """Return the problem to answer for an exception; unexpected exceptions are logged."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return Problem(INVALID_REQUEST, errors=[_field_error(each) for each in error.errors()])
        case NotFoundError():
            return Problem(NOT_FOUND)
        # guard: always-an-answer: BotoCoreError() | ClientError() => ZeroDivisionError()
        case BotoCoreError() | ClientError():
            _log_failure("backing service failed", error)
            return Problem(UNAVAILABLE, retry_after=5)
        case _:
            _log_failure("unexpected failure", error)
            return Problem(INTERNAL_ERROR)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    """Return which field of the body or the query was refused, without its value."""
    code, detail = french_detail(error["type"], error["msg"])
    names = [shown_field(str(each)) for each in error["loc"][1:]]
    return FieldError(".".join(takewhile(bool, names)), code, detail)


def shown_field(name: str) -> str:
    """Return the name of a refused field, or nothing for what may be anything that was pasted."""
    # guard: no-echo: name if _FIELD.fullmatch(name) else "" => name
    return name if _FIELD.fullmatch(name) else ""


def _log_failure(message: str, error: Exception) -> None:
    """Log the type and place of an error, not its text: that might quote what a person typed."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith("/app.py") or "/portal/" in frame.filename
    ]
    logger.error(
        message,
        # guard: errors-without-text: type(error).__name__ => repr(error)
        error=type(error).__name__,
        operation=getattr(error, "operation_name", None),
        code=error.response.get("Error", {}).get("Code")
        if isinstance(error, ClientError)
        else None,
        where=[f"{each.filename.rpartition('/')[2]}:{each.lineno}" for each in frames],
    )


def proxy_answer(problem: Problem, request_id: str) -> dict[str, Any]:
    """Return a problem as a REST API proxy answer."""
    refusal = describe(problem, base_url=settings().public_url, instance=request_id)
    headers = {"Content-Type": "application/problem+json"} | refusal.headers
    return {
        "statusCode": refusal.status,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": to_json(refusal.body),
        "isBase64Encoded": False,
    }


def to_json(body: object) -> str:
    """Return a body as compact JSON, with accents unescaped."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
