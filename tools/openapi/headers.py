"""The headers that count for a client, of requests and of answers, by operation."""

from collections.abc import Mapping
from typing import Any

from portal.http.cookies import DEVICE_COOKIE, SESSION_COOKIE

HEADERS: Mapping[str, Any] = {
    "Retry-After": {
        "required": True,
        "description": "Seconds to wait before the same request is sent again.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 5,
    },
    "Cache-Control": {
        "required": True,
        "description": "No answer of the API is kept by a browser or a proxy.",
        "schema": {"const": "no-store"},
        "example": "no-store",
    },
    "Set-Cookie": {
        "required": True,
        "description": (
            f"Login sets `{SESSION_COOKIE}`, and on a device that it did not know"
            f" `{DEVICE_COOKIE}`: two headers. What ends the session empties the first, a change of"
            " password renews the second. Both are Secure, HttpOnly, SameSite=Lax, Path=/."
        ),
        "schema": {"type": "string"},
        "example": f"{SESSION_COOKIE}=…; Path=/; Secure; HttpOnly; SameSite=Lax",
    },
    "Location": {
        "required": True,
        "description": "Where the browser goes: the provider's page, or one of this site.",
        "schema": {"type": "string"},
        "example": "/gerer",
    },
    "Clear-Site-Data": {
        "required": True,
        "description": "Empties what the browser stored of this site, except the device's cookie.",
        "schema": {"type": "string"},
        "example": '"cache", "storage"',
    },
    "Content-Disposition": {
        "required": True,
        "description": "The name of the file to save.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="mon-compte.json"',
    },
    "ETag": {
        "required": True,
        "description": "Changes with the document; may be sent back in `If-None-Match`.",
        "schema": {"type": "string"},
        "example": '"4f2a9c"',
    },
}
OF_ANSWERS: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("log_in", 200): ("Set-Cookie",),
    ("finish_log_in", 200): ("Set-Cookie",),
    ("start_sso", 303): ("Location", "Set-Cookie"),
    ("finish_sso", 303): ("Location", "Set-Cookie"),
    ("link_identity", 204): ("Set-Cookie",),
    ("log_out", 204): ("Set-Cookie", "Clear-Site-Data"),
    ("delete_account", 202): ("Set-Cookie",),
    ("change_password", 204): ("Set-Cookie",),
    ("export_account", 200): ("Content-Disposition",),
    ("read_calendar", 200): ("Content-Disposition",),
}
"""The headers of a successful answer beside Cache-Control."""

ORIGIN: Mapping[str, Any] = {
    "name": "Origin",
    "in": "header",
    "required": False,
    "description": (
        "Browsers send it. When it is sent, it must be the portal's own origin, and"
        " `Sec-Fetch-Site` `same-origin` or `none`; else 403 cross-origin."
    ),
    "schema": {"type": "string"},
    "example": "https://portail.example",
}
_DEVICE: Mapping[str, Any] = {
    "name": DEVICE_COOKIE,
    "in": "cookie",
    "required": False,
    "description": "Of an earlier login: its guesses are counted apart, and it causes no alert.",
    "schema": {"type": "string"},
}
PARAMETERS: Mapping[str, tuple[Mapping[str, Any], ...]] = {"log_in": (_DEVICE,)}


def of_answer(operation_id: str, status: int) -> Mapping[str, Any]:
    """Return the headers of an answer, as references."""
    names: tuple[str, ...] = ()
    if status < 400:  # noqa: PLR2004 - a success
        names = ("Cache-Control", *OF_ANSWERS.get((operation_id, status), ()))
    elif status in {429, 503}:
        names = ("Retry-After",)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
