"""What a provider signs: the id token and, with some, the answer about the person.

The only module that loads ``joserfc``. Each check raises ``RefusedAnswerError`` with the name of
what was wrong, for the log; the person reads one sentence for all.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portal.identity.oidc import Asked, Provider, RefusedAnswerError

# guard: a-minute-of-tolerance: 60 => 3600
TOLERANCE = 60
"""Seconds by which the clocks of the provider and this service may differ."""
_LONGEST_SUBJECT = 255  # OpenID Connect Core, 2
_KINDS: Mapping[str, type[RSAKey | ECKey | OKPKey]] = {
    "RS": RSAKey,
    "PS": RSAKey,
    "ES": ECKey,
    "Ed": OKPKey,
}
"""The kind of key of an algorithm, by its first letters: none is symmetric."""

type Key = Mapping[str, Any]
type KeyOf = Callable[[str | None], Key | None]
"""Returns the provider's key with an id, ``None`` when it has none."""


class IdToken(msgspec.Struct, frozen=True):
    """The claims that are checked."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None
    nbf: float | None = None
    acr: str | None = None
    at_hash: str | None = None
    auth_time: float | None = None


def verified(provider: Provider, text: str, key_of: KeyOf) -> Mapping[str, Any]:
    """Return the claims of a token that the provider signed with its algorithm and its key."""
    try:
        header = jws.extract_compact(text.encode()).headers()
        # guard: pinned-algorithm: header.get("alg") != provider.algorithm => False
        if header.get("alg") != provider.algorithm:
            raise RefusedAnswerError("algorithm")
        kid = header.get("kid")
        found = key_of(kid if isinstance(kid, str) else None)
        if found is None:
            raise RefusedAnswerError("key")
        key = _KINDS[provider.algorithm[:2]].import_key(dict(found))
        # guard: signature-of-the-provider: jwt.decode(text, key, algorithms=[provider.algorithm]).claims => msgspec.json.decode(jws.extract_compact(text.encode()).payload)
        return jwt.decode(text, key, algorithms=[provider.algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError):
        raise RefusedAnswerError("signature") from None


def check_id_token(
    provider: Provider,
    claims: Mapping[str, Any],
    asked: Asked,
    access_token: str,
    now: int,
) -> IdToken:
    """Return the claims of an id token if they answer what was asked (Core, 3.1.3.7)."""
    try:
        token = msgspec.convert(claims, IdToken)
    except msgspec.ValidationError:
        raise RefusedAnswerError("form") from None
    checks = {
        # guard: issuer-of-the-token: token.iss == provider.issuer => True
        "issuer": token.iss == provider.issuer,
        # guard: audience: _is_for(token, provider.client_id) => True
        "audience": _is_for(token, provider.client_id),
        # guard: nonce: _same(token.nonce, asked.nonce) => True
        "nonce": _same(token.nonce, asked.nonce),
        # guard: expired-token: now < token.exp + TOLERANCE => True
        "expiry": now < token.exp + TOLERANCE,
        # guard: token-of-the-future: max(token.iat, token.nbf or 0) <= now + TOLERANCE => True
        "time": max(token.iat, token.nbf or 0) <= now + TOLERANCE,
        "subject": 0 < len(token.sub) <= _LONGEST_SUBJECT and token.sub.isascii(),
        # guard: assurance: _is_assured(token, provider) => True
        "assurance": _is_assured(token, provider),
        # guard: at-hash: _is_hash_of(token.at_hash, access_token, provider.algorithm) => True
        "at_hash": _is_hash_of(token.at_hash, access_token, provider.algorithm),
        # guard: proved-since: not asked.anew or _proved_since(token, asked.at) => True
        "auth_time": not asked.anew or _proved_since(token, asked.at),
    }
    wrong = next((name for name, right in checks.items() if not right), None)
    if wrong:
        raise RefusedAnswerError(wrong)
    return token


def check_userinfo(provider: Provider, claims: Mapping[str, Any], token: IdToken) -> None:
    """Refuse an answer about the person that is of another subject, issuer or client.

    Only a signed one names issuer and audience (OpenID Connect Core, 5.3.2).
    """
    # guard: userinfo-of-the-subject: claims.get("sub") != token.sub => False
    if claims.get("sub") != token.sub:
        raise RefusedAnswerError("userinfo subject")
    if claims.get("iss", provider.issuer) != provider.issuer:
        raise RefusedAnswerError("userinfo issuer")
    audience = claims.get("aud", provider.client_id)
    if audience not in (provider.client_id, [provider.client_id]):
        raise RefusedAnswerError("userinfo audience")


def _is_for(token: IdToken, client_id: str) -> bool:
    """Return whether a token was made for this client, and for it alone unless it is named so."""
    audience = [token.aud] if isinstance(token.aud, str) else token.aud
    if client_id not in audience:
        return False
    # guard: authorized-party: token.azp is None and len(audience) == 1 => True
    return token.azp == client_id or (token.azp is None and len(audience) == 1)


def _is_assured(token: IdToken, provider: Provider) -> bool:
    """Return whether the person proved who they are as strongly as was asked."""
    wanted = provider.parameters.get("acr_values")
    return wanted is None or token.acr in wanted.split()


def _is_hash_of(at_hash: str | None, access_token: str, algorithm: str) -> bool:
    """Return whether a hash is the access token's; it may be left out in this flow."""
    if at_hash is None:
        return True
    size = {"256": "sha256", "384": "sha384"}.get(algorithm[2:], "sha512")
    digest = hashlib.new(size, access_token.encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    return _same(half, at_hash)


def _same(one: str, other: str) -> bool:
    """Return whether two texts are the same, in constant time; JSON may contain half characters."""
    return hmac.compare_digest(*(each.encode("utf-8", "surrogatepass") for each in (one, other)))


def _proved_since(token: IdToken, at: int) -> bool:
    """Return whether the person proved who they are since a time, as far as clocks agree."""
    return token.auth_time is not None and token.auth_time >= at - TOLERANCE
