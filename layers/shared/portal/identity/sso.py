"""Login with a provider of OpenID Connect: begun here, confirmed there, finished here.

What was asked is kept in a row, under the ``state`` that comes back: a signed token, used once, for
ten minutes, in the browser that began. The browser is known by a cookie, whose hash is in the row.
"""

import hashlib
import hmac
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from portal.core.confidential import Confidential
from portal.core.identifiers import identity_mac
from portal.core.links import Link, Token, new_id, seal, unseal
from portal.core.problems import Problem
from portal.core.session import Proof, account_of
from portal.core.writes import delete, put, update
from portal.identity import oidc_http, oidc_tokens, tickets
from portal.identity.identities import LinkedIdentity
from portal.identity.linked_identities import find_holder
from portal.identity.oidc import Asked, Person, Provider, RefusedAnswerError, address, filled_in
from portal.identity.opening import Browser, Holder, Opened, open_session
from portal.identity.problems import (
    IDENTITY_ELSEWHERE,
    PROVIDER_CANCELLED,
    PROVIDER_EXPIRED,
)
from portal.identity.purposes import SSO_STATE
from portal.identity.records import Credentials
from portal.identity.unlinked_identities import Unlinked, keep
from portal.identity.ways import SSO

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys, TokenKeys
    from portal.core.table import Table
    from portal.identity.oidc_http import Directory
    from portal.identity.tickets import Due

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

LOG_IN = "login"
LINK = "link"
CONFIRM = "confirm"


class Wish(Confidential, frozen=True):
    """What a person wants of the provider, and the page of this site that they return to."""

    intent: str
    to: str


class Begun(Confidential, frozen=True):
    """Where the browser goes, and the cookie that it will be known by."""

    location: str
    cookie: str


class Callback(Confidential, frozen=True, kw_only=True):
    """What a provider made the browser bring back; texts are empty when they are absent."""

    state: str
    code: str
    issuer: str
    error: str


class Finished(Confidential, frozen=True):
    """What came of a login: a session, a ticket for the second step, or an identity of nobody."""

    wish: Wish
    result: "Opened | Due | Unlinked"


class Trusted(Confidential, frozen=True):
    """The provider, what it publishes, and how its client secret is read."""

    provider: Provider
    directory: "Directory"
    secret: Callable[[], str]


def begin(
    table: "Table", tokens: "TokenKeys", trusted: Trusted, wish: Wish, cookie: str, now: int
) -> Begun:
    """Begin a login: keep what is asked, and return the address of the provider.

    A browser keeps its cookie, so that two tabs do not disturb each other. Raises
    ``Problem(UNAVAILABLE)`` when the provider does not answer.
    """
    provider = trusted.provider
    metadata = trusted.directory.metadata(now)
    cookie = cookie if is_cookie(cookie) else new_id()
    token = Token(SSO_STATE, new_id(), now)
    asked = Asked(
        issuer=provider.issuer,
        nonce=new_id(),
        verifier=new_id(),
        at=now,
        anew=wish.intent == CONFIRM,
    )
    row = Link.of(
        token,
        browser=fingerprint(cookie),
        issuer=asked.issuer,
        nonce=asked.nonce,
        verifier=asked.verifier,
        intent=wish.intent,
        to=wish.to,
    )
    table.write(put(row))
    location = address(provider, metadata.authorization_endpoint, seal(tokens, token), asked)
    return Begun(location, cookie)


def finish(
    table: "Table",
    lookup: "LookupKeys",
    tokens: "TokenKeys",
    trusted: Trusted,
    callback: Callback,
    browser: Browser,
    cookie: str,
    now: int,
) -> Finished:
    """Finish a login with what the provider answered.

    Raises ``Problem``: ``PROVIDER_EXPIRED`` for a state that is late, used or of another browser,
    ``PROVIDER_CANCELLED``, ``UNAVAILABLE``, ``IDENTITY_ELSEWHERE`` when a confirmation is of
    another account; ``RefusedAnswerError`` for an answer that must not be believed.
    """
    asked, wish = _take(table, tokens, callback, cookie, now)
    person = _confirm(trusted, callback, asked, now)
    mac = identity_mac(lookup, person.issuer, person.subject)
    holder, linked = find_holder(table, mac)
    if wish.intent == LINK or (wish.intent == LOG_IN and holder is None):
        unlinked = keep(table, tokens, mac, person, fingerprint(cookie), now)
        return Finished(wish, unlinked)
    if holder is None or linked is None:
        raise Problem(IDENTITY_ELSEWHERE)
    asking = account_of(browser.session_cookie) or holder.account.id
    # guard: confirms-its-own-account: wish.intent == CONFIRM => False
    if wish.intent == CONFIRM and asking != holder.account.id:
        raise Problem(IDENTITY_ELSEWHERE)
    proof = Proof(holder.account.id, (SSO,), now, person.proved_at or 0)
    return Finished(wish, _open(table, lookup, tokens, proof, holder, linked, browser))


