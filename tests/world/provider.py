"""A provider of OpenID Connect of the tests, which can be made to lie in every way.

It answers below urllib3. People are made up.
"""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import urllib3
from joserfc import jwk, jws
from urllib3.exceptions import MaxRetryError

from tests.world.cloud import CLIENT_ID, ISSUER

SECRET = hashlib.sha512(b"SsoSecret").hexdigest()[:64]
"""The client secret that the tests' Secrets Manager has first."""
SUBJECT = "camille-4821"
CLAIMS = {
    "given_name": "Camille",
    "family_name": "Martin",
    "email": "camille.martin@example.fr",
    "siret": "35600000000048",
}


def key_pair(kid: str, algorithm: str = "RS256") -> jwk.RSAKey | jwk.ECKey:
    """Return a key to sign with; made once for all tests."""
    return _key_pair(kid, algorithm)


@cache
def _key_pair(kid: str, algorithm: str) -> jwk.RSAKey | jwk.ECKey:
    parameters = {"kid": kid, "alg": algorithm, "use": "sig"}
    if algorithm.startswith("ES"):
        return jwk.ECKey.generate_key("P-256", parameters)
    return jwk.RSAKey.generate_key(2048, parameters)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider answers."""

    status: int
    content: bytes
    media_type: str = "application/json"


@dataclass(slots=True)
class Provider:
    """A provider, honest until a test says otherwise."""

    now: int
    issuer: str = ISSUER
    base: str = ISSUER
    """Where it is reached."""
    keys: list[str] = field(default_factory=lambda: ["one"])
    """The keys that it publishes; it signs with the first."""
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    """Claims of the id token that replace the true ones; ``None`` leaves one out."""
    userinfo: dict[str, Any] = field(default_factory=dict[str, Any])
    """The same of what it says of the person."""
    subject: str = SUBJECT
    secret: str = SECRET
    auth_time: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    sign: Callable[["Provider", dict[str, Any]], str] | None = None
    """Signs id tokens in another way."""
    signed_userinfo: bool = False
    answers: dict[str, Reply | Exception] = field(default_factory=dict[str, Reply | Exception])
    """By path: what is answered instead."""
    asked: list[str] = field(default_factory=list[str])
    """The paths that were asked, in order."""
    sent: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """What was sent to the token endpoint."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    _numbers: "count[int]" = field(default_factory=count)

    def authorize(self, location: str) -> dict[str, str]:
        """Let the person confirm who they are; return the parameters of the callback."""
        asked = dict(parse_qsl(urlsplit(location).query))
        code = f"code-{next(self._numbers)}"
        self.codes[code] = asked
        answer = {"state": asked["state"], "code": code}
        if self.metadata.get("authorization_response_iss_parameter_supported"):
            answer["iss"] = self.issuer
        return answer

    def callback(self, location: str) -> str:
        """Return the address at which the browser comes back."""
        asked = dict(parse_qsl(urlsplit(location).query))
        return f"{asked['redirect_uri']}?{urlencode(self.authorize(location))}"

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> Reply:
        """Answer a request."""
        path = urlsplit(url).path
        self.asked.append(path)
        other = self.answers.get(path)
        if isinstance(other, Exception):
            raise other
        if other:
            return other
        match method, path:
            case "GET", "/.well-known/openid-configuration":
                return self._json(self._published())
            case "GET", "/jwks":
                return self._json({"keys": [self._public(each) for each in self.keys]})
            case "POST", "/token":
                return self._exchange(headers, body or "")
            case "GET", "/userinfo":
                return self._person(headers)
            case _:
                return Reply(404, b"{}")

    def signed(self, claims: dict[str, Any], kid: str | None = None) -> str:
        """Return claims signed by the first key, under its id or another."""
        key = key_pair(self.keys[0], self.algorithm)
        header = {"alg": self.algorithm, "kid": kid or self.keys[0]}
        content = json.dumps(claims)  # of any form, as no library would sign it
        return jws.serialize_compact(header, content, key, algorithms=[self.algorithm])

    @contextmanager
    def reached(self) -> Generator["Provider"]:
        """Answer what is sent by urllib3 to any address, for a block."""

        def request(_: object, method: str, url: str, **given: Any) -> urllib3.HTTPResponse:
            assert given["redirect"] is False
            assert given["timeout"].connect_timeout == 1
            reply = self.answer(method, url, given["headers"], given["body"])
            return urllib3.HTTPResponse(
                io.BytesIO(reply.content),
                headers={"Content-Type": reply.media_type},
                status=reply.status,
                preload_content=False,
            )

        with patch("urllib3.PoolManager.request", request):
            yield self

    def _published(self) -> dict[str, Any]:
        published = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/jwks",
            "userinfo_endpoint": f"{self.base}/userinfo",
        }
        return without_none(published | self.metadata)

    def _public(self, kid: str) -> dict[str, Any]:
        return dict(key_pair(kid, self.algorithm).as_dict(private=False))

    def _exchange(self, headers: Mapping[str, str], body: str) -> Reply:
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.sent.append(form)
        asked = self.codes.pop(form.get("code", ""), None)
        pair = base64.b64encode(f"{CLIENT_ID}:{self.secret}".encode()).decode()
        known = headers.get("Authorization") == f"Basic {pair}"
        if not known and form.get("client_secret") != self.secret:
            return self._json({"error": "invalid_client"}, 401)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return self._json({"error": "invalid_grant"}, 400)
        claims = without_none(
            {
                "iss": self.issuer,
                "sub": self.subject,
                "aud": CLIENT_ID,
                "exp": self.now + 300,
                "iat": self.now,
                "nonce": asked["nonce"],
                "auth_time": self.auth_time,
                **self.claims,
            }
        )
        token = self.sign(self, claims) if self.sign else self.signed(claims)
        return self._json({"id_token": token, "access_token": "access", "token_type": "Bearer"})

    def _person(self, headers: Mapping[str, str]) -> Reply:
        assert headers["Authorization"] == "Bearer access"
        said = without_none({"sub": self.subject, **CLAIMS, **self.userinfo})
        if self.signed_userinfo:
            said = {"iss": self.issuer, "aud": CLIENT_ID} | said
            return Reply(200, self.signed(said).encode(), "application/jwt")
        return self._json(said)

    def _json(self, content: object, status: int = 200) -> Reply:
        return Reply(status, json.dumps(content).encode())


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """Return what is not ``None``."""
    return {name: value for name, value in values.items() if value is not None}


def dead() -> Exception:
    """Return what urllib3 raises when nobody answers."""
    return MaxRetryError(urllib3.HTTPSConnectionPool("identite.example"), "/", None)


def encoded(part: dict[str, Any]) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unsigned(_: Provider, claims: dict[str, Any]) -> str:
    """Return a token that nobody signed."""
    return f"{encoded({'alg': 'none', 'kid': 'one'})}.{encoded(claims)}."


def by_the_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """Return a token signed by HS256 with the public key as secret, as everybody can."""
    public = key_pair(provider.keys[0]).as_pem(private=False)
    signed = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded(claims)}"
    mac = hmac.digest(public, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
