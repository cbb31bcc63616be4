"""The account of the person logged in: read, corrected, secured, taken away."""

from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from portal import accounts, aws, keys, sessions
from portal.clock import rfc3339, rfc3339_seconds
from portal.fields import (
    EmailAddress,
    LinkToken,
    MobilePhone,
    Password,
    StrictModel,
    load_address_rule,
    load_phone_rule,
    require_same_email,
)
from portal.identifiers import decrypt_nir
from portal.items import Account, Session
from portal.problems import (
    CHANGE_EXPIRED,
    IDENTITY_CONFLICT,
    INVALID_REQUEST,
    LINK_UNKNOWN,
    REAUTHENTICATION_REQUIRED,
    SESSION_UNKNOWN,
    THROTTLED,
    UNAUTHENTICATED,
)
from portal.rules.email import mask_email
from portal.settings import settings
from portal.snapshot import before_snapshot
from portal.table import table
from portal.throttle import limit_requests
from portal.web import Api, documented, json_answer, session_cookie

app = Api()
handler = app.resolve
before_snapshot(load_address_rule)
before_snapshot(load_phone_rule)


class Affiliation(StrictModel):
    """What the back office said: ``pending``, ``confirmed`` or ``rejected``."""

    status: str
    at: str | None
    reason: str | None


class Service(StrictModel):
    """A tile of the space, and why it is closed if it is."""

    id: str
    open: bool
    reason: str | None


class Profile(StrictModel):
    """An account as its holder sees it; times are RFC 3339, UTC."""

    id: str
    first_name: str
    last_name: str
    email: str
    email_receives: bool
    new_email_masked: str | None
    mobile_phone: str
    nir_masked: str | None
    siret: str | None
    is_agent: bool
    created_at: str
    previous_login_at: str | None
    affiliation: Affiliation
    services: list[Service]
    deletion_at: str | None


class Changes(StrictModel):
    """What to change: the phone; or ``deletion_at`` to null, to keep the account after all."""

    mobile_phone: MobilePhone = ""
    deletion_at: None = None


class NewPassword(StrictModel):
    """The password chosen, typed twice."""

    password: Password
    confirmation: Password


class NewEmail(StrictModel):
    """The new address; typed twice where a form asks it."""

    email: EmailAddress
    email_confirmation: EmailAddress | None = None


class AskedToConfirm(StrictModel):
    """Where the link that confirms the address was sent."""

    email_masked: str


class Link(StrictModel):
    """The token of a link."""

    token: LinkToken


class ScheduledDeletion(StrictModel):
    """When the account goes (RFC 3339, UTC)."""

    deletion_at: str


class OpenSession(StrictModel):
    """A session; ``current`` is the one that asks."""

    id: str
    device: str
    created_at: str
    last_seen_at: str
    current: bool


class OpenSessions(StrictModel):
    """The open sessions, the last seen first."""

    sessions: list[OpenSession]


@app.get("/api/me", responses=documented(HTTPStatus.OK, UNAUTHENTICATED))
def read_account() -> Response[Profile]:
    """Read the account, and which services are open."""
    session = _session()
    return json_answer(HTTPStatus.OK, _profile(session))


@app.patch(  # pyright: ignore[reportUnknownMemberType]
    "/api/me", responses=documented(HTTPStatus.OK, UNAUTHENTICATED, INVALID_REQUEST)
)
def change_account(changes: Changes) -> Response[Profile]:
    """Change the mobile phone, or take a deletion back."""
    session = _session()
    if changes.mobile_phone:
        accounts.change_phone(table(), session.account_id, changes.mobile_phone, app.now)
    if "deletion_at" in changes.model_fields_set:
        accounts.keep(table(), session.account_id, app.now)
    return json_answer(HTTPStatus.OK, _profile(session))


@app.delete(
    "/api/me",
    responses=documented(
        HTTPStatus.ACCEPTED, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, THROTTLED
    ),
)
def delete_account() -> Response[ScheduledDeletion]:
    """Have the account deleted in 30 days; ends every session."""
    session = _fresh_session()
    _limit("me-deletion")
    deletion_at = accounts.schedule_deletion(table(), session.account_id, app.now)
    return json_answer(
        HTTPStatus.ACCEPTED,
        ScheduledDeletion(deletion_at=rfc3339(deletion_at * 1000)),
        cookies=[session_cookie("")],
    )


@app.get(
    "/api/me/export",
    responses=documented(HTTPStatus.OK, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED),
)
def export_account() -> Response[dict[str, Any]]:
    """Read everything that the account holds."""
    session = _fresh_session()
    decrypt = partial(decrypt_nir, aws.kms(), settings().data_key)
    exported = accounts.export(table(), decrypt, session.account_id, app.now)
    return json_answer(
        HTTPStatus.OK,
        dict(exported),
        headers={"Content-Disposition": 'attachment; filename="mon-compte.json"'},
    )


