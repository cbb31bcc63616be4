"""A plain client of the HTTP API, as a mobile application could be."""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from ipaddress import IPv6Address
from typing import Any, Self

from tests.world.people import PASSWORD, Person
from tools.stack.stack import DOMAIN, HOST

SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"
SSO_COOKIE = "__Host-sso"
_DOCUMENTATION_NETWORK = 0x20010DB8 << 96  # 2001:db8::/32, nobody's: 2³² networks of visitors
AT_ONCE = 8
"""Requests that are in progress at any moment, when there are many."""


def new_address() -> str:
    """Return an IP address from a network (/64) that no other client uses."""
    return str(IPv6Address(_DOCUMENTATION_NETWORK + (secrets.randbits(32) << 64) + 1))


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names are lower-case, each with every value it had."""

    status: int
    headers: Mapping[str, Sequence[str]]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body, read as text."""
        return self.body.decode()

    def header(self, name: str) -> str:
        """Return the only value of a header, or an empty string."""
        (value,) = self.headers.get(name, [""])
        return value

    @property
    def slug(self) -> str:
        """The end of a problem's type, which is the stable code of a failure."""
        return self.json["type"].rpartition("/problems/")[2]

    @property
    def errors(self) -> set[tuple[str, str]]:
        """The field and code of each refused field."""
        return {(each["field"], each["code"]) for each in self.json["errors"]}


@dataclass(slots=True)
class Client:
    """Talks to the portal as one device does, and keeps its own cookies.

    Python's cookie jars do not return ``Secure`` cookies over http. The emulator's gateway reads
    the caller's address from X-Forwarded-For (AWS's does not), so that each client has its own.
    """

    port: int
    address: str = field(default_factory=new_address)
    session: str = ""
    device: str = ""
    user_agent: str = ""
    at_provider: str = ""
    """The cookie of a browser that is at a login provider."""

    @property
    def cookies(self) -> str:
        """The cookies that are sent."""
        held = {SESSION_COOKIE: self.session, DEVICE_COOKIE: self.device}
        held[SSO_COOKIE] = self.at_provider
        return "; ".join(f"{name}={value}" for name, value in held.items() if value)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; ``body`` is sent as JSON unless it is bytes, ``None`` sends none."""
        sent = {
            "Host": f"{DOMAIN}:{self.port}",
            "Accept": "application/json, application/problem+json",
            "X-Forwarded-For": self.address,
            "User-Agent": self.user_agent,
            "Cookie": self.cookies,
        }
        if body is not None:
            sent["Content-Type"] = "application/json"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = HTTPConnection(HOST, self.port, timeout=100)
        try:
            sent_headers = sent | dict(headers or {})
            connection.request(
                method,
                path,
                None if body is None else raw,
                {k: v for k, v in sent_headers.items() if v},
            )
            response = connection.getresponse()
            received: dict[str, list[str]] = {}
            for name, value in response.getheaders():
                received.setdefault(name.lower(), []).append(value)
            return Answer(response.status, received, response.read())
        finally:
            connection.close()

    def post(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Post JSON."""
        return self.call("POST", path, body, headers=headers)

    # The steps of the journey, each one request

    def sign_up(self, person: Person, **changes: object) -> Answer:
        """Send the form « Créer mon compte »."""
        return self.post("/api/signup", person.form() | changes)

    def resend(self, email: str, **handle: str) -> Answer:
        """Ask for the mail again."""
        return self.post("/api/signup/resend", {"email": email, **handle})

    def validate(self, token: str) -> Answer:
        """Open a link."""
        return self.post("/api/email-validation", {"token": token})

    def set_password(self, token: str, password: str = PASSWORD) -> Answer:
        """Choose a password, typed twice."""
        form = {"token": token, "password": password, "confirmation": password}
        return self.call("PUT", "/api/password", form)

    def open_recovery_link(self, token: str) -> Answer:
        """Ask whether a link still sets a password."""
        return self.post("/api/password-recovery/link", {"token": token})

    def log_in(self, identifier: str, password: str = PASSWORD) -> Answer:
        """Log in, and keep the cookies when there are some."""
        return self._keep(self.post("/api/login", {"identifier": identifier, "password": password}))

    def second_step(self, ticket: str, code: str) -> Answer:
        """Finish a login with a code, and keep the cookies when there are some."""
        return self._keep(self.post("/api/login/second-factor", {"ticket": ticket, "code": code}))

    def _keep(self, answer: Answer) -> Answer:
        for each in answer.headers.get("set-cookie", []):
            cookie = SimpleCookie(each)
            if SESSION_COOKIE in cookie:
                self.session = cookie[SESSION_COOKIE].value
            if DEVICE_COOKIE in cookie:
                self.device = cookie[DEVICE_COOKIE].value
            if SSO_COOKIE in cookie:
                self.at_provider = cookie[SSO_COOKIE].value
        return answer

    def visit(self, path: str) -> Answer:
        """Follow a link of a login with a provider, and keep the cookies when there are some."""
        return self._keep(self.call("GET", path))

    def recover(self, identifier: str) -> Answer:
        """Ask for a recovery link."""
        return self.post("/api/password-recovery", {"identifier": identifier})

    def me(self) -> Answer:
        """Read the account."""
        return self.call("GET", "/api/me")

    def change_password(self, password: str) -> Answer:
        """Choose another password, typed twice."""
        form = {"password": password, "confirmation": password}
        return self.call("PUT", "/api/me/password", form)

    def change_email(self, email: str) -> Answer:
        """Ask for another address."""
        return self.call("PUT", "/api/me/email", {"email": email})

    def confirm_email(self, token: str) -> Answer:
        """Confirm another address with the link that it received."""
        return self.post("/api/me/email/confirmation", {"token": token})

    def undo_email(self, token: str) -> Answer:
        """Undo a change of address with the link that the former address received."""
        return self.post("/api/email-undo", {"token": token})

    def open_sessions(self) -> Answer:
        """List the open sessions."""
        return self.call("GET", "/api/me/sessions")

    def end_other_sessions(self) -> Answer:
        """End every session but this one."""
        return self.call("DELETE", "/api/me/sessions")

    def end_session(self, session_id: str) -> Answer:
        """End one session."""
        return self.call("DELETE", f"/api/me/sessions/{session_id}")

    def activity(self, query: str = "") -> Answer:
        """Read the feed."""
        return self.call("GET", f"/api/me/activity{query}")

    def log_out(self) -> Answer:
        """Log out, but keep the session's cookie, as an attacker would."""
        return self.post("/api/logout", {})

    def another(self) -> Self:
        """Return a client with another address and no cookie."""
        return type(self)(self.port)


def in_parallel[T](call: Callable[[int], T], times: int, at_once: int = AT_ONCE) -> list[T]:
    """Make ``times`` calls, eight at a time; ``call`` receives its number.

    Eight, because the emulator starts a process for each concurrent request: a machine of two
    processors is busy with eight for ten seconds, and with fifty for a minute.
    """
    with ThreadPoolExecutor(min(times, at_once)) as pool:
        return list(pool.map(call, range(times)))


def outcomes(answers: Iterable[Answer]) -> Counter[tuple[int, str]]:
    """Count answers by status and, for problems, slug."""
    return Counter((each.status, each.slug if each.status >= 400 else "") for each in answers)
