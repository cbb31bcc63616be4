"""A provider that lies, or somebody in its name: each answer is refused for its reason."""

import math
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from threading import Event, Thread
from typing import Any

import pytest
from joserfc import jwk, jwt

from portal.core.problems import UNAVAILABLE, Problem
from portal.core.session import Opened
from portal.identity import oidc_http, sso
from portal.identity.oidc import RefusedAnswerError
from portal.identity.problems import PROVIDER_CANCELLED
from portal.identity.unlinked_identities import Unlinked
from tests.world.cloud import CLIENT_ID, ISSUER
from tests.world.provider import (
    Provider,
    Reply,
    by_the_public_key,
    dead,
    encoded,
    key_pair,
    unsigned,
)
from tests.world.refusals import refused
from tests.world.sso import Visitor
from tests.world.world import NOW, World


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Return a browser whose person the provider knows."""
    return Visitor(world)


def disbelieved(reason: str, ask: Callable[[], object]) -> None:
    """Check that an answer is refused for a reason, and that nothing was opened or kept."""
    with pytest.raises(RefusedAnswerError) as caught:
        ask()
    assert caught.value.reason == reason


def by_a_stranger(_: Provider, claims: dict[str, Any]) -> str:
    """Return a token signed by another key under the id of the provider's."""
    header = {"alg": "RS256", "kid": "one"}
    return jwt.encode(header, claims, key_pair("stranger"), algorithms=["RS256"])


def by_another_algorithm(provider: Provider, claims: dict[str, Any]) -> str:
    """Return a token that the provider's key signed by an algorithm that was not agreed on."""
    key = key_pair(provider.keys[0])
    bare = jwk.RSAKey.import_key({k: v for k, v in key.as_dict(private=True).items() if k != "alg"})
    return jwt.encode({"alg": "PS256", "kid": "one"}, claims, bare, algorithms=["PS256"])


def with_another_end(provider: Provider, claims: dict[str, Any]) -> str:
    """Return a token whose signature has one other character."""
    token = provider.signed(claims)
    return token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]


def with_other_claims(provider: Provider, claims: dict[str, Any]) -> str:
    """Return the signature of a token on other claims."""
    header, _, signature = provider.signed(claims).split(".")
    return f"{header}.{encoded(claims | {'sub': 'somebody-else'})}.{signature}"


def with_a_critical_header(provider: Provider, claims: dict[str, Any]) -> str:
    """Return a token with an extension that must be understood."""
    _, payload, signature = provider.signed(claims).split(".")
    header = {"alg": "RS256", "kid": "one", "crit": ["b64"], "b64": False}
    return f"{encoded(header)}.{payload}.{signature}"


@pytest.mark.guards("pinned-algorithm", "signature-of-the-provider")
@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        (unsigned, "algorithm"),
        (by_the_public_key, "algorithm"),
        (by_another_algorithm, "algorithm"),
        (by_a_stranger, "signature"),
        (with_another_end, "signature"),
        (with_other_claims, "signature"),
        (with_a_critical_header, "signature"),
        (lambda *_: "", "signature"),
        (lambda *_: "a.b", "signature"),
        (lambda *_: "é.é.é", "signature"),
        (lambda *_: f"{encoded({'alg': 'RS256', 'kid': ['one']})}.e30.AA", "signature"),
    ],
)
def test_signatures(visitor: Visitor, sign: Any, reason: str) -> None:
    """No signature, the public key as a secret, another key, algorithm or text: refused."""
    visitor.provider.sign = sign
    disbelieved(reason, visitor.arrive)


