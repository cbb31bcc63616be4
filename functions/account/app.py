"""The account of the person logged in: read, changed, exported, deleted."""

from functools import partial
from http import HTTPStatus
from typing import Any

from account_bodies import (
    Affiliation,
    AskedToConfirm,
    Changes,
    Link,
    NewEmail,
    NewPassword,
    OpenSession,
    OpenSessions,
    Profile,
    ScheduledDeletion,
    Service,
)
from aws_lambda_powertools.event_handler import Response

from portal.affiliation import feed as affiliation
from portal.core import aws, held, keys
from portal.core.acting import Acting
from portal.core.clock import rfc3339, rfc3339_seconds
from portal.core.held import Reading
from portal.core.identifiers import decrypt_for_account, encrypt_for_account
from portal.core.problems import (
    INVALID_REQUEST,
    LINK_UNKNOWN,
    REAUTHENTICATION_REQUIRED,
    THROTTLED,
    UNAUTHENTICATED,
)
from portal.core.settings import settings
from portal.core.snapshot import before_snapshot
from portal.core.table import table
from portal.declarations import feed as declarations
from portal.declarations.held import HELD as DECLARATIONS
from portal.declarations.records import Business
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.cookies import device_cookie, session_cookie
from portal.http.fields import (
    load_address_rule,
    load_phone_rule,
    shown_mobile,
)
from portal.identity import (
    corrections,
    deletion,
    email_change,
    open_sessions,
    password_change,
    profile,
)
from portal.identity import feed as identity
from portal.identity.held import HELD as IDENTITY
from portal.identity.problems import (
    CHANGE_EXPIRED,
    IDENTITY_CONFIRMED,
    IDENTITY_CONFLICT,
    SESSION_UNKNOWN,
)
from portal.identity.services import services
from portal.identity.ways import ways
from portal.payments import feed as payments
from portal.payments.held import HELD as PAYMENTS
from portal.rules.email import mask_email
from portal.support.held import HELD as SUPPORT

FEED = (*identity.KINDS, *affiliation.KINDS, *declarations.KINDS, *payments.KINDS)
HELD = (*IDENTITY, *DECLARATIONS, *PAYMENTS, *SUPPORT)

app = Api()
handler = app.resolve
before_snapshot(load_address_rule)
before_snapshot(load_phone_rule)


@app.get("/api/me", responses=documented(HTTPStatus.OK, UNAUTHENTICATED))
def read_account() -> Response[Profile]:
    """Read the account, and which services are open."""
    return json_answer(HTTPStatus.OK, _profile(app.signed_in()))


@app.patch(  # pyright: ignore[reportUnknownMemberType]
    "/api/me",
    responses=documented(
        HTTPStatus.OK,
        UNAUTHENTICATED,
        REAUTHENTICATION_REQUIRED,
        IDENTITY_CONFIRMED,
        INVALID_REQUEST,
        THROTTLED,
    ),
)
def change_account(changes: Changes) -> Response[Profile]:
    """Change the mobile phone, correct names and numbers, or take a deletion back."""
    # guard: fresh-proof-for-the-identity: fresh=changes.correction is not None =>
    acting = app.signed_in(fresh=changes.correction is not None)
    if changes.correction:
        corrections.correct_own(
            table(),
            keys.lookup_keys(),
            partial(encrypt_for_account, aws.kms(), settings().data_key),
            acting,
            changes.correction,
        )
    if changes.mobile_phone:
        profile.change_phone(table(), acting, changes.mobile_phone)
    if "deletion_at" in changes.model_fields_set:
        deletion.keep(table(), acting)
    return json_answer(HTTPStatus.OK, _profile(acting))


@app.delete(
    "/api/me",
    responses=documented(
        HTTPStatus.ACCEPTED, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, THROTTLED
    ),
)
def delete_account() -> Response[ScheduledDeletion]:
    """Have the account deleted in 30 days; ends every session."""
    acting = app.signed_in(fresh=True)
    app.limit("me-deletion")
    deletion_at = deletion.schedule_deletion(table(), acting)
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
    # guard: password-for-the-export: fresh=True =>
    acting = app.signed_in(fresh=True)
    decrypt = partial(decrypt_for_account, aws.kms(), settings().data_key)
    account = profile.read_account(table(), acting)
    exported = held.export(HELD, Reading(table(), decrypt, FEED, acting.at), account)
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
    acting = app.signed_in(fresh=True)
    app.limit("me-password")
    known = password_change.change_password(
        table(),
        keys.lookup_keys(),
        keys.pepper_keys(),
        acting,
        form.password,
        form.confirmation,
    )
    return Response(HTTPStatus.NO_CONTENT, cookies=[device_cookie(known)])


