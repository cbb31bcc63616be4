"""The checks that every request passes before anything else reads it."""

import base64
import json
from collections.abc import Mapping
from http import HTTPMethod
from typing import Any

from portal.core.problems import (
    CROSS_ORIGIN,
    INVALID_REQUEST,
    MALFORMED_JSON,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    FieldError,
    Problem,
)
from portal.core.settings import settings
from portal.http.french import french_detail

MAX_BODY = 16 * 1024
"""Largest request body, in bytes."""

_SAFE_METHODS = {HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS}


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # Python accepts NaN and Infinity, JSON does not


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def check(event: dict[str, Any], headers: Mapping[str, list[str]]) -> None:
    """Refuse a state change that is from another site or not JSON; decode the body in place."""
    if event.get("httpMethod") in _SAFE_METHODS:
        return
    site, origin = headers.get("sec-fetch-site", []), headers.get("origin", [])
    if any(each not in {"same-origin", "none"} for each in site) or any(
        each != settings().public_url for each in origin
    ):
        # guard: own-origin
        raise Problem(CROSS_ORIGIN)
    body = event.get("body") or ""
    if len(body) > 2 * MAX_BODY:
        raise Problem(TOO_LARGE)
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        # guard: sixteen-kib: len(raw) > MAX_BODY => False
        if len(raw) > MAX_BODY:
            raise Problem(TOO_LARGE)
        # guard: json-only: != {"application/json"} => == set()
        if raw and _media_types(headers) != {"application/json"}:
            raise Problem(UNSUPPORTED_MEDIA_TYPE)
        text = raw.decode() or "{}"
        sent: object = _JSON.decode(text)
    except (ValueError, RecursionError):
        raise Problem(MALFORMED_JSON) from None
    # guard: objects-only: not isinstance(sent, dict) => sent is None
    if not isinstance(sent, dict):  # of a list, Powertools would read the first element
        raise Problem(INVALID_REQUEST, errors=[FieldError("", *french_detail("dict_type", ""))])
    if event.get("httpMethod") == HTTPMethod.DELETE and text.strip() != "{}":
        raise Problem(INVALID_REQUEST)  # no route reads it, and unknown fields are refused
    # From here on the body can be read in one way only, whatever the headers were.
    event["body"] = text
    event["isBase64Encoded"] = False
    for form, value in (
        ("headers", "application/json"),
        ("multiValueHeaders", ["application/json"]),
    ):
        found: Mapping[str, Any] = event.get(form) or {}
        others = {name: each for name, each in found.items() if name.lower() != "content-type"}
        event[form] = others | {"content-type": value}


def _media_types(headers: Mapping[str, list[str]]) -> set[str]:
    values = headers.get("content-type", [])
    return {value.partition(";")[0].strip().lower() for value in values}


def headers_of(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return every value of each header, by lower-case name, from either form of the event."""
    single: Mapping[str, str] = event.get("headers") or {}
    multiple: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    found: dict[str, list[str]] = {}
    for name, values in multiple.items():
        found.setdefault(name.lower(), []).extend(values)
    return {name.lower(): [value] for name, value in single.items()} | found
