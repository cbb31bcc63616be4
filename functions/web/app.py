"""Serves the pages, their assets and the OpenAPI document, all from memory.

The gateway must treat every media type as binary: compressed bodies are returned in base64.
"""

import json
import os
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any

from pages import canonical, render_site
from reference import read_api, read_document
from resources import Resource

from portal.core.problems import METHOD_NOT_ALLOWED, NOT_FOUND, Problem, describe
from portal.http.headers import API_HEADERS, SECURITY_HEADERS

PAGE_HEADERS = SECURITY_HEADERS | {
    "Content-Security-Policy": (
        # guard: content-security-policy: script-src 'self' => script-src 'self' 'unsafe-inline'
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; "
        "form-action 'none'; "  # scripts send the forms, so no browser puts one in an address
        "base-uri 'none'; frame-ancestors 'none'; "
        # guard: trusted-types: require-trusted-types-for 'script'; =>
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Vary": "Accept-Encoding",
}
READING = (HTTPMethod.GET, HTTPMethod.HEAD)

SITE, UNKNOWN_PAGE = render_site()
API = read_api(read_document())


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer a REST API proxy event."""
    path = canonical(str(event.get("path") or ""))
    found = SITE.get(path)
    in_api = f"{path}/".startswith("/api/")
    if in_api and not found:
        # The gateway calls this function for what none of its routes match: path or method.
        methods = next((allow for form, allow in API if form.fullmatch(path)), "")
        problem = Problem(METHOD_NOT_ALLOWED, allow=methods) if methods else Problem(NOT_FOUND)
        return _refuse(event, problem)
    # guard: methods-that-read: event.get("httpMethod") not in READING => False
    if event.get("httpMethod") not in READING:
        return _refuse(event, Problem(METHOD_NOT_ALLOWED, allow=", ".join(READING)))
    if found:
        return _serve(event, found, HTTPStatus.OK)
    without_slash = path.removesuffix("/")
    if canonical(without_slash) in SITE:
        return _answer(event, HTTPStatus.PERMANENT_REDIRECT, {"Location": without_slash})
    return _serve(event, UNKNOWN_PAGE, HTTPStatus.NOT_FOUND)


def _serve(event: Mapping[str, Any], resource: Resource, status: HTTPStatus) -> dict[str, Any]:
    """Answer with a resource, or 304 when the client has it already."""
    compressed = _accepts_gzip(_header(event, "accept-encoding"))
    chosen = resource.gzipped if compressed else resource.plain
    headers = {"Cache-Control": resource.cache_control}
    if status is HTTPStatus.OK and resource.cache_control != "no-store":
        headers["ETag"] = chosen.etag
        if _matches(_header(event, "if-none-match"), chosen.etag):
            return _answer(event, HTTPStatus.NOT_MODIFIED, headers)
    headers["Content-Type"] = resource.media_type
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return _answer(event, status, headers, chosen.body, is_base64=compressed)


def _refuse(event: Mapping[str, Any], problem: Problem) -> dict[str, Any]:
    context: Mapping[str, Any] = event.get("requestContext") or {}
    refusal = describe(
        problem,
        base_url=os.environ.get("PUBLIC_URL", ""),
        instance=str(context.get("requestId") or "unknown"),
    )
    headers = API_HEADERS | refusal.headers | {"Content-Type": "application/problem+json"}
    return _answer(event, refusal.status, headers, json.dumps(refusal.body, ensure_ascii=False))


def _answer(
    event: Mapping[str, Any],
    status: int,
    headers: Mapping[str, str],
    body: str = "",
    *,
    is_base64: bool = False,
) -> dict[str, Any]:
    """Return a proxy answer; one to HEAD has the headers of GET and no body."""
    if event.get("httpMethod") == HTTPMethod.HEAD:
        body, is_base64 = "", False
    return {
        "statusCode": int(status),
        "headers": {**PAGE_HEADERS, **headers},
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _header(event: Mapping[str, Any], name: str) -> str:
    """Return a request header's values, joined by commas, from either form of the event."""
    multiple: Mapping[str, list[str] | None] = event.get("multiValueHeaders") or {}
    single: Mapping[str, str | None] = event.get("headers") or {}
    values = [
        value for key, each in multiple.items() if key.lower() == name for value in each or ()
    ]
    return ",".join(
        values or [value for key, value in single.items() if key.lower() == name and value]
    )


def _accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a client accepts gzip (RFC 9110, 12.5.3)."""
    accepted: dict[str, bool] = {}
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.replace(" ", "").partition(";")
        accepted[coding] = weight not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return accepted.get("gzip", accepted.get("*", False))


def _matches(if_none_match: str, etag: str) -> bool:
    """Return whether a client's copies include ``etag``, compared weakly (RFC 9110, 13.1.2)."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return etag in known or "*" in known
