"""Login with a provider of OpenID Connect, and the identities that open the person's account.

The first two routes are visited by browsers: a failure sends them to the login page, which says it.
"""

import os
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.shared.cookies import Cookie
from pydantic import Field

from portal.core import keys
from portal.core.clock import rfc3339_seconds
from portal.core.problems import (
    INVALID_REQUEST,
    NOT_FOUND,
    REAUTHENTICATION_REQUIRED,
    THROTTLED,
    UNAUTHENTICATED,
    Problem,
)
from portal.core.session import Opened
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import documented, json_answer, logger
from portal.http.api import Api
from portal.http.cookies import SSO_COOKIE, sso_cookie
from portal.http.fields import StrictModel
from portal.http.logins import cookies_of
from portal.identity import linked_identities, oidc_http, sso, unlinked_identities
from portal.identity.oidc import Provider, RefusedAnswerError, read_provider
from portal.identity.opening import Browser
from portal.identity.problems import (
    IDENTITY_ELSEWHERE,
    IDENTITY_UNKNOWN,
    PROVIDER_CANCELLED,
    PROVIDER_EXPIRED,
    PROVIDER_REFUSED,
)
from portal.identity.tickets import Due

_VISITED = ("/api/sso/start", "/api/sso/callback")
_LOGIN_PAGE = "/mon-compte"
_NEWCOMER_PAGE = "/premiere-connexion"


class Visits(Api):
    """The resolver of a function that browsers visit: a failure leads them to a page."""

    @property
    def sso_cookie(self) -> str:
        """Value of the cookie by which a browser that is at the provider is known, or nothing."""
        return self._cookie(SSO_COOKIE)

    def _refuse(self, error: Exception) -> Response[str]:
        """Return the answer for an exception; browsers are sent to the login page instead."""
        answer = super()._refuse(error)
        accepted = ",".join(self._headers.get("accept", []))
        visited = self.current_event.raw_event.get("resource") in _VISITED
        if visited and "text/html" in accepted:
            return Response(
                HTTPStatus.SEE_OTHER, headers={"Location": f"{_LOGIN_PAGE}#{self._outcome}"}
            )
        return answer


app = Visits()
handler = app.resolve

_Ticket = Annotated[
    str,
    Field(max_length=128, description="The ticket, 96 characters.", examples=["A" * 96]),
]
_Text = Annotated[str, Query(max_length=2048)]


class Ticket(StrictModel):
    """The ticket of an identity that a provider confirmed and no account has."""

    ticket: _Ticket


class Claims(StrictModel):
    """What the provider says of the person, for the sign-up; null when it does not say it."""

    provider: str
    last_name: str | None
    first_name: str | None
    email: str | None
    mobile_phone: str | None
    siret: str | None


class Identity(StrictModel):
    """An identity that opens the account: its provider, since when, last use (RFC 3339, UTC)."""

    id: str
    provider: str
    linked_at: str | None
    last_used_at: str | None


class Identities(StrictModel):
    """The identities that open the account, and the provider that another may come from."""

    identities: list[Identity]
    provider: str | None


def _provider() -> Provider | None:
    """Return the provider of this deployment, ``None`` when it has none."""
    return read_provider(os.environ, settings().public_url)


def _required() -> Provider:
    """Return the provider; raises ``Problem(NOT_FOUND)`` in a deployment without any."""
    provider = _provider()
    # guard: off-without-provider: provider is None => False
    if provider is None:
        raise Problem(NOT_FOUND)
    return provider


def _trusted() -> sso.Trusted:
    provider = _required()
    return sso.Trusted(
        provider,
        oidc_http.directory(provider.issuer),
        lambda: keys.client_secret(os.environ["SSO_SECRET"]),
    )


def _go(location: str, *cookies: Cookie) -> Response[None]:
    """Send the browser to another address."""
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": location}, cookies=list(cookies))


@app.get(
    "/api/sso/start",
    responses=documented(HTTPStatus.SEE_OTHER, NOT_FOUND, INVALID_REQUEST, THROTTLED),
)
def start_sso(
    # guard: own-pages-only: ^/gerer(?:/[a-z0-9-]+)*$ => ^.*$
    to: Annotated[str, Query(max_length=200, pattern=r"^/gerer(?:/[a-z0-9-]+)*$")] = "/gerer",
    intent: Literal["login", "link", "confirm"] = sso.LOG_IN,
) -> Response[None]:
    """Send the browser to the provider, to log in, to link an identity or to confirm who one is."""
    trusted = _trusted()
    app.limit("sso-start")
    wish = sso.Wish(intent, to)
    begun = sso.begin(table(), keys.token_keys(), trusted, wish, app.sso_cookie, app.now)
    return _go(begun.location, sso_cookie(begun.cookie))