@app.put(
    "/api/me/email",
    responses=documented(
        HTTPStatus.ACCEPTED, UNAUTHENTICATED, REAUTHENTICATION_REQUIRED, INVALID_REQUEST, THROTTLED
    ),
)
def change_email(form: NewEmail) -> Response[AskedToConfirm]:
    """Ask a new address to confirm; the account keeps the present one until then."""
    acting = app.signed_in(fresh=True)
    app.limit("me-email")
    email_masked = email_change.request_email(
        table(), keys.lookup_keys(), settings().limits, acting, form.email
    )
    return json_answer(HTTPStatus.ACCEPTED, AskedToConfirm(email_masked=email_masked))


@app.delete("/api/me/email", responses=documented(HTTPStatus.NO_CONTENT, UNAUTHENTICATED))
def withdraw_email() -> Response[None]:
    """Withdraw a new address that is not confirmed yet; does nothing when there is none."""
    email_change.withdraw_email(table(), app.signed_in())
    return Response(HTTPStatus.NO_CONTENT)


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
    acting = app.signed_in()
    app.limit("me-email-confirmation")
    email_change.confirm_email(table(), keys.token_keys(), acting, link.token)
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
    app.limit("email-undo")
    email_change.undo_email(table(), keys.token_keys(), link.token, app.now)
    return Response(HTTPStatus.NO_CONTENT)


@app.get("/api/me/sessions", responses=documented(HTTPStatus.OK, UNAUTHENTICATED))
def read_sessions() -> Response[OpenSessions]:
    """Read the open sessions."""
    acting = app.signed_in()
    found = open_sessions.list_sessions(table(), acting.account_id, acting.at)
    return json_answer(
        HTTPStatus.OK,
        OpenSessions(
            sessions=[
                OpenSession(
                    id=each.id,
                    device=each.device,
                    created_at=rfc3339(each.created_at * 1000),
                    last_seen_at=rfc3339(each.seen_at * 1000),
                    methods=list(each.methods),
                    current=each.id == acting.session.id,
                )
                for each in found
            ]
        ),
    )


@app.delete("/api/me/sessions", responses=documented(HTTPStatus.NO_CONTENT, UNAUTHENTICATED))
def end_other_sessions() -> Response[None]:
    """End every session but this one, at once."""
    open_sessions.end_other_sessions(table(), app.signed_in())
    return Response(HTTPStatus.NO_CONTENT)


@app.delete(
    "/api/me/sessions/<session_id>",
    responses=documented(HTTPStatus.NO_CONTENT, UNAUTHENTICATED, SESSION_UNKNOWN),
)
def end_session(session_id: str) -> Response[None]:
    """End one session, at once."""
    open_sessions.end_session(table(), app.signed_in(), session_id)
    return Response(HTTPStatus.NO_CONTENT)


def _profile(acting: Acting) -> Profile:
    account, credentials, business = profile.read_profile(table(), acting, Business)
    business_known = business is not None and bool(business.versions)
    new_email = account.asked_email(acting.at)
    return Profile(
        id=account.id,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        email_receives=account.mail_bounced_at is None,
        new_email_masked=new_email and mask_email(new_email),
        mobile_phone=account.mobile_phone,
        mobile_phone_shown=shown_mobile(account.mobile_phone),
        nir_masked=account.nir_masked,
        nir_status=account.nir_status,
        siret=account.siret,
        siret_status=account.siret_status,
        is_agent=account.is_agent,
        ways=list(ways(credentials, acting.at)),
        password_changed_at=rfc3339_seconds(credentials.password_changed_at),
        created_at=rfc3339(account.created_at * 1000),
        previous_login_at=rfc3339_seconds(acting.session.previous_login_at),
        affiliation=Affiliation(
            status=account.affiliation,
            at=None if account.affiliation_at is None else rfc3339(account.affiliation_at),
            reason=account.affiliation_reason,
        ),
        services=[
            Service(id=each.id, open=each.open, reason=each.reason)
            for each in services(account, business_known=business_known)
        ],
        deletion_at=rfc3339_seconds(account.deletion_at),
    )
