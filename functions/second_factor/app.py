"""The second factor: the last step of a login, and its settings in the person's account."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

import segno
from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from portal.core import aws, keys
from portal.core.identifiers import decrypt_for_account, encrypt_for_account
from portal.core.problems import (
    INVALID_REQUEST,
    LINK_UNKNOWN,
    REAUTHENTICATION_REQUIRED,
    THROTTLED,
    UNAUTHENTICATED,
)
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import LinkToken, StrictModel
from portal.http.logins import LoggedIn, cookies_of, logged_in
from portal.identity import second_factor, second_factor_removal, second_factor_setup
from portal.identity.failures import report_failure
from portal.identity.opening import Browser
from portal.identity.problems import (
    CHANGE_EXPIRED,
    INVALID_CODE,
    SECOND_FACTOR_OFF,
    SECOND_FACTOR_ON,
    TICKET_EXPIRED,
)

app = Api()
handler = app.resolve

_Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="Six digits of the app; what people type between them is dropped.",
        examples=["123456"],
    ),
]


class Answer(StrictModel):
    """The ticket that the first step of a login gave, and a code."""

    ticket: Annotated[
        str,
        Field(max_length=128, description="The ticket, 96 characters.", examples=["A" * 96]),
    ]
    code: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            description="Six digits of the app, or a recovery code of 16 characters; what people "
            "type between them is dropped.",
            examples=["123456"],
        ),
    ]


class Code(StrictModel):
    """A code of the app."""

    code: _Code


class KeepingLink(StrictModel):
    """The token of a link that keeps the second factor."""

    token: LinkToken


class Secret(StrictModel):
    """What an app needs, in three forms: the secret in base32, its address, its QR code (SVG)."""

    secret: str
    uri: str
    qr: str


class SecondFactor(StrictModel):
    """Since when a second factor counts (RFC 3339, UTC; null: there is none), and codes left."""

    since: str | None
    recovery_codes_left: int


class RecoveryCodes(StrictModel):
    """Ten codes, each good once; shown this once."""

    codes: list[str]


@app.post(
    "/api/login/second-factor",
    responses=documented(HTTPStatus.OK, INVALID_CODE, TICKET_EXPIRED, INVALID_REQUEST, THROTTLED),
)
def finish_log_in(answer: Answer) -> Response[LoggedIn]:
    """Open the session of a login whose password was right, with a code."""
    app.limit("second-factor")
    opened = second_factor.log_in(
        table(),
        keys.lookup_keys(),
        keys.token_keys(),
        settings().limits,
        partial(decrypt_for_account, aws.kms(), settings().data_key),
        partial(report_failure, app.now),
        second_factor.Attempt(
            answer.ticket,
            answer.code,
            Browser(app.session_cookie, app.device_cookie, app.user_agent),
        ),
        app.now_ms,
    )
    app.note_account(opened.account_id)
    return json_answer(HTTPStatus.OK, logged_in(opened), cookies=cookies_of(opened))


@app.post(
    "/api/second-factor-keep",
    responses=documented(
        HTTPStatus.NO_CONTENT, INVALID_REQUEST, LINK_UNKNOWN, CHANGE_EXPIRED, THROTTLED
    ),
)
def keep_second_factor(link: KeepingLink) -> Response[None]:
    """Cancel the removal that the support was asked for, with the link of a mail."""
    app.limit("second-factor-keep")
    second_factor_removal.cancel_removal(table(), keys.token_keys(), link.token, app.now)
    return Response(HTTPStatus.NO_CONTENT)


@app.get("/api/me/totp", responses=documented(HTTPStatus.OK, UNAUTHENTICATED))
def read_second_factor() -> Response[SecondFactor]:
    """Read whether the account has a second factor."""
    state = second_factor_setup.look(table(), app.signed_in())
    return json_answer(
        HTTPStatus.OK,
        SecondFactor(since=state.since, recovery_codes_left=state.recovery_codes_left),
    )


@app.post(
    "/api/me/totp",
    responses=documented(
        HTTPStatus.CREATED, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, SECOND_FACTOR_ON, THROTTLED
    ),
)
def start_second_factor() -> Response[Secret]:
    """Make a secret for an app; it counts once a code confirms it, within an hour."""
    # guard: fresh-proof-for-a-factor: fresh=True =>
    acting = app.signed_in(fresh=True)
    app.limit("me-totp")
    encrypt = partial(encrypt_for_account, aws.kms(), settings().data_key)
    secret = second_factor_setup.start(table(), encrypt, acting)
    drawn = segno.make(secret.uri, error="m").svg_inline(omitsize=True, border=4)
    return json_answer(HTTPStatus.CREATED, Secret(secret=secret.text, uri=secret.uri, qr=drawn))


@app.put(
    "/api/me/totp",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        SECOND_FACTOR_ON,
        SECOND_FACTOR_OFF,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def confirm_second_factor(form: Code) -> Response[None]:
    """Switch the second factor on with a code of the app; ends every other session."""
    # guard: fresh-proof-to-switch-on: fresh=True =>
    acting = app.signed_in(fresh=True)
    app.limit("me-totp")
    decrypt = partial(decrypt_for_account, aws.kms(), settings().data_key)
    second_factor_setup.confirm(table(), decrypt, acting, form.code)
    return Response(HTTPStatus.NO_CONTENT)


@app.delete(
    "/api/me/totp",
    responses=documented(HTTPStatus.NO_CONTENT, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED),
)
def remove_second_factor() -> Response[None]:
    """Remove the second factor and the recovery codes; does nothing when there is none."""
    # guard: fresh-proof-to-remove: fresh=True =>
    second_factor_setup.remove(table(), app.signed_in(fresh=True))
    return Response(HTTPStatus.NO_CONTENT)


@app.post(
    "/api/me/recovery-codes",
    responses=documented(
        HTTPStatus.CREATED, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, SECOND_FACTOR_OFF, THROTTLED
    ),
)
def make_recovery_codes() -> Response[RecoveryCodes]:
    """Make ten recovery codes; the earlier ones no longer work."""
    # guard: fresh-proof-for-codes: fresh=True =>
    acting = app.signed_in(fresh=True)
    app.limit("me-recovery-codes")
    codes = second_factor_setup.renew_codes(table(), acting)
    return json_answer(
        HTTPStatus.CREATED, RecoveryCodes(codes=[second_factor.shown(each) for each in codes])
    )
