"""The checks that every request passes before anything else reads it."""

import base64
import json
import re
from collections import Counter
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
from portal.http.answers import shown_field
from portal.http.french import french_detail

MAX_BODY = 16 * 1024
"""Largest request body, in bytes of JSON in UTF-8 that escapes only what it must.

Some clients escape every letter outside ASCII: what they may send is then not less.
"""
_MAX_SENT = 6 * MAX_BODY  # an escape takes six bytes for one
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)

_SPACE = ord(" ")
_ESCAPED_ALWAYS = {ord('"'), ord("\\")}
_SURROGATES = range(0xD800, 0xE000)
_SAFE_METHODS = {HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS}


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # Python accepts NaN and Infinity, JSON does not


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of which no name appears twice: two readers could read two values."""
    found = dict(pairs)
    # guard: fields-once: len(found) < len(pairs) => False
    if len(found) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        repeated = FieldError(shown_field(name), "repeated", "Ce champ est présent deux fois.")
        raise Problem(INVALID_REQUEST, errors=[repeated])
    return found


_JSON = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_each_once)


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
    try:
        text = _text(event, headers) or "{}"
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


def _text(event: Mapping[str, Any], headers: Mapping[str, list[str]]) -> str:
    """Return the body, once its size and type are checked; ``ValueError`` if it is not UTF-8."""
    body = event.get("body") or ""
    if len(body) > 2 * _MAX_SENT:
        raise Problem(TOO_LARGE)
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    # guard: sixteen-kib: _is_too_large(raw) => False
    if _is_too_large(raw):
        raise Problem(TOO_LARGE)
    # guard: json-only: != {"application/json"} => == set()
    if raw and _media_types(headers) != {"application/json"}:
        raise Problem(UNSUPPORTED_MEDIA_TYPE)
    # guard: utf-8-only: _is_utf_8(headers) => True
    if raw and not _is_utf_8(headers):
        raise Problem(UNSUPPORTED_MEDIA_TYPE)
    return raw.decode()


def _media_types(headers: Mapping[str, list[str]]) -> set[str]:
    values = headers.get("content-type", [])
    return {value.partition(";")[0].strip().lower() for value in values}


def _is_utf_8(headers: Mapping[str, list[str]]) -> bool:
    """Return whether the content type names no other encoding than UTF-8, which is what we read."""
    parameters = [
        parameter.partition("=")
        for value in headers.get("content-type", [])
        for parameter in value.split(";")[1:]
    ]
    return all(
        text.strip().strip('"').lower() in {"utf-8", "utf8"}
        for name, _, text in parameters
        if name.strip().lower().startswith("charset")
    )


def _is_too_large(raw: bytes) -> bool:
    """Return whether a body exceeds 16 KiB, not counting what escapes add to it."""
    if not MAX_BODY < len(raw) <= _MAX_SENT:
        return len(raw) > MAX_BODY
    return len(raw) - sum(map(_added, _ESCAPE.finditer(raw))) > MAX_BODY


def _added(escape: re.Match[bytes]) -> int:
    """Return how many bytes more an escape takes than its character in UTF-8."""
    if escape[1] is None:
        return int(escape[0] == b"\\/")
    code = int(escape[1], 16)
    if code < _SPACE or code in _ESCAPED_ALWAYS:
        return 0
    if code in _SURROGATES:
        return 4  # a pair of them is a character of four bytes
    return 6 - len(chr(code).encode())


def headers_of(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return every value of each header, by lower-case name, from either form of the event."""
    single: Mapping[str, str] = event.get("headers") or {}
    multiple: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    found: dict[str, list[str]] = {}
    for name, values in multiple.items():
        found.setdefault(name.lower(), []).extend(values)
    return {name.lower(): [value] for name, value in single.items()} | found