def is_cookie(text: str) -> bool:
    """Return whether a text may be the cookie of a browser: 256 random bits, 43 characters."""
    return _COOKIE.fullmatch(text) is not None


def fingerprint(cookie: str) -> str:
    """Return what is stored of the cookie of a browser."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def _take(
    table: "Table", tokens: "TokenKeys", callback: Callback, cookie: str, now: int
) -> tuple[Asked, Wish]:
    """Use a state up; return what was asked under it."""
    expired = Problem(PROVIDER_EXPIRED)
    try:
        token = unseal(tokens, callback.state, SSO_STATE)
    except Problem:
        raise expired from None
    row = table.get(Link, Link.of(token).key())
    # guard: state-ends: row.expires_at <= now => False
    if row is None or row.expires_at <= now:
        raise expired
    about = row.about
    # guard: state-of-its-browser: hmac.compare_digest(about["browser"], fingerprint(cookie)) => True
    if not hmac.compare_digest(about["browser"], fingerprint(cookie)):
        raise expired
    # guard: state-used-once: if_={"id": row.id}, =>
    table.write(delete(row.key(), if_={"id": row.id}, else_=expired))
    wish = Wish(about["intent"], about["to"])
    asked = Asked(
        issuer=about["issuer"],
        nonce=about["nonce"],
        verifier=about["verifier"],
        at=row.issued_at,
        anew=wish.intent == CONFIRM,
    )
    return asked, wish


def _confirm(trusted: Trusted, callback: Callback, asked: Asked, now: int) -> Person:
    """Return whom the provider confirms, once everything that it says agrees."""
    provider, directory = trusted.provider, trusted.directory
    metadata = directory.metadata(now)
    # guard: one-issuer: asked.issuer != provider.issuer => False
    if asked.issuer != provider.issuer:
        raise RefusedAnswerError("issuer of the request")
    answering = {asked.issuer}
    if not metadata.authorization_response_iss_parameter_supported:
        answering.add("")
    # guard: issuer-of-the-answer: callback.issuer not in answering => False
    if callback.issuer not in answering:  # RFC 9207
        raise RefusedAnswerError("issuer of the answer")
    if callback.error or not callback.code:
        raise Problem(PROVIDER_CANCELLED)
    received = oidc_http.exchange(
        provider, metadata, trusted.secret(), callback.code, asked.verifier
    )

    def key_of(kid: str | None) -> oidc_tokens.Key | None:
        return directory.key(kid, now)

    claims = oidc_tokens.verified(provider, received.id_token, key_of)
    token = oidc_tokens.check_id_token(provider, claims, asked, received.access_token, now)
    if metadata.userinfo_endpoint:
        reply = oidc_http.read_person(metadata.userinfo_endpoint, received.access_token)
        said = (
            oidc_tokens.verified(provider, reply.body.decode("ascii", "replace"), key_of)
            if reply.media_type == "application/jwt"
            else oidc_http.decoded_claims(reply)
        )
        oidc_tokens.check_userinfo(provider, said, token)
        claims = {**claims, **said}
    proved = token.auth_time is not None and math.isfinite(token.auth_time)
    return Person(
        issuer=provider.issuer,
        subject=token.sub,
        proved_at=min(now, int(token.auth_time or 0)) if proved else None,
        claims=filled_in(provider, claims),
    )


def _open(
    table: "Table",
    lookup: "LookupKeys",
    tokens: "TokenKeys",
    proof: Proof,
    holder: Holder,
    linked: LinkedIdentity,
    browser: Browser,
) -> "Opened | Due":
    """Open the session of a proof, or give the ticket of its second step."""
    read = holder.credentials
    # guard: identity-removed-meanwhile: if_={"ended": linked.ended, "linked_at": linked.linked_at}, =>
    used = update(
        linked.key(),
        {"last_used_at": proof.at},
        if_={"ended": linked.ended, "linked_at": linked.linked_at},
        else_=Problem(PROVIDER_EXPIRED),
    )
    # guard: second-factor-after-a-provider: read.asks_second_factor(proof.at) => False
    if read.asks_second_factor(proof.at):
        return tickets.issue(table, tokens, proof, read.trust, [used])

    def still_proved(now: Credentials) -> bool:
        unchanged = now.identities_ended == read.identities_ended
        return unchanged and now.second_factor_until == read.second_factor_until

    return open_session(
        table, lookup, proof, holder, browser, still_proved=still_proved, alongside=[used]
    )
