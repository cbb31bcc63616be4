"""The routes of a login with a provider: where browsers are sent, and what they are never sent."""

from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.world.functions import Answer, Gateway
from tests.world.provider import CLAIMS, dead
from tests.world.sso import NAME, Visitor
from tests.world.use_cases import EMAIL
from tests.world.world import NOW, World

START = "/api/sso/start"
CALLBACK = "/api/sso/callback"
IDENTITIES = "/api/me/identities"
PAGE = {"Accept": ["text/html,application/xhtml+xml,*/*;q=0.8"]}


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Return a browser whose person the provider knows."""
    return Visitor(world)


class Browser:
    """Sends requests with the cookies of a visitor."""

    def __init__(self, gateway: Gateway, visitor: Visitor) -> None:
        self.gateway = gateway
        self.visitor = visitor

    def ask(
        self, method: str, path: str, body: Any = None, *, page: bool = False, **options: Any
    ) -> Answer:
        """Send a request, of a page or of a person who follows a link."""
        cookies = {"__Host-session": self.visitor.session, "__Host-sso": self.visitor.cookie}
        sent = {"Cookie": ["; ".join(f"{name}={each}" for name, each in cookies.items())]}
        sent |= PAGE if page else {"Content-Type": ["application/json"]}
        with self.visitor.provider.reached():
            answer = self.gateway.ask("sso", method, path, body, headers=sent, **options)
        for cookie in answer.headers.get("Set-Cookie", []):
            for name, each in SimpleCookie(cookie).items():
                if name == "__Host-session":
                    self.visitor.session = each.value
                if name == "__Host-sso":
                    self.visitor.cookie = each.value
        return answer

    def visit(self, **query: str) -> Answer:
        """Go to the provider and come back, following the links."""
        asked = {name: [value] for name, value in query.items()}
        begun = self.ask("GET", START, query=asked, page=True)
        if begun.status != 303 or not begun.headers["Location"][0].startswith("https:"):
            return begun
        given = self.visitor.provider.authorize(begun.headers["Location"][0])
        return self.ask(
            "GET", CALLBACK, query={name: [value] for name, value in given.items()}, page=True
        )


@pytest.fixture
def browser(gateway: Gateway, visitor: Visitor) -> Browser:
    """Return what sends the visitor's requests."""
    return Browser(gateway, visitor)


def location(answer: Answer) -> str:
    """Return where an answer sends the browser."""
    assert answer.status == 303, answer.text
    assert answer.text == ""
    assert answer.headers["Cache-Control"] == ["no-store"]
    return answer.headers["Location"][0]


def slug(answer: Answer) -> tuple[int, str]:
    """Return the status and the slug of a problem."""
    return answer.status, answer.json["type"].rpartition("/")[2]


def test_from_the_button_to_the_space(browser: Browser, visitor: Visitor) -> None:
    """An identity that is linked opens the session and the page that was asked for."""
    visitor.link(visitor.world.open_account(), NOW)
    answer = browser.visit(to="/gerer/mon-compte")
    assert location(answer) == "/gerer/mon-compte"
    (session, device, gone) = answer.headers["Set-Cookie"]
    assert "__Host-session=" in session
    assert "__Host-device=" in device
    assert "__Host-sso=;" in gone
    assert "Max-Age=0" in gone
    for cookie in (session, device, gone):
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    listed = browser.ask("GET", IDENTITIES).json
    assert listed["provider"] == NAME
    assert [each["provider"] for each in listed["identities"]] == [NAME]


def test_from_the_button_to_a_linked_account(browser: Browser, visitor: Visitor) -> None:
    """An unknown identity gets a ticket; after a login it is linked, then removed."""
    account_id = visitor.world.open_account()
    page, _, ticket = location(browser.visit()).partition("#")
    assert page == "/premiere-connexion"
    claims = browser.ask("POST", "/api/sso/identity", {"ticket": ticket})
    assert claims.json == {
        "provider": NAME,
        "last_name": "Martin",
        "first_name": "Camille",
        "email": CLAIMS["email"],
        "mobile_phone": None,
        "siret": CLAIMS["siret"],
    }
    again = browser.ask("POST", "/api/sso/identity", {"ticket": ticket})
    assert set(again.json.values()) == {NAME, None}
    visitor.session = visitor.world.log_in(EMAIL).cookie
    linked = browser.ask("POST", IDENTITIES, {"ticket": ticket})
    assert linked.status == 204
    assert visitor.cookie == ""
    assert location(browser.visit()) == "/gerer"
    (identity,) = browser.ask("GET", IDENTITIES).json["identities"]
    late = browser.ask("DELETE", f"{IDENTITIES}/{identity['id']}")
    assert slug(late) == (403, "reauthentication-required"), "the provider did not say when"
    visitor.session = visitor.world.log_in(EMAIL).cookie
    assert slug(browser.ask("DELETE", f"{IDENTITIES}/0123456789abcdef")) == (404, "not-found")
    assert browser.ask("DELETE", f"{IDENTITIES}/{identity['id']}").status == 204
    assert "identity-removed" in visitor.world.kinds(account_id)


def test_a_ticket_goes_where_it_was_asked_for(browser: Browser, visitor: Visitor) -> None:
    """Who links from the space comes back there; who owes a code, to the login page."""
    account_id = visitor.world.open_account()
    place = location(browser.visit(to="/gerer/mon-compte/securite", intent="link"))
    assert place.startswith("/gerer/mon-compte/securite#")
    assert len(place.partition("#")[2]) == 96
    visitor.link(account_id, NOW)
    visitor.world.switch_on(account_id)
    assert location(browser.visit()).startswith("/mon-compte#")
    assert visitor.session == ""


