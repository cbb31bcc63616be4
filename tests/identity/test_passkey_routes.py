"""The routes of passkeys: what they answer, who may ask, how often."""

from typing import Any

import pytest

from tests.world.authenticator import Authenticator, text
from tests.world.functions import Answer, Gateway
from tests.world.use_cases import EMAIL
from tests.world.world import NOW, World

ID = "0" * 16
NOTHING: dict[str, Any] = {"credential": {}}


class Browser:
    """Somebody logged in, and the passkey of their device."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.gateway, self.authenticator = gateway, Authenticator()
        world.open_account()
        self.cookie = world.log_in(EMAIL).cookie

    def ask(self, method: str, path: str, body: Any = None, at: int = 0) -> Answer:
        """Send a request with the session's cookie."""
        sent = {"Content-Type": ["application/json"], "Cookie": [f"__Host-session={self.cookie}"]}
        return self.gateway.ask("passkeys", method, path, body, headers=sent, now=NOW + at)

    def add(self, **more: Any) -> Answer:
        """Add the passkey."""
        options = self.ask("POST", "/api/me/passkeys/options").json["public_key"]
        return self.ask(
            "POST", "/api/me/passkeys", {"credential": self.authenticator.create(options), **more}
        )


@pytest.fixture
def browser(world: World, gateway: Gateway) -> Browser:
    """Return somebody logged in."""
    return Browser(world, gateway)


def test_from_adding_to_removing(browser: Browser) -> None:
    """A passkey is added, listed, renamed, used to log in and to confirm, removed, then refused."""
    asked = browser.ask("POST", "/api/me/passkeys/options")
    assert (asked.status, asked.json["expires_at"]) == (201, "2026-09-21T14:18:20.000Z")
    added = browser.add(name=" Téléphone ")
    assert added.status == 201
    shown = {
        "id": added.json["id"],
        "name": "Téléphone",
        "created_at": "2026-09-21T14:13:20.000Z",
        "last_used_at": None,
        "copied": False,
    }
    assert added.json == shown
    listed = browser.ask("GET", "/api/me/passkeys")
    assert (listed.status, listed.json) == (200, {"passkeys": [shown], "most": 10})
    path = f"/api/me/passkeys/{added.json['id']}"
    assert browser.ask("PATCH", path, {"name": "Clé bleue"}).status == 204

    for form in ({}, {"confirm": True}):
        options = browser.ask("POST", "/api/login/passkey/options", form, at=200)
        assert options.status == 201
        signed = {"credential": browser.authenticator.sign(options.json["public_key"])}
        opened = browser.ask("POST", "/api/login/passkey", signed, at=200)
        assert (opened.status, opened.json["first_name"]) == (200, "Michèle")
        (cookie, *_) = opened.headers["Set-Cookie"]
        browser.cookie = cookie.partition(";")[0].partition("=")[2]

    (used,) = browser.ask("GET", "/api/me/passkeys").json["passkeys"]
    assert (used["name"], used["last_used_at"]) == ("Clé bleue", "2026-09-21T14:16:40.000Z")
    assert browser.ask("DELETE", path, at=301).status == 204, "the passkey was a fresh proof"
    assert browser.ask("DELETE", path, at=301).status == 404
    options = browser.ask("POST", "/api/login/passkey/options", {}).json["public_key"]
    refused = browser.ask(
        "POST", "/api/login/passkey", {"credential": browser.authenticator.sign(options)}
    )
    assert (refused.status, refused.json["type"].rpartition("/")[2]) == (401, "invalid-credentials")


@pytest.mark.guards(
    "fresh-proof-for-a-passkey",
    "fresh-proof-to-add-a-passkey",
    "fresh-proof-to-rename-a-passkey",
    "fresh-proof-to-remove-a-passkey",
)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/me/passkeys/options", None),
        ("POST", "/api/me/passkeys", NOTHING),
        ("PATCH", f"/api/me/passkeys/{ID}", {"name": "A"}),
        ("DELETE", f"/api/me/passkeys/{ID}", None),
    ],
)
def test_changes_need_a_fresh_proof(browser: Browser, method: str, path: str, body: Any) -> None:
    """Five minutes after the last proof, no passkey is changed without another."""
    answer = browser.ask(method, path, body, at=301)
    assert (answer.status, answer.json["type"].rpartition("/")[2]) == (
        403,
        "reauthentication-required",
    )


def test_confirming_needs_a_session(browser: Browser) -> None:
    """Nobody confirms who they are without being logged in."""
    browser.cookie = ""
    answer = browser.ask("POST", "/api/login/passkey/options", {"confirm": True})
    assert answer.status == 401


@pytest.mark.guards("limit-of-passkey-logins", "limit-of-passkey-options")
@pytest.mark.parametrize(
    ("path", "body", "answered"),
    [("/api/login/passkey/options", {}, 201), ("/api/login/passkey", NOTHING, 401)],
)
def test_requests_of_one_address_are_limited(
    gateway: Gateway, path: str, body: Any, answered: int
) -> None:
    """An address may ask sixty times a minute."""
    answers = [gateway.ask("passkeys", "POST", path, body).status for _ in range(61)]
    assert answers == [answered] * 60 + [429]


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": "A" * 8000, "rawId": "A" * 8000, "type": "public-key", "response": {}},
        {"response": {"clientDataJSON": text(b"[" * 8000)}},
        {"response": {"clientDataJSON": "\x00é", "userHandle": 7}},
        {"response": None},
    ],
)
def test_malformed_answers_are_refused(browser: Browser, credential: Any) -> None:
    """Whatever is in place of a browser's answer is refused as the client's mistake."""
    body = {"credential": credential}
    assert browser.ask("POST", "/api/login/passkey", body).status == 401
    added = browser.ask("POST", "/api/me/passkeys", body)
    assert (added.status, added.json["errors"][0]["code"]) == (422, "invalid-passkey")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        ("\u200b ", "required"),
        ("a" * 41, "invalid-length"),
        ("a\tb", "invalid-characters"),
    ],
)
def test_names_of_passkeys(browser: Browser, name: str, code: str) -> None:
    """A name shows something, in 40 characters at most, on one line."""
    answer = browser.ask("PATCH", f"/api/me/passkeys/{ID}", {"name": name})
    assert (answer.status, answer.json["errors"][0]["code"]) == (422, code)