@pytest.mark.guards(
    "issuer-of-the-token",
    "audience",
    "authorized-party",
    "nonce",
    "expired-token",
    "at-hash",
    "token-of-the-future",
    "a-minute-of-tolerance",
)
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://autre.example"}, "issuer"),
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["another"], "azp": CLIENT_ID}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": [CLIENT_ID, "another"]}, "audience"),
        ({"azp": "another"}, "audience"),
        ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "audience"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": "\ud800"}, "nonce"),
        ({"nonce": None}, "form"),
        ({"exp": NOW - 60}, "expiry"),
        ({"exp": None}, "form"),
        ({"exp": "2099"}, "form"),
        ({"exp": True}, "form"),
        ({"exp": math.nan}, "expiry"),
        ({"iat": NOW + 61}, "time"),
        ({"nbf": NOW + 61}, "time"),
        ({"sub": ""}, "subject"),
        ({"sub": "é"}, "subject"),
        ({"sub": "s" * 256}, "subject"),
        ({"sub": 4821}, "form"),
        ({"sub": None}, "form"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
    ],
    ids=str,
)
def test_claims(visitor: Visitor, claims: dict[str, Any], reason: str) -> None:
    """A token of another issuer, for another client, login, time or person is refused."""
    visitor.provider.claims = claims
    disbelieved(reason, visitor.arrive)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 59},
        {"iat": NOW + 60, "nbf": NOW + 60},
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
        {"at_hash": "oFYf1knNtrqnhAVfBRuteQ"},
        {"auth_time": math.inf},
        {"sub": "s" * 255},
        {"further": {"claims": [1, 2]}},
    ],
    ids=str,
)
def test_claims_that_are_right(visitor: Visitor, claims: dict[str, Any]) -> None:
    """Clocks may differ by a minute, and a token may say more than is asked."""
    visitor.provider.claims = claims
    visitor.provider.subject = claims.get("sub", visitor.provider.subject)
    assert isinstance(visitor.arrive(), Unlinked)


