"""OpenID Connect: the provider that a deployment trusts, and what a login asks of it.

Authorization code flow with PKCE (RFC 7636), ``state`` and ``nonce``. Pure: HTTP is in
``oidc_http``, the checks of what the provider signs in ``oidc_tokens``.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from portal.core.confidential import Confidential

CALLBACK = "/api/sso/callback"
FILLED = ("last_name", "first_name", "email", "mobile_phone", "siret")
"""The fields of the sign-up that a claim may fill in."""
_LONGEST_CLAIM = 320


class RefusedAnswerError(Exception):
    """The provider's answer must not be believed; ``reason`` is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Provider(Confidential, frozen=True, kw_only=True):
    """Who confirms people's identities, as the deployment's parameters describe it."""

    issuer: str
    client_id: str
    label: str
    """Its name, as people know it."""
    algorithm: str
    """The one signature algorithm that is accepted."""
    scope: str
    parameters: Mapping[str, str]
    """What is asked beside the protocol's own parameters, such as ``acr_values``."""
    claims: Mapping[str, str]
    """By field of the sign-up: the claim that fills it in."""
    redirect_uri: str


class Asked(Confidential, frozen=True, kw_only=True):
    """What a login asked of a provider, and that its answer must agree with."""

    issuer: str
    nonce: str
    verifier: str
    at: int
    anew: bool
    """Whether the person had to prove who they are since then."""


class Person(Confidential, frozen=True, kw_only=True):
    """Whom a provider confirms: its subject, when they proved it there, what fills a sign-up in."""

    issuer: str
    subject: str
    proved_at: int | None
    claims: Mapping[str, str]


def read_provider(environment: Mapping[str, str], public_url: str) -> Provider | None:
    """Return the provider of a deployment, ``None`` when it has none.

    Raises ``KeyError`` naming a variable that is missing, ``ValueError`` for a field of the sign-up
    that does not exist.
    """
    issuer = environment.get("SSO_ISSUER", "")
    if not issuer:
        return None
    claims = _pairs(environment["SSO_CLAIMS"])
    if not claims.keys() <= set(FILLED):
        raise ValueError(f"SSO_CLAIMS fills in {', '.join(FILLED)} only")
    return Provider(
        issuer=issuer,
        client_id=environment["SSO_CLIENT_ID"],
        label=environment["SSO_LABEL"],
        algorithm=environment["SSO_ALGORITHM"],
        scope=environment["SSO_SCOPE"],
        parameters=_pairs(environment["SSO_PARAMETERS"]),
        claims=claims,
        redirect_uri=public_url + CALLBACK,
    )


def _pairs(text: str) -> Mapping[str, str]:
    """Return the pairs of a text such as ``acr_values=eidas1+eidas2``: « + » is a space."""
    pairs = (each.split("=", 1) for each in text.split())
    return {name: value.replace("+", " ") for name, value in pairs}


def address(provider: Provider, endpoint: str, state: str, asked: Asked) -> str:
    """Return the address at which the provider asks the person who they are."""
    parts = urlsplit(endpoint)
    parameters = {
        **dict(parse_qsl(parts.query)),
        **provider.parameters,
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": provider.scope,
        "state": state,
        "nonce": asked.nonce,
        # guard: pkce: challenge(asked.verifier) => asked.verifier
        "code_challenge": challenge(asked.verifier),
        "code_challenge_method": "S256",
        # guard: proves-anew: if asked.anew else => if asked.anew and not asked else
        **({"prompt": "login", "max_age": "0"} if asked.anew else {}),
    }
    return urlunsplit(parts._replace(query=urlencode(parameters), fragment=""))


def challenge(verifier: str) -> str:
    """Return the PKCE challenge of a verifier (S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def filled_in(provider: Provider, claims: Mapping[str, object]) -> Mapping[str, str]:
    """Return what the claims fill in of a sign-up: texts of a sensible length, without controls."""
    found = {field: claims.get(claim) for field, claim in provider.claims.items()}
    return {
        field: text
        for field, text in found.items()
        if isinstance(text, str) and 0 < len(text) <= _LONGEST_CLAIM and text.isprintable()
    }