@pytest.mark.guards("own-pages-only")
@pytest.mark.parametrize(
    "to",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example"),
        *(
            "/gerer//evil.example",
            "/gerer/../../evil",
            "/gerer@evil.example",
            "/gerer.evil.example",
        ),
        *(
            "/gerer/%2f%2fevil.example",
            "/gerer?next=https://evil.example",
            "/gerer#x",
            "/mon-compte",
        ),
        *(
            "javascript:alert(1)",
            "/gerer/\r\nSet-Cookie: a=b",
            "/gerer/\n",
            "",
            "/gerer/é",
            "gerer",
        ),
    ],
)
def test_no_open_redirect(browser: Browser, visitor: Visitor, to: str) -> None:
    """Only a page of this site may be returned to."""
    answer = browser.ask("GET", START, query={"to": [to]})
    assert slug(answer) == (422, "invalid-request")
    assert "evil" not in answer.text
    assert visitor.provider.asked == []


def test_wishes_that_do_not_exist(browser: Browser) -> None:
    """Any other intent is refused."""
    answer = browser.ask("GET", START, query={"intent": ["admin"]})
    assert slug(answer) == (422, "invalid-request")


@pytest.mark.guards("off-without-provider")
def test_off_without_provider(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a provider the routes do not exist; what is linked can be seen all the same."""
    monkeypatch.setenv("SSO_ISSUER", "")
    browser.visitor.world.open_account()
    browser.visitor.session = browser.visitor.world.log_in(EMAIL).cookie
    assert slug(browser.ask("GET", START)) == (404, "not-found")
    state = {"state": ["A" * 96], "code": ["code"]}
    assert slug(browser.ask("GET", CALLBACK, query=state)) == (404, "not-found")
    ticket = {"ticket": "A" * 96}
    assert slug(browser.ask("POST", "/api/sso/identity", ticket)) == (404, "not-found")
    assert browser.ask("GET", IDENTITIES).json == {"identities": [], "provider": None}


def test_an_identity_of_a_former_provider(
    browser: Browser, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named by its host, and can be removed."""
    visitor.link(visitor.world.open_account(), NOW)
    monkeypatch.setenv("SSO_ISSUER", "")
    visitor.session = visitor.world.log_in(EMAIL).cookie
    (identity,) = browser.ask("GET", IDENTITIES).json["identities"]
    assert identity["provider"] == "identite.example"
    assert browser.ask("DELETE", f"{IDENTITIES}/{identity['id']}").status == 204


@pytest.mark.guards("fresh-proof-to-link", "fresh-proof-to-unlink")
@pytest.mark.parametrize(
    ("method", "path"), [("POST", IDENTITIES), ("DELETE", f"{IDENTITIES}/0123456789abcdef")]
)
def test_changes_need_a_fresh_proof(browser: Browser, method: str, path: str) -> None:
    """Five minutes after the last proof, no identity is linked or removed without another."""
    browser.visitor.world.open_account()
    browser.visitor.session = browser.visitor.world.log_in(EMAIL).cookie
    body = {"ticket": "A" * 96} if method == "POST" else None
    answer = browser.ask(method, path, body, now=NOW + 301)
    assert slug(answer) == (403, "reauthentication-required")


# Failures


def test_a_dead_provider(browser: Browser, visitor: Visitor) -> None:
    """A program gets 503 with Retry-After; a browser the login page, which says it."""
    visitor.provider.answers["/.well-known/openid-configuration"] = dead()
    answer = browser.ask("GET", START)
    assert slug(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == ["5"]
    assert location(browser.visit()) == "/mon-compte#unavailable"


def test_a_dead_provider_at_the_end(browser: Browser, visitor: Visitor) -> None:
    """The same when it fails once the person comes back."""
    visitor.provider.answers["/token"] = dead()
    assert location(browser.visit()) == "/mon-compte#unavailable"


def test_what_browsers_are_told(browser: Browser, visitor: Visitor, log: Callable[[], str]) -> None:
    """A refusal leads to the login page; the log has its reason, and nothing of the answer."""
    visitor.provider.claims = {"nonce": "a-marked-nonce"}
    assert location(browser.visit()) == "/mon-compte#provider-refused"
    written = log()
    assert '"reason":"nonce"' in written
    assert '"outcome":"provider-refused"' in written
    for marked in ("a-marked-nonce", "code-0", "Martin", CLAIMS["email"], visitor.cookie):
        assert marked not in written
    old = {"state": ["A" * 96], "code": ["code"]}
    answer = browser.ask("GET", CALLBACK, query=old, page=True)
    assert location(answer) == "/mon-compte#provider-expired"
    assert slug(browser.ask("GET", CALLBACK, query=old)) == (410, "provider-expired")
    assert slug(browser.ask("GET", CALLBACK, query={"state": ["A" * 129]})) == (
        422,
        "invalid-request",
    )


def test_a_refusal_is_told(browser: Browser, visitor: Visitor) -> None:
    """Who gives up at the provider reads that on the login page."""
    begun = browser.ask("GET", START, page=True)
    state = visitor.provider.authorize(location(begun))["state"]
    query = {"state": [state], "error": ["access_denied"], "error_description": ["<b>"]}
    answer = browser.ask("GET", CALLBACK, query=query, page=True)
    assert location(answer) == "/mon-compte#provider-cancelled"


def test_requests_are_counted(browser: Browser) -> None:
    """Sixty logins a minute from one address begin; programs and browsers are told to wait."""
    for _ in range(60):
        assert browser.ask("GET", START).status == 303
    answer = browser.ask("GET", START)
    assert slug(answer) == (429, "throttled")
    assert location(browser.visit()) == "/mon-compte#throttled"
    for _ in range(60):
        browser.ask("GET", CALLBACK)
    assert slug(browser.ask("GET", CALLBACK)) == (429, "throttled")
