"""Passkeys: login with one, and those of the person's account."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from portal.core import keys
from portal.core.clock import rfc3339, rfc3339_seconds
from portal.core.problems import (
    INVALID_REQUEST,
    REAUTHENTICATION_REQUIRED,
    THROTTLED,
    UNAUTHENTICATED,
)
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import Label, StrictModel
from portal.http.logins import LoggedIn, cookies_of, logged_in
from portal.identity import passkey_login, passkeys
from portal.identity.devices import describe
from portal.identity.failures import report_failure
from portal.identity.opening import Browser
from portal.identity.passkey_checks import RelyingParty, relying_party
from portal.identity.passkey_records import Passkey
from portal.identity.passkeys import Asked
from portal.identity.problems import (
    PASSKEY_KNOWN,
    PASSKEY_REFUSED,
    PASSKEY_UNKNOWN,
    TOO_MANY_PASSKEYS,
)

app = Api()
handler = app.resolve


class Options(StrictModel):
    """What a browser is given, and until when its answer is good (RFC 3339, UTC).

    ``public_key`` is the JSON of WebAuthn level 3: ``PublicKeyCredentialCreationOptionsJSON`` or
    ``PublicKeyCredentialRequestOptionsJSON``.
    """

    public_key: dict[str, Any]
    expires_at: str


class NewPasskey(StrictModel):
    """What a browser made, and what the person calls it: else it has the name of the device."""

    credential: Annotated[
        dict[str, Any],
        Field(
            description="RegistrationResponseJSON of WebAuthn level 3.",
            examples=[
                {
                    "id": "AAAA",
                    "rawId": "AAAA",
                    "type": "public-key",
                    "response": {"clientDataJSON": "e30", "attestationObject": "oA"},
                }
            ],
        ),
    ]
    name: Label | None = None


class NewName(StrictModel):
    """Another name of a passkey."""

    name: Label


class OwnPasskey(StrictModel):
    """A passkey; ``copied`` says that its device or password manager keeps a copy elsewhere."""

    id: str
    name: str
    created_at: str
    last_used_at: str | None
    copied: bool


class OwnPasskeys(StrictModel):
    """The passkeys of the account, the newest first; at most ``most``."""

    passkeys: list[OwnPasskey]
    most: int


class LoginStart(StrictModel):
    """``confirm``: of who is logged in and confirms who they are; their own passkeys only."""

    confirm: Annotated[
        bool, Field(description="Whether who is logged in confirms that.", examples=[False])
    ] = False


class SignedLogin(StrictModel):
    """What a browser signed with a passkey."""

    credential: Annotated[
        dict[str, Any],
        Field(
            description="AuthenticationResponseJSON of WebAuthn level 3.",
            examples=[
                {
                    "id": "AAAA",
                    "rawId": "AAAA",
                    "type": "public-key",
                    "response": {
                        "clientDataJSON": "e30",
                        "authenticatorData": "AAAA",
                        "signature": "AAAA",
                        "userHandle": "AAAA",
                    },
                }
            ],
        ),
    ]


@app.post(
    "/api/login/passkey/options",
    responses=documented(HTTPStatus.CREATED, INVALID_REQUEST, UNAUTHENTICATED, THROTTLED),
)
def start_log_in(form: LoginStart) -> Response[Options]:
    """Ask for a challenge that a passkey signs within five minutes, once."""
    # guard: limit-of-passkey-options
    app.limit("login-passkey-options")
    acting = app.signed_in() if form.confirm else None
    asked = passkey_login.start(table(), keys.token_keys(), _party(), acting, app.now)
    return _asked(asked)


@app.post(
    "/api/login/passkey",
    responses=documented(HTTPStatus.OK, PASSKEY_REFUSED, INVALID_REQUEST, THROTTLED),
)
def log_in_with_passkey(signed: SignedLogin) -> Response[LoggedIn]:
    """Open a session for a challenge that a passkey signed; one refusal for whatever is wrong."""
    # guard: limit-of-passkey-logins
    app.limit("login-passkey")
    opened = passkey_login.log_in(
        table(),
        keys.lookup_keys(),
        keys.token_keys(),
        _party(),
        partial(report_failure, app.now),
        passkey_login.Attempt(
            signed.credential,
            Browser(app.session_cookie, app.device_cookie, app.user_agent),
        ),
        app.now,
    )
    app.note_account(opened.account_id)
    return json_answer(HTTPStatus.OK, logged_in(opened), cookies=cookies_of(opened))


@app.get("/api/me/passkeys", responses=documented(HTTPStatus.OK, UNAUTHENTICATED))
def read_passkeys() -> Response[OwnPasskeys]:
    """Read the passkeys of the account."""
    found = passkeys.list_passkeys(table(), app.signed_in().account_id)
    return json_answer(
        HTTPStatus.OK, OwnPasskeys(passkeys=list(map(_shown, found)), most=Passkey.PLACES)
    )


@app.post(
    "/api/me/passkeys/options",
    responses=documented(
        HTTPStatus.CREATED, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, TOO_MANY_PASSKEYS, THROTTLED
    ),
)
def start_passkey() -> Response[Options]:
    """Ask for what a browser makes a passkey from, within five minutes, once."""
    # guard: fresh-proof-for-a-passkey: fresh=True =>
    acting = app.signed_in(fresh=True)
    app.limit("me-passkeys")
    return _asked(passkeys.start(table(), keys.token_keys(), _party(), acting))


@app.post(
    "/api/me/passkeys",
    responses=documented(
        HTTPStatus.CREATED,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        PASSKEY_KNOWN,
        TOO_MANY_PASSKEYS,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def add_passkey(form: NewPasskey) -> Response[OwnPasskey]:
    """Add the passkey that a browser made; it opens the account from now on."""
    # guard: fresh-proof-to-add-a-passkey: fresh=True =>
    acting = app.signed_in(fresh=True)
    app.limit("me-passkeys")
    added = passkeys.add(
        table(),
        keys.token_keys(),
        _party(),
        acting,
        form.credential,
        form.name or "",
        describe(app.user_agent),
    )
    return json_answer(HTTPStatus.CREATED, _shown(added))


@app.patch(  # pyright: ignore[reportUnknownMemberType]
    "/api/me/passkeys/<passkey_id>",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        PASSKEY_UNKNOWN,
        INVALID_REQUEST,
    ),
)
def rename_passkey(passkey_id: str, form: NewName) -> Response[None]:
    """Give a passkey another name."""
    # guard: fresh-proof-to-rename-a-passkey: fresh=True =>
    passkeys.rename(table(), app.signed_in(fresh=True), passkey_id, form.name)
    return Response(HTTPStatus.NO_CONTENT)


@app.delete(
    "/api/me/passkeys/<passkey_id>",
    responses=documented(
        HTTPStatus.NO_CONTENT, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, PASSKEY_UNKNOWN
    ),
)
def remove_passkey(passkey_id: str) -> Response[None]:
    """Remove a passkey, which opens nothing from now on; ends every other session."""
    # guard: fresh-proof-to-remove-a-passkey: fresh=True =>
    acting = app.signed_in(fresh=True)
    passkeys.remove(table(), acting, passkey_id, describe(app.user_agent))
    return Response(HTTPStatus.NO_CONTENT)


def _party() -> RelyingParty:
    return relying_party(settings().public_url)


def _asked(asked: Asked) -> Response[Options]:
    options = Options(public_key=dict(asked.options), expires_at=rfc3339(asked.expires_at * 1000))
    return json_answer(HTTPStatus.CREATED, options)


def _shown(passkey: Passkey) -> OwnPasskey:
    return OwnPasskey(
        id=passkey.id,
        name=passkey.label,
        created_at=rfc3339(passkey.created_at * 1000),
        last_used_at=rfc3339_seconds(passkey.last_used_at),
        copied=passkey.copied,
    )