@app.put(
    "/api/me/password",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def change_password(form: NewPassword) -> Response[None]:
    """Change the password; ends every other session."""
    session = _fresh_session()
    _limit("me-password")
    accounts.change_password(
        table(),
        keys.lookup_keys(),
        keys.pepper_keys(),
        session,
        form.password,
        form.confirmation,
        app.now,
    )
    return Response(HTTPStatus.NO_CONTENT)


@app.put(
    "/api/me/email",
    responses=documented(
        HTTPStatus.ACCEPTED, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, INVALID_REQUEST, THROTTLED
    ),
)
def change_email(form: NewEmail) -> Response[AskedToConfirm]:
    """Ask a new address to confirm; the account keeps the present one until then."""
    if form.email_confirmation is not None:
        require_same_email(form.email, form.email_confirmation)
    session = _fresh_session()
    _limit("me-email")
    email_masked = accounts.request_email(
        table(), keys.lookup_keys(), settings().limits, session, form.email, app.now
    )
    return json_answer(HTTPStatus.ACCEPTED, AskedToConfirm(email_masked=email_masked))


@app.post(
    "/api/me/email/confirmation",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        UNAUTHENTICATED,
        INVALID_REQUEST,
        LINK_UNKNOWN,
        IDENTITY_CONFLICT,
        CHANGE_EXPIRED,
        THROTTLED,
    ),
)
def confirm_email(link: Link) -> Response[None]:
    """Confirm the new address with its link; ends every other session."""
    session = _session()
    _limit("me-email-confirmation")
    accounts.confirm_email(table(), keys.token_keys(), session, link.token, app.now)
    return Response(HTTPStatus.NO_CONTENT)


@app.post(
    "/api/email-undo",
    responses=documented(
        HTTPStatus.NO_CONTENT,
        INVALID_REQUEST,
        LINK_UNKNOWN,
        IDENTITY_CONFLICT,
        CHANGE_EXPIRED,
        THROTTLED,
    ),
)
def undo_email(link: Link) -> Response[None]:
    """Give an account its former address back, with the link sent there; ends every session."""
    _limit("email-undo")
    accounts.undo_email(table(), keys.token_keys(), link.token, app.now)
    return Response(HTTPStatus.NO_CONTENT)


@app.get("/api/me/sessions", responses=documented(HTTPStatus.OK, UNAUTHENTICATED))
def read_sessions() -> Response[OpenSessions]:
    """Read the open sessions."""
    session = _session()
    found = accounts.list_sessions(table(), session.account_id, app.now)
    return json_answer(
        HTTPStatus.OK,
        OpenSessions(
            sessions=[
                OpenSession(
                    id=each.id,
                    device=each.device,
                    created_at=rfc3339(each.created_at * 1000),
                    last_seen_at=rfc3339(each.seen_at * 1000),
                    current=each.id == session.id,
                )
                for each in found
            ]
        ),
    )


@app.delete(
    "/api/me/sessions/<session_id>",
    responses=documented(HTTPStatus.NO_CONTENT, UNAUTHENTICATED, SESSION_UNKNOWN),
)
def end_session(session_id: str) -> Response[None]:
    """End one session, at once."""
    session = _session()
    accounts.end_session(table(), session.account_id, session_id, app.now)
    return Response(HTTPStatus.NO_CONTENT)


def _limit(endpoint: str) -> None:
    """Count a request to what sends mail or takes a link; refuse one too many of an address."""
    limits = settings().limits
    limit_requests(table(), keys.lookup_keys(), limits, endpoint, app.source_ip, app.now)


def _session() -> Session:
    session = sessions.authenticate(table(), app.session_cookie, app.now)
    app.note_account(session.account_id)
    return session


def _fresh_session() -> Session:
    session = _session()
    accounts.require_fresh(session, app.now)
    return session


def _profile(session: Session) -> Profile:
    account: Account = accounts.read(table(), session.account_id)
    return Profile(
        id=account.id,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        email_receives=account.mail_bounced_at is None,
        new_email_masked=account.new_email and mask_email(account.new_email),
        mobile_phone=account.mobile_phone,
        nir_masked=account.nir_masked,
        siret=account.siret,
        is_agent=account.is_agent,
        created_at=rfc3339(account.created_at * 1000),
        previous_login_at=rfc3339_seconds(session.previous_login_at),
        affiliation=Affiliation(
            status=account.affiliation,
            at=None if account.affiliation_at is None else rfc3339(account.affiliation_at),
            reason=account.affiliation_reason,
        ),
        services=[
            Service(id=each.id, open=each.open, reason=each.reason)
            for each in accounts.services(account)
        ],
        deletion_at=rfc3339_seconds(account.deletion_at),
    )
