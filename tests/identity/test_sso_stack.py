"""Login with a provider over HTTP: linked once, opened, and what a hostile provider cannot do."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest

from portal.core.keyring import ClientSecrets
from tests.world.client import Client, in_parallel
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.provider import Provider, Reply, by_the_public_key, unsigned

if TYPE_CHECKING:
    from tools.stack.stack import Stack

pytestmark = pytest.mark.stack
IDENTITIES = "/api/me/identities"


@pytest.fixture
def provider(stack: "Stack", direct: Direct) -> Iterator[Provider]:
    """Return the provider of the stack, served on its port; another subject for each test."""
    found = Provider(
        int(time.time()), issuer=stack.provider_url, base=stack.provider_url, keys=["one"]
    )
    found.subject = f"subject-{time.time_ns()}"
    found.secret = direct.keyring(ClientSecrets, "SsoSecret").text
    with found.served(stack.provider_port):
        yield found


def go(client: Client, provider: Provider, **query: str) -> tuple[int, str]:
    """Go to the provider and come back; return the status, and where it leads or what it is."""
    begun = client.visit(f"/api/sso/start?{urlencode(query)}")
    if begun.status != 303:
        return begun.status, begun.slug
    given = provider.authorize(begun.header("location"))
    provider.now = int(time.time())
    answer = client.visit(f"/api/sso/callback?{urlencode(given)}")
    return answer.status, answer.header("location") if answer.status == 303 else answer.slug


def test_from_an_unknown_identity_to_its_login(
    client: Client, mailbox: Mailbox, provider: Provider
) -> None:
    """An identity is linked after one login with the password, then opens the account alone."""
    person = account_holder(client, mailbox)
    status, place = go(client, provider)
    assert (status, urlsplit(place).path) == (303, "/premiere-connexion")
    ticket = urlsplit(place).fragment
    claims = client.post("/api/sso/identity", {"ticket": ticket})
    assert claims.json["last_name"] == "Martin"
    refused = client.another().post("/api/sso/identity", {"ticket": ticket})
    assert (refused.status, refused.slug) == (410, "provider-expired"), "another browser"
    assert client.log_in(person.email).status == 200
    assert client.post(IDENTITIES, {"ticket": ticket}).status == 204
    mailbox.wait_titled(person.email, "Une connexion a été associée à votre compte")

    other = client.another()
    assert go(other, provider, to="/gerer/mon-compte") == (303, "/gerer/mon-compte")
    assert other.me().json["email"] == person.email
    sessions = other.open_sessions().json["sessions"]
    assert ["sso"] in [each["methods"] for each in sessions]
    assert "sso" in other.me().json["ways"]
    (identity,) = other.call("GET", IDENTITIES).json["identities"]
    refused = other.call("DELETE", f"{IDENTITIES}/{identity['id']}")
    assert (refused.status, refused.slug) == (403, "reauthentication-required")
    assert client.call("DELETE", f"{IDENTITIES}/{identity['id']}").status == 204
    assert other.me().status == 401, "its session ended"
    assert urlsplit(go(client.another(), provider)[1]).path == "/premiere-connexion"


def test_a_hostile_provider(client: Client, provider: Provider) -> None:
    """Tokens that nobody signed, or everybody can, are refused; so are other logins and people."""
    for sign in (unsigned, by_the_public_key):
        provider.sign = sign
        assert go(client, provider) == (403, "provider-refused")
    provider.sign = None
    for claims in ({"nonce": "x"}, {"aud": "x"}, {"iss": "https://autre.example"}, {"exp": 1}):
        provider.claims = claims
        assert go(client, provider) == (403, "provider-refused")
    provider.claims = {}
    provider.userinfo = {"sub": "somebody-else"}
    assert go(client, provider) == (403, "provider-refused")
    provider.userinfo = {}
    provider.answers["/userinfo"] = Reply(200, b" " * 100_000)
    assert go(client, provider) == (503, "unavailable")
    provider.answers["/userinfo"] = Reply(302, b"")
    assert go(client, provider) == (503, "unavailable")
    assert client.session == ""


def test_states_are_of_their_browser_and_used_once(client: Client, provider: Provider) -> None:
    """Of 4 callbacks at once with one state, one is answered; none in another browser."""
    begun = client.visit("/api/sso/start")
    location = begun.header("location")
    given = [urlencode(provider.authorize(location)) for _ in range(5)]
    other = client.another().call("GET", f"/api/sso/callback?{given[4]}")
    assert (other.status, other.slug) == (410, "provider-expired")

    def come(number: int) -> int:
        return client.call("GET", f"/api/sso/callback?{given[number]}").status

    assert sorted(in_parallel(come, 4)) == [303, 410, 410, 410]


def test_no_open_redirect(client: Client) -> None:
    """Only pages of this site can be returned to, and nobody is asked for others."""
    for to in ("//evil.example", "/\\evil.example", "https://evil.example", "/gerer/%2e%2e//evil"):
        answer = client.visit(f"/api/sso/start?{urlencode({'to': to})}")
        assert (answer.status, answer.slug) == (422, "invalid-request")


def test_a_provider_that_is_down(client: Client) -> None:
    """A program is told to try again; a browser is led to the login page, which says it."""
    answer = client.visit("/api/sso/start")
    if answer.status == 303:  # what it published is still known
        given = {"state": answer.header("location").partition("state=")[2][:96], "code": "code"}
        answer = client.visit(f"/api/sso/callback?{urlencode(given)}")
    assert (answer.status, answer.slug) == (503, "unavailable")
    assert int(answer.header("retry-after")) > 0
