"""Requests that no client library would send."""

from collections.abc import Sequence
from http.client import HTTPConnection
from types import MappingProxyType

from tests.world.client import Answer, Client
from tools.stack.stack import DOMAIN, HOST

CHANGES = [
    ("POST", "/api/signup/identifiers"),
    ("POST", "/api/signup"),
    ("POST", "/api/signup/resend"),
    ("POST", "/api/signup/delivery"),
    ("POST", "/api/email-validation"),
    ("PUT", "/api/password"),
    ("POST", "/api/password-recovery"),
    ("POST", "/api/login"),
    ("POST", "/api/logout"),
    ("POST", "/api/contact"),
    ("POST", "/api/email-undo"),
    ("POST", "/api/second-factor-keep"),
    ("PATCH", "/api/me"),
    ("DELETE", "/api/me"),
    ("PUT", "/api/me/password"),
    ("PUT", "/api/me/email"),
    ("DELETE", "/api/me/email"),
    ("POST", "/api/me/email/confirmation"),
    ("DELETE", "/api/me/sessions"),
    ("DELETE", "/api/me/sessions/0123456789abcdef"),
]
"""Every request that changes something."""

JSON = ("Content-Type", "application/json")


def send(
    client: Client,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str | bytes]] = (),
    body: bytes = b"",
) -> Answer:
    """Send exactly these headers, in this order, repeated as given."""
    connection = HTTPConnection(HOST, client.port, timeout=100)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", f"{DOMAIN}:{client.port}")
        connection.putheader("X-Forwarded-For", client.address)
        for name, value in headers:
            connection.putheader(name, value)
        if not any(name == "Transfer-Encoding" for name, _ in headers) and (
            body or method in {"POST", "PUT", "PATCH"}
        ):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        received: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            received.setdefault(name.lower(), []).append(value)
        return Answer(response.status, MappingProxyType(received), response.read())
    finally:
        connection.close()
