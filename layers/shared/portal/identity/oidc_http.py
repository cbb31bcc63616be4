"""The calls to a provider of OpenID Connect: what it publishes, the exchange of a code, the person.

Few seconds, few bytes, no redirect: a provider that is slow, down or odd is answered as
``UNAVAILABLE``, so that nobody waits for the gateway to give up.
"""

import base64
import functools
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from portal.core.confidential import Confidential
from portal.core.problems import UNAVAILABLE, Problem
from portal.identity.oidc import Provider, RefusedAnswerError

_TIMEOUT = urllib3.Timeout(connect=1, read=2)
# guard: slow-provider: 3 => 300
_LONGEST = 3
"""Seconds that an answer may take in all, in whatever pieces it comes."""
# guard: huge-answers: 64 * 1024 => 1 << 40
_LARGEST = 64 * 1024
"""Bytes of an answer that are read."""
_PIECE = 16 * 1024
KEPT = 600
"""Seconds for which what a provider publishes is not read again."""
# guard: keys-once-a-minute: 60 => 0
_REREAD_AFTER = 60
"""Least seconds between two readings of its keys, when a token names one that is not known."""
_RETRY_AFTER = 5
_REFUSES_THE_CODE = {400, 403, 404, 413, 414, 422}
"""Statuses that are about the code, which comes from a browser; 401 is about this service."""


class Metadata(msgspec.Struct, frozen=True):
    """What a provider publishes of itself (OpenID Connect Discovery, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: Sequence[str] = ("client_secret_basic",)

    @property
    def addresses(self) -> Sequence[str]:
        """Every address that is called or that people are sent to."""
        own = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri)
        return (*own, self.userinfo_endpoint) if self.userinfo_endpoint else own


class KeySet(msgspec.Struct, frozen=True):
    """The keys that a provider signs with (RFC 7517)."""

    keys: Sequence[dict[str, Any]]


class Tokens(Confidential, frozen=True):
    """What a code is exchanged for."""

    id_token: str
    access_token: str


class Reply(Confidential, frozen=True):
    """An answer of a provider: its status, media type and body."""

    status: int
    media_type: str
    body: bytes


class Directory:
    """The endpoints and keys of a provider, read when they are needed and kept ten minutes."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._metadata: Metadata | None = None
        self._metadata_at = 0
        self._keys: Sequence[dict[str, Any]] = ()
        self._keys_at = -KEPT

    def metadata(self, now: int) -> Metadata:
        """Return what the provider publishes of itself; raises ``Problem(UNAVAILABLE)``."""
        if self._metadata is None or now - self._metadata_at >= KEPT:
            path = "/.well-known/openid-configuration"
            found = _decoded(_get(self._issuer.rstrip("/") + path), Metadata)
            scheme = urlsplit(self._issuer).scheme
            # guard: own-metadata: found.issuer != self._issuer => False
            if found.issuer != self._issuer or any(
                urlsplit(each).scheme != scheme for each in found.addresses
            ):
                raise _unavailable()
            self._metadata, self._metadata_at = found, now
        return self._metadata

    def key(self, kid: str | None, now: int) -> Mapping[str, Any] | None:
        """Return a key of the provider; one that is not known is looked for again, once a minute.

        A token without key id means the only key. Raises ``Problem(UNAVAILABLE)``.
        """
        age = now - self._keys_at
        if age >= KEPT or (self._find(kid) is None and age >= _REREAD_AFTER):
            self._keys = _decoded(_get(self.metadata(now).jwks_uri), KeySet).keys
            self._keys_at = now
        return self._find(kid)

    def _find(self, kid: str | None) -> Mapping[str, Any] | None:
        signing = [each for each in self._keys if each.get("use", "sig") == "sig"]
        if kid is None:
            return signing[0] if len(signing) == 1 else None
        return next((each for each in signing if each.get("kid") == kid), None)


def exchange(
    provider: Provider, metadata: Metadata, client_secret: str, code: str, verifier: str
) -> Tokens:
    """Exchange a code for tokens.

    Raises ``RefusedAnswerError`` when the provider refuses the code, ``Problem(UNAVAILABLE)``.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.redirect_uri,
        "client_id": provider.client_id,
        # guard: verifier-is-sent
        "code_verifier": verifier,
    }
    headers: dict[str, str] = {}
    if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
        pair = f"{quote(provider.client_id, safe='')}:{quote(client_secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form["client_secret"] = client_secret
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    reply = _ask("POST", metadata.token_endpoint, headers, urlencode(form))
    if reply.status in _REFUSES_THE_CODE:
        raise RefusedAnswerError("code")
    return _decoded(reply, Tokens)


def read_person(endpoint: str, access_token: str) -> Reply:
    """Return what the provider says of the person: JSON, or a signed token."""
    if not (access_token.isascii() and access_token.isprintable()):
        raise RefusedAnswerError("access token")
    reply = _get(endpoint, {"Authorization": f"Bearer {access_token}"})
    if reply.status != HTTPStatus.OK:
        raise _unavailable()
    return reply


def decoded_claims(reply: Reply) -> dict[str, Any]:
    """Return the claims of an answer in JSON; raises ``Problem(UNAVAILABLE)``."""
    return _decoded(reply, dict[str, Any])


def _get(url: str, headers: Mapping[str, str] | None = None) -> Reply:
    return _ask("GET", url, headers or {})


def _ask(method: str, url: str, headers: Mapping[str, str], body: str | None = None) -> Reply:
    """Send a request; raises ``Problem(UNAVAILABLE)`` for no answer, a late or a huge one."""
    ends = time.monotonic() + _LONGEST
    content = b""
    try:
        answer = _pool().request(
            method,
            url,
            headers={"Accept": "application/json", **headers},
            body=body,
            timeout=_TIMEOUT,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            while piece := answer.read1(_PIECE, decode_content=False):
                content += piece
                if len(content) > _LARGEST or time.monotonic() > ends:
                    raise _unavailable()
        finally:
            answer.close()
    except (HTTPError, OSError):
        raise _unavailable() from None
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Reply(answer.status, media_type, content)


def _decoded[Form](reply: Reply, form: type[Form]) -> Form:
    """Return the body of a good answer, read as JSON of a form."""
    if reply.status != HTTPStatus.OK:
        raise _unavailable()
    try:
        return msgspec.json.decode(reply.body, type=form)
    except msgspec.MsgspecError:
        raise _unavailable() from None


def _unavailable() -> Problem:
    return Problem(
        UNAVAILABLE,
        retry_after=_RETRY_AFTER,
        detail="Le service qui confirme votre identité ne répond pas. Réessayez dans quelques "
        "instants, ou connectez-vous avec votre mot de passe.",
    )


@functools.cache
def _pool() -> urllib3.PoolManager:
    """Return the connections to the provider, opened at first use."""
    return urllib3.PoolManager(num_pools=4, maxsize=2)


@functools.cache
def directory(issuer: str) -> Directory:
    """Return what is known of a provider, shared by the requests of this function."""
    return Directory(issuer)