@app.get(
    "/api/sso/callback",
    responses=documented(
        HTTPStatus.SEE_OTHER,
        PROVIDER_CANCELLED,
        PROVIDER_REFUSED,
        NOT_FOUND,
        IDENTITY_ELSEWHERE,
        PROVIDER_EXPIRED,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def finish_sso(
    state: Annotated[str, Query(max_length=128)] = "",
    code: _Text = "",
    iss: _Text = "",
    error: _Text = "",
) -> Response[None]:
    """Open a session for whom the provider confirms; ask for what is missing otherwise."""
    trusted = _trusted()
    app.limit("sso-callback")
    try:
        finished = sso.finish(
            table(),
            keys.lookup_keys(),
            keys.token_keys(),
            trusted,
            sso.Callback(state=state, code=code, issuer=iss, error=error),
            Browser(app.session_cookie, app.device_cookie, app.user_agent),
            app.sso_cookie,
            app.now,
        )
    except RefusedAnswerError as refused:
        logger.warning("provider not believed", reason=refused.reason)
        raise Problem(PROVIDER_REFUSED) from None
    match finished.result:
        case Opened() as opened:
            app.note_account(opened.account_id)
            return _go(finished.wish.to, *cookies_of(opened), sso_cookie(""))
        case Due() as due:
            app.note_account(due.account_id)
            return _go(f"{_LOGIN_PAGE}#{due.ticket}", sso_cookie(""))
        case unlinked:
            page = finished.wish.to if finished.wish.intent == sso.LINK else _NEWCOMER_PAGE
            return _go(f"{page}#{unlinked.ticket}", sso_cookie(app.sso_cookie))


@app.post(
    "/api/sso/identity",
    responses=documented(HTTPStatus.OK, NOT_FOUND, PROVIDER_EXPIRED, INVALID_REQUEST, THROTTLED),
)
def read_claims(form: Ticket) -> Response[Claims]:
    """Read, once, what the provider says of who just came from it, for the sign-up."""
    provider = _required()
    app.limit("sso-identity")
    browser = sso.fingerprint(app.sso_cookie)
    found = unlinked_identities.read_claims(
        table(), keys.token_keys(), form.ticket, browser, app.now
    )
    told = {name: found.get(name) for name in Claims.model_fields if name != "provider"}
    return json_answer(HTTPStatus.OK, Claims(provider=provider.label, **told))


@app.get("/api/me/identities", responses=documented(HTTPStatus.OK, UNAUTHENTICATED))
def list_identities() -> Response[Identities]:
    """Read the identities that open the account, and the provider of this portal (null: none)."""
    found = linked_identities.listed(table(), app.signed_in())
    provider = _provider()
    return json_answer(
        HTTPStatus.OK,
        Identities(
            identities=[
                Identity(
                    id=linked_identities.id_of(each),
                    provider=_name(each.issuer),
                    linked_at=rfc3339_seconds(each.linked_at),
                    last_used_at=rfc3339_seconds(each.last_used_at),
                )
                for each in found
            ],
            provider=provider and provider.label,
        ),
    )


@app.post(
    "/api/me/identities",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        NOT_FOUND,
        IDENTITY_ELSEWHERE,
        PROVIDER_EXPIRED,
        INVALID_REQUEST,
    ),
)
def link_identity(form: Ticket) -> Response[None]:
    """Link the identity of a ticket to the account, after its password or a passkey."""
    # guard: fresh-proof-to-link: fresh=True =>
    acting = app.signed_in(fresh=True)
    browser = sso.fingerprint(app.sso_cookie)
    waiting = unlinked_identities.find(table(), keys.token_keys(), form.ticket, browser, acting.at)
    linked_identities.link(table(), acting, waiting, _name(waiting.issuer))
    return Response(HTTPStatus.NO_CONTENT, cookies=[sso_cookie("")])


@app.delete(
    "/api/me/identities/<identity_id>",
    responses=documented(
        HTTPStatus.NO_CONTENT, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, IDENTITY_UNKNOWN
    ),
)
def remove_identity(identity_id: str) -> Response[None]:
    """Remove an identity: it no longer opens the account. Ends every other session."""
    # guard: fresh-proof-to-unlink: fresh=True =>
    acting = app.signed_in(fresh=True)
    linked_identities.remove(table(), acting, identity_id, _name)
    return Response(HTTPStatus.NO_CONTENT)


def _name(issuer: str) -> str:
    """Return the name of a provider as people know it: of a former one, its host."""
    provider = _provider()
    if provider and provider.issuer == issuer:
        return provider.label
    return urlsplit(issuer).hostname or ""