@pytest.mark.guards("assurance")
def test_the_assurance_that_was_asked_for(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that proves less than was asked for is refused."""
    monkeypatch.setenv("SSO_PARAMETERS", "acr_values=eidas2+eidas3")
    for acr in ("eidas1", None):
        visitor.provider.claims = {"acr": acr}
        disbelieved("assurance", visitor.arrive)
    visitor.provider.claims = {"acr": "eidas3"}
    assert isinstance(visitor.arrive(), Unlinked)


@pytest.mark.guards("proved-since")
def test_a_confirmation_that_is_none(visitor: Visitor) -> None:
    """A provider that did not ask the person again confirms nothing."""
    account_id = visitor.world.open_account()
    visitor.link(account_id)
    visitor.log_in()
    for auth_time in (None, NOW - 61, -math.inf, math.nan):
        visitor.provider.claims = {"auth_time": auth_time}
        disbelieved("auth_time", lambda: visitor.arrive(sso.CONFIRM))
    visitor.provider.claims = {"auth_time": NOW - 60}
    assert isinstance(visitor.arrive(sso.CONFIRM), Opened)


# The person


@pytest.mark.guards("userinfo-of-the-subject")
@pytest.mark.parametrize("signed", [False, True])
def test_another_persons_claims(visitor: Visitor, *, signed: bool) -> None:
    """What is said of another subject, issuer or client is refused, signed or not."""
    visitor.provider.signed_userinfo = signed
    for wrong, reason in (
        ({"sub": "somebody-else"}, "userinfo subject"),
        ({"sub": None}, "userinfo subject"),
        ({"iss": "https://autre.example"}, "userinfo issuer"),
        ({"aud": "another"}, "userinfo audience"),
    ):
        visitor.provider.userinfo = wrong
        disbelieved(reason, visitor.arrive)
    visitor.provider.userinfo = {}
    assert isinstance(visitor.arrive(), Unlinked)


def test_a_person_signed_by_a_stranger(visitor: Visitor) -> None:
    """What is said of the person is read only as the provider signed it."""
    forged = by_a_stranger(visitor.provider, {"sub": visitor.provider.subject})
    visitor.provider.answers["/userinfo"] = Reply(200, forged.encode(), "application/jwt")
    disbelieved("signature", visitor.arrive)
    visitor.provider.answers["/userinfo"] = Reply(200, b"\xff", "application/jwt")
    disbelieved("signature", visitor.arrive)


def test_a_provider_that_says_nothing_more(visitor: Visitor) -> None:
    """Without an endpoint about the person, the id token is all there is."""
    visitor.provider.metadata = {"userinfo_endpoint": None}
    visitor.provider.claims = {"given_name": "Camille"}
    assert isinstance(visitor.arrive(), Unlinked)
    assert "/userinfo" not in visitor.provider.asked


# Codes, and who answers


def test_a_code_that_was_used(visitor: Visitor) -> None:
    """A code that the provider gave once, or to another login, is refused."""
    with visitor.provider.reached():
        first = visitor.provider.authorize(visitor.begin())
        assert visitor.come_back(first)
        again = visitor.provider.authorize(visitor.begin())
        disbelieved("code", lambda: visitor.come_back(again | {"code": first["code"]}))
        one, other = (visitor.provider.authorize(visitor.begin()) for _ in range(2))
        disbelieved("code", lambda: visitor.come_back(one | {"code": other["code"]}))


@pytest.mark.guards("issuer-of-the-answer")
@pytest.mark.parametrize("supported", [True, False])
def test_an_answer_of_another_issuer(visitor: Visitor, *, supported: bool) -> None:
    """Two providers are not mixed up: the answer names its own, always when it said it would."""
    visitor.provider.metadata = {"authorization_response_iss_parameter_supported": supported}
    with visitor.provider.reached():
        given = visitor.provider.authorize(visitor.begin()) | {"iss": "https://autre.example"}
        disbelieved("issuer of the answer", lambda: visitor.come_back(given))
        given = visitor.provider.authorize(visitor.begin())
        given.pop("iss", None)
        if supported:
            disbelieved("issuer of the answer", lambda: visitor.come_back(given))
        else:
            assert visitor.come_back(given)
        assert visitor.come_back(visitor.provider.authorize(visitor.begin()) | {"iss": ISSUER})


def test_a_refusal_of_another_issuer(visitor: Visitor) -> None:
    """A refusal names its issuer too."""
    with visitor.provider.reached():
        state = visitor.provider.authorize(visitor.begin())["state"]
        given = {"state": state, "error": "access_denied", "iss": "https://autre.example"}
        disbelieved("issuer of the answer", lambda: visitor.come_back(given))
        state = visitor.provider.authorize(visitor.begin())["state"]
        refused(PROVIDER_CANCELLED, lambda: visitor.come_back(given | {"state": state, "iss": ""}))


@pytest.mark.guards("one-issuer")
def test_a_provider_that_was_replaced(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that began at the former provider sends its code to no other one."""
    with visitor.provider.reached():
        given = visitor.provider.authorize(visitor.begin())
    monkeypatch.setenv("SSO_ISSUER", "https://autre.example")
    visitor.provider = Provider(NOW, issuer="https://autre.example", base="https://autre.example")
    with visitor.provider.reached():
        disbelieved("issuer of the request", lambda: visitor.come_back(given))
    assert visitor.provider.sent == []


# Keys


@pytest.mark.guards("keys-once-a-minute")
def test_keys_that_are_replaced(visitor: Visitor) -> None:
    """A new key is found at once; unknown ones make us look for them once a minute only."""
    provider = visitor.provider
    assert visitor.arrive()
    assert provider.asked.count("/jwks") == 1
    assert visitor.arrive(now=NOW + 61)
    assert provider.asked.count("/jwks") == 1, "they are kept"
    provider.keys = ["two", "one"]
    assert visitor.arrive(now=NOW + 62)
    assert provider.asked.count("/jwks") == 2
    provider.sign = lambda each, claims: each.signed(claims, kid="nobody's")
    for after in (63, 100, 121):
        disbelieved("key", lambda after=after: visitor.arrive(now=NOW + after))
    assert provider.asked.count("/jwks") == 2
    disbelieved("key", lambda: visitor.arrive(now=NOW + 122))
    assert provider.asked.count("/jwks") == 3


def test_a_key_that_was_withdrawn(visitor: Visitor) -> None:
    """A key that the provider no longer publishes is good for ten minutes at most."""
    provider = visitor.provider
    assert visitor.arrive()
    provider.sign = lambda _, claims: jwt.encode(
        {"alg": "RS256", "kid": "one"}, claims, key_pair("one"), algorithms=["RS256"]
    )
    provider.keys = ["two"]
    assert visitor.arrive(now=NOW + 599)
    disbelieved("key", lambda: visitor.arrive(now=NOW + 600))


def test_a_token_without_key_id(visitor: Visitor) -> None:
    """It means the only key; among several, none."""
    provider = visitor.provider
    provider.sign = lambda each, claims: jwt.encode(
        {"alg": "RS256"}, claims, key_pair(each.keys[0]), algorithms=["RS256"]
    )
    assert isinstance(visitor.arrive(), Unlinked)
    provider.keys = ["one", "two"]
    disbelieved("key", lambda: visitor.arrive(now=NOW + 600))


def test_elliptic_curves(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """ES256 is as good as RS256, when it is the one that was agreed on."""
    visitor.provider.algorithm = "ES256"
    visitor.provider.keys = ["curve"]
    disbelieved("algorithm", visitor.arrive)
    monkeypatch.setenv("SSO_ALGORITHM", "ES256")
    assert isinstance(visitor.arrive(), Unlinked)


def test_a_client_that_posts_its_secret(visitor: Visitor) -> None:
    """A provider that wants the secret in the form gets it there."""
    visitor.provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert isinstance(visitor.arrive(), Unlinked)
    assert "client_secret" in visitor.provider.sent[-1]


# A provider that is slow, down, or odd


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"]
)
@pytest.mark.parametrize(
    "answer",
    [
        dead(),
        Reply(500, b"{}"),
        Reply(302, b""),
        Reply(401, b"{}"),
        Reply(429, b"{}"),
        Reply(200, b""),
        Reply(200, b"[]"),
        Reply(200, b"{"),
        Reply(200, b"\xff"),
        Reply(200, b" " * 70_000 + b"{}"),
        Reply(200, b'{"keys": 1, "id_token": 1, "issuer": 1}'),
    ],
    ids=lambda each: str(each)[:20],
)
def test_a_provider_that_fails(visitor: Visitor, path: str, answer: Any) -> None:
    """Whatever it answers, and where, people are told to try again in a moment, or log in else."""
    visitor.provider.answers[path] = answer
    if path == "/userinfo" and isinstance(answer, Reply) and b'"keys"' in answer.content:
        disbelieved("userinfo subject", visitor.arrive)
        return
    problem = refused(UNAVAILABLE, visitor.arrive)
    assert problem.retry_after == 5
    assert "mot de passe" in problem.extensions["detail"]
    visitor.provider.answers.clear()
    assert isinstance(visitor.arrive(), Unlinked), "nothing odd was kept"


@pytest.mark.guards("own-metadata")
@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://autre.example"},
        {"token_endpoint": "http://identite.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_metadata_of_another(visitor: Visitor, metadata: dict[str, Any]) -> None:
    """A provider publishes itself, at addresses that are as safe as its issuer."""
    visitor.provider.metadata = metadata
    refused(UNAVAILABLE, visitor.arrive)


class _Odd(BaseHTTPRequestHandler):
    """Sends a long answer, at once or in drops, or leads elsewhere."""

    stopped = Event()

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/huge")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(40):
                self.wfile.write(b" " if self.path == "/drops" else b" " * 65536)
                if self.path == "/drops":
                    self.stopped.wait(0.2)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.enable_socket
@pytest.mark.guards("slow-provider", "huge-answers")
@pytest.mark.parametrize("path", ["/huge", "/drops", "/elsewhere", "/silent"])
def test_answers_that_do_not_end(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Huge answers, answers in drops, redirects, and none at all are given up."""
    monkeypatch.setattr(oidc_http, "_TIMEOUT", oidc_http.urllib3.Timeout(connect=1, read=0.5))
    _Odd.stopped.clear()
    if path == "/silent":
        with closing(create_server(("127.0.0.1", 0))) as silent:
            port = silent.getsockname()[1]
            with pytest.raises(Problem) as caught:
                oidc_http.read_person(f"http://127.0.0.1:{port}/", "access")
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Odd)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(Problem) as caught:
                oidc_http.read_person(f"http://127.0.0.1:{server.server_port}{path}", "access")
        finally:
            _Odd.stopped.set()
            server.shutdown()
            server.server_close()
    assert caught.value.kind is UNAVAILABLE


def test_an_access_token_that_is_no_header(visitor: Visitor) -> None:
    """A token that would add a header to our request is sent nowhere."""
    for token in ("a\r\nHost: autre.example", "é"):
        disbelieved(
            "access token",
            lambda token=token: oidc_http.read_person("https://identite.example/userinfo", token),
        )
    assert visitor.provider.asked == []
