"""Login with a provider over HTTP, that of `make dev`: linked once, opened, removed."""

import json
import secrets
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest

from tests.world.client import Answer, Client, in_parallel
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox

pytestmark = pytest.mark.stack
IDENTITIES = "/api/me/identities"


def known(login_provider: str) -> str:
    """Make the provider know a person; return their subject."""
    subject = f"subject-{secrets.token_hex(8)}"
    claims = {"given_name": "Camille", "family_name": "Martin"}
    send(login_provider, "PUT", f"/users/{subject}", json.dumps(claims), "application/json")
    return subject


def send(login_provider: str, method: str, path: str, body: str, media_type: str) -> str:
    """Send a request to the provider; return where it leads."""
    connection = HTTPConnection(urlsplit(login_provider).netloc, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": media_type})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("Location") or ""
    finally:
        connection.close()


def confirmed(location: str, subject: str) -> str:
    """Confirm at the provider who one is; return the path of the callback."""
    parts = urlsplit(location)
    path, form = f"{parts.path}?{parts.query}", urlencode({"sub": subject})
    back = send(location, "POST", path, form, "application/x-www-form-urlencoded")
    return f"{urlsplit(back).path}?{urlsplit(back).query}"


def go(client: Client, subject: str, **query: str) -> Answer:
    """Go to the provider and come back."""
    begun = client.visit(f"/api/sso/start?{urlencode(query)}")
    return client.visit(confirmed(begun.header("location"), subject))


def test_from_an_unknown_identity_to_its_removal(
    client: Client, mailbox: Mailbox, login_provider: str
) -> None:
    """An identity is linked after one login with the password, then opens the account alone."""
    person, subject = account_holder(client, mailbox), known(login_provider)
    place = urlsplit(go(client, subject).header("location"))
    assert place.path == "/premiere-connexion"
    ticket = {"ticket": place.fragment}
    assert client.post("/api/sso/identity", ticket).json["last_name"] == "Martin"
    refused = client.another().post("/api/sso/identity", ticket)
    assert (refused.status, refused.slug) == (410, "provider-expired"), "another browser"
    assert client.log_in(person.email).status == 200
    assert client.post(IDENTITIES, ticket).status == 204
    mailbox.wait_titled(person.email, "Une connexion a été associée à votre compte")

    other = client.another()
    opened = go(other, subject, to="/gerer/mon-compte")
    assert opened.header("location") == "/gerer/mon-compte"
    assert other.me().json["email"] == person.email
    assert "sso" in other.me().json["ways"]
    assert ["sso"] in [each["methods"] for each in other.open_sessions().json["sessions"]]
    (identity,) = client.call("GET", IDENTITIES).json["identities"]
    assert client.call("DELETE", f"{IDENTITIES}/{identity['id']}").status == 204
    assert other.me().status == 401, "its session ended"
    again = go(client.another(), subject).header("location")
    assert urlsplit(again).path == "/premiere-connexion"


def test_a_state_is_of_its_browser_and_used_once(client: Client, login_provider: str) -> None:
    """Of 4 callbacks at once with one state, one is answered; none in another browser."""
    subject = known(login_provider)
    location = client.visit("/api/sso/start").header("location")
    paths = [confirmed(location, subject) for _ in range(5)]
    other = client.another().visit(paths[4])
    assert (other.status, other.slug) == (410, "provider-expired")
    answers = in_parallel(lambda number: client.call("GET", paths[number]), 4)
    assert sorted(each.status for each in answers) == [303, 410, 410, 410]


def test_no_open_redirect(client: Client) -> None:
    """Only pages of this site can be returned to, and nobody is asked for others."""
    for to in ("//evil.example", "/\\evil.example", "https://evil.example", "/gerer/%2e%2e//evil"):
        answer = client.visit(f"/api/sso/start?{urlencode({'to': to})}")
        assert (answer.status, answer.slug) == (422, "invalid-request")
