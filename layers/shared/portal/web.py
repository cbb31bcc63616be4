"""What every HTTP function shares: checks before a request, its problems, headers and cookie."""

import base64
import json
import re
import time
import traceback
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestValidationError,
)
from aws_lambda_powertools.shared.cookies import Cookie, SameSite
from botocore.exceptions import BotoCoreError, ClientError

from portal.fields import french_detail
from portal.headers import API_HEADERS
from portal.metrics import ANSWERS, count
from portal.problems import (
    CROSS_ORIGIN,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    MALFORMED_JSON,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    FieldError,
    Problem,
    ProblemType,
    describe,
)
from portal.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 16 * 1024
"""Largest request body, in bytes."""

SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"

OK = "ok"
"""Outcome of a request that met no problem; of any other, the problem's slug."""

_OWN = "/api/me/"
"""How the routes begin, a slash added, that are for who is logged in."""

_FIELD = re.compile(r"[a-z_]{1,32}", re.ASCII)
_SAFE_METHODS = {HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS}

logger = Logger()


class Api(APIGatewayRestResolver):
    """Routes of one function: Powertools' resolver with the checks and answers of the portal.

    Requests are checked before they are validated: same origin, JSON, at most 16 KiB. Whatever
    is raised leaves as a problem (RFC 9457), and nothing that a client sent is logged.
    """

    def __init__(self) -> None:
        super().__init__(enable_validation=True, serializer=_to_json)  # pyright: ignore[reportUnknownMemberType]
        self.exception_handler(Exception)(self._refuse)
        self._outcome = OK
        self._account_id: str | None = None
        self._headers: Mapping[str, list[str]] = {}

    def resolve(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        """Answer one REST API proxy event."""
        started = time.perf_counter()
        self._outcome, self._account_id = OK, None
        self._headers = _headers_of(event)
        request = dict(event)
        try:
            _check(request, self._headers)
            self._require_cookie(event)
        except Problem as problem:
            self._outcome = problem.kind.slug
            answer = _proxy_answer(problem, _request_id(event))
        else:
            answer = super().resolve(request, context)
        headers: dict[str, list[str]] = answer.setdefault("multiValueHeaders", {})
        if not answer.get("body"):
            answer["body"] = ""
            headers.pop("Content-Type", None)
        for name, value in API_HEADERS.items():
            headers.setdefault(name, [value])
        logger.info(
            "request",
            request_id=_request_id(event),
            account_id=self._account_id,
            status=answer["statusCode"],
            milliseconds=round((time.perf_counter() - started) * 1000),
            **count(
                ANSWERS,
                route=f"{event.get('httpMethod')} {event.get('resource')}",
                outcome=self._outcome,
            ),
        )
        return answer

    def _require_cookie(self, event: Mapping[str, Any]) -> None:
        """Refuse who sends no session before anything is said of the fields that they sent."""
        if f"{event.get('resource')}/".startswith(_OWN) and not self.session_cookie:
            raise Problem(UNAUTHENTICATED)

    def note_account(self, account_id: str) -> None:
        """Have the line that this request leaves in the log name the account it is about."""
        self._account_id = account_id

    def _refuse(self, error: Exception) -> Response[str]:
        """Return the answer for anything raised while answering."""
        problem = _problem_of(error)
        self._outcome = problem.kind.slug
        refusal = describe(
            problem,
            base_url=settings().public_url,
            instance=_request_id(self.current_event.raw_event),
        )
        return Response(
            status_code=refusal.status,
            content_type="application/problem+json",
            headers=dict(refusal.headers),
            body=_to_json(refusal.body),
        )

    @property
    def now_ms(self) -> int:
        """When the gateway received this request, in milliseconds since the epoch.

        The time of arrival, not of work: requests that queue for a function are judged by the
        clock at which they were sent, so a burst of guesses gains nothing by waiting.
        """
        return int(_context(self.current_event.raw_event, "requestTimeEpoch") or time.time() * 1000)

    @property
    def now(self) -> int:
        """When the gateway received this request, in seconds since the epoch."""
        return self.now_ms // 1000

    @property
    def source_ip(self) -> str:
        """Address of the caller, as the gateway saw it."""
        identity: Mapping[str, Any] = _context(self.current_event.raw_event, "identity") or {}
        return str(identity.get("sourceIp") or "unknown")

    @property
    def user_agent(self) -> str:
        """What the browser calls itself, or an empty string."""
        return next(iter(self._headers.get("user-agent", [])), "")

    @property
    def session_cookie(self) -> str:
        """Value of the session cookie, or an empty string."""
        return self._cookie(SESSION_COOKIE)

    @property
    def device_cookie(self) -> str:
        """Value of the cookie of a device that logged in before, or an empty string."""
        return self._cookie(DEVICE_COOKIE)

    def _cookie(self, wanted: str) -> str:
        for header in self._headers.get("cookie", []):
            for pair in header.split(";"):
                name, _, value = pair.strip().partition("=")
                if name == wanted:
                    return value
        return ""


def json_answer[Body](
    status: HTTPStatus,
    body: Body,
    *,
    headers: dict[str, str | list[str]] | None = None,
    cookies: list[Cookie] | None = None,
) -> Response[Body]:
    """Return an answer with a JSON body; Powertools leaves one of no declared type as it is."""
    return Response(
        int(status), "application/json", body=body, headers=headers or {}, cookies=cookies or []
    )


def session_cookie(value: str) -> Cookie:
    """Return the cookie that carries a session, or, for an empty value, takes it back."""
    return _host_cookie(SESSION_COOKIE, value, None if value else 0)


def device_cookie(value: str) -> Cookie:
    """Return the cookie by which a device that logged in is known, for a year."""
    return _host_cookie(DEVICE_COOKIE, value, 365 * 24 * 3600)


def _host_cookie(name: str, value: str, max_age: int | None) -> Cookie:
    """Return a cookie of this host only, unseen by scripts and by other sites' requests."""
    return Cookie(
        name,
        value,
        path="/",
        secure=True,
        http_only=True,
        same_site=SameSite.LAX_MODE,
        max_age=max_age,
    )


def documented(status: HTTPStatus, *problems: ProblemType) -> "dict[int, OpenAPIResponse]":
    """Return the OpenAPI responses of a route: its success and its own problems."""
    answers: dict[int, OpenAPIResponse] = {int(status): {"description": status.phrase}}
    for problem in problems:
        slugs = [each.slug for each in problems if each.status == problem.status]
        answers[problem.status] = {"description": " | ".join(slugs)}
    return answers


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity: Python reads them, JSON has none


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def _check(event: dict[str, Any], headers: Mapping[str, list[str]]) -> None:
    """Refuse a state change from another site or that is not JSON; leave the body decoded."""
    if event.get("httpMethod") in _SAFE_METHODS:
        return
    site, origin = headers.get("sec-fetch-site", []), headers.get("origin", [])
    if any(each not in {"same-origin", "none"} for each in site) or any(
        each != settings().public_url for each in origin
    ):
        raise Problem(CROSS_ORIGIN)
    body = event.get("body") or ""
    if len(body) > 2 * MAX_BODY:
        raise Problem(TOO_LARGE)
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        if len(raw) > MAX_BODY:
            raise Problem(TOO_LARGE)
        if raw and _media_types(headers) != {"application/json"}:
            raise Problem(UNSUPPORTED_MEDIA_TYPE)
        text = raw.decode() or "{}"
        sent: object = _JSON.decode(text)
    except (ValueError, RecursionError):
        raise Problem(MALFORMED_JSON) from None
    if not isinstance(sent, dict):  # of a list, Powertools would read the first element
        raise Problem(INVALID_REQUEST, errors=[FieldError("", *french_detail("dict_type", ""))])
    if event.get("httpMethod") == HTTPMethod.DELETE and text.strip() != "{}":
        raise Problem(INVALID_REQUEST)  # no route reads it, and nothing unknown is let pass
    # From here on there is one reading of the body, whatever the headers said of it.
    event["body"] = text
    event["isBase64Encoded"] = False
    for form, value in (
        ("headers", "application/json"),
        ("multiValueHeaders", ["application/json"]),
    ):
        found: Mapping[str, Any] = event.get(form) or {}
        others = {name: each for name, each in found.items() if name.lower() != "content-type"}
        event[form] = others | {"content-type": value}


def _problem_of(error: Exception) -> Problem:
    """Return the problem that an exception stands for; unexpected ones are logged."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return Problem(INVALID_REQUEST, errors=[_field_error(each) for each in error.errors()])
        case NotFoundError():
            return Problem(NOT_FOUND)
        case BotoCoreError() | ClientError():
            _log_failure("backing service failed", error)
            return Problem(UNAVAILABLE, retry_after=5)
        case _:
            _log_failure("unexpected failure", error)
            return Problem(INTERNAL_ERROR)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    """Return which field of the body or the query was refused, without what it held."""
    code, detail = french_detail(error["type"], error["msg"])
    path = ".".join(str(each) for each in error["loc"][1:])
    # The name of a field that is not ours may be anything that a person pasted.
    return FieldError(path if _FIELD.fullmatch(path) else "", code, detail)


def _log_failure(message: str, error: Exception) -> None:
    """Log where and of which type an error is: its text might quote what a person typed."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith("/app.py") or "/portal/" in frame.filename
    ]
    logger.error(
        message,
        error=type(error).__name__,
        operation=getattr(error, "operation_name", None),
        code=error.response.get("Error", {}).get("Code")
        if isinstance(error, ClientError)
        else None,
        where=[f"{each.filename.rpartition('/')[2]}:{each.lineno}" for each in frames],
    )


def _proxy_answer(problem: Problem, request_id: str) -> dict[str, Any]:
    """Return a problem as a REST API proxy answer."""
    refusal = describe(problem, base_url=settings().public_url, instance=request_id)
    headers = {"Content-Type": "application/problem+json"} | refusal.headers
    return {
        "statusCode": refusal.status,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": _to_json(refusal.body),
        "isBase64Encoded": False,
    }


def _request_id(event: Mapping[str, Any]) -> str:
    return str(_context(event, "requestId") or "unknown")


def _context(event: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - an event is JSON
    """Return what the gateway says of a request, or ``None``."""
    context: Mapping[str, Any] = event.get("requestContext") or {}
    return context.get(name)


def _media_types(headers: Mapping[str, list[str]]) -> set[str]:
    values = headers.get("content-type", [])
    return {value.partition(";")[0].strip().lower() for value in values}


def _headers_of(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return every value of each header, by lower-case name, from the form that has it."""
    single: Mapping[str, str] = event.get("headers") or {}
    multiple: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    found: dict[str, list[str]] = {}
    for name, values in multiple.items():
        found.setdefault(name.lower(), []).extend(values)
    return {name.lower(): [value] for name, value in single.items()} | found


def _to_json(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
