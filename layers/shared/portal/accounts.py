"""A person's own account: read, corrected, secured, taken away.

What could take an account over asks for a password typed within five minutes (ASVS 7.5.1), is
told by mail, and stands in the feed.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict

from portal import activity, events, identifiers, passwords, throttle
from portal.clock import rfc3339, rfc3339_seconds
from portal.items import (
    AFFILIATION_CONFIRMED,
    DAY,
    Account,
    Deletion,
    Link,
    Login,
    Outgoing,
    Session,
)
from portal.keys import Keyring
from portal.problems import (
    CHANGE_EXPIRED,
    IDENTITY_CONFLICT,
    INVALID_REQUEST,
    REAUTHENTICATION_REQUIRED,
    SESSION_UNKNOWN,
    UNAUTHENTICATED,
    UNAVAILABLE,
    FieldError,
    Problem,
    ProblemType,
)
from portal.rules.email import mask_email
from portal.settings import Limits
from portal.table import EmailChange, Table
from portal.tokens import Purpose, Token, new_id, unseal

EMAIL_CHANGE_MAIL = "email-change"

FRESH_LOGIN = 5 * 60
"""Seconds after a login in which what needs a password may be done without asking again."""
GRACE = 30 * DAY
"""Seconds between asking for a deletion and the deletion."""

SERVICES = (
    "activity-feed",
    "my-account",
    "creation-request",
    "declare-and-pay",
    "payments",
    "documents",
    "messages",
)
_OPEN_AT_ONCE = frozenset({"activity-feed", "my-account", "creation-request"})


class Service(Struct, frozen=True):
    """A tile of the space: open, or closed with the reason."""

    id: str
    open: bool
    reason: str | None


def require_fresh(session: Session, now: int) -> None:
    """Raise ``Problem(REAUTHENTICATION_REQUIRED)`` unless the person logged in just now."""
    if now - session.created_at > FRESH_LOGIN:
        raise Problem(REAUTHENTICATION_REQUIRED)


def read(table: Table, account_id: str) -> Account:
    """Return the account of a session; raises ``Problem(UNAUTHENTICATED)`` when it is gone."""
    account = table.get(Account, Account.key_of(account_id))
    if account is None:
        raise Problem(UNAUTHENTICATED)
    return account


def services(account: Account) -> Sequence[Service]:
    """Return the tiles: those that need an affiliation open when it is confirmed."""
    confirmed = account.affiliation == AFFILIATION_CONFIRMED
    reason = f"affiliation-{account.affiliation}"
    return [
        Service(service, opened, None if opened else reason)
        for service in SERVICES
        for opened in (confirmed or service in _OPEN_AT_ONCE,)
    ]


def change_phone(table: Table, account_id: str, mobile_phone: str, now: int) -> None:
    """Replace the mobile number."""
    _write(
        table.update_account(
            account_id,
            {"mobile_phone": mobile_phone},
            activity.entry(account_id, activity.PHONE_CHANGED, now),
        )
    )


def change_password(
    table: Table,
    lookup: Keyring,
    pepper: Keyring,
    session: Session,
    password: str,
    confirmation: str,
    now: int,
) -> None:
    """Replace the password and end every other session."""
    account = read(table, session.account_id)
    passwords.check(lookup, account, password, confirmation)
    _write(
        table.change_password(
            account,
            passwords.hash_password(pepper, password),
            *password_changed(account.id, now),
            kept_slot=session.slot,
        )
    )


def password_changed(account_id: str, now: int) -> tuple[activity.Activity, Outgoing, Outgoing]:
    """Return what tells of a new password: in the feed, by mail, and as an event."""
    return (
        activity.entry(account_id, activity.PASSWORD_CHANGED, now),
        Outgoing.new(activity.PASSWORD_CHANGED, now, account_id=account_id),
        Outgoing.new(events.PASSWORD_CHANGED, now, account_id=account_id),
    )


def request_email(
    table: Table,
    lookup: Keyring,
    limits: Limits,
    session: Session,
    email: str,
    now: int,
) -> str:
    """Ask the new address to confirm; return it masked.

    Answers alike for an address in use, and when too many were asked for: then the one asked for
    before stays.
    """
    email_mac = identifiers.email_mac(lookup, email)
    account = read(table, session.account_id)
    if email_mac == account.email_mac:
        detail = "C’est déjà l’adresse courriel de votre compte."
        raise Problem(INVALID_REQUEST, errors=[FieldError("email", "unchanged", detail)])
    changes: dict[str, str | None] = {"new_email": email, "new_email_mac": email_mac}
    if email_mac != account.new_email_mac:
        changes["email_change_id"] = None
    # The limits are taken for this address: the message may go to no other.
    message = Outgoing.new(EMAIL_CHANGE_MAIL, now, account_id=account.id, email_mac=email_mac)
    slots = (
        throttle.account_slot(limits, account.id, EMAIL_CHANGE_MAIL),
        throttle.address_slot(limits, email_mac, EMAIL_CHANGE_MAIL),
    )
    _write(table.ask_email(account.id, changes, message, slots, now))
    return mask_email(email)


def confirm_email(table: Table, tokens: Keyring, session: Session, text: str, now: int) -> None:
    """Give the account its new address, with the link that was sent there.

    Raises ``Problem``: ``LINK_UNKNOWN``, ``CHANGE_EXPIRED`` unless the link is the newest and in
    time, ``IDENTITY_CONFLICT`` when another account has the address by now.
    """
    token = unseal(tokens, text, Purpose.EMAIL_CHANGE)
    link = _good_link(table, token, now)
    account = read(table, session.account_id)
    if link.account_id != account.id or account.email_change_id != token.id:
        raise Problem(CHANGE_EXPIRED)
    undo = Token(Purpose.EMAIL_UNDO, new_id(), now)
    about = {
        "account_id": account.id,
        "email": account.email,
        "email_mac": account.email_mac,
    }
    try:
        _move_email(
            table,
            account,
            link,
            Link.of(undo, **about),
            activity.entry(account.id, activity.EMAIL_CHANGED, now),
            Outgoing.new(activity.EMAIL_CHANGED, now, account_id=account.id, link_id=undo.id),
            kept_slot=session.slot,
            now=now,
        )
    except Problem as problem:
        if problem.kind is IDENTITY_CONFLICT:  # nothing is left to wait for
            asked = ("new_email", "new_email_mac")
            table.update_account(
                account.id, dict.fromkeys(asked), expected={"email_change_id": token.id}
            )
        raise


def undo_email(table: Table, tokens: Keyring, text: str, now: int) -> None:
    """Give an account its former address back, and end every session: somebody was there.

    Raises ``Problem``: ``LINK_UNKNOWN``, ``CHANGE_EXPIRED``, ``IDENTITY_CONFLICT``.
    """
    token = unseal(tokens, text, Purpose.EMAIL_UNDO)
    link = _good_link(table, token, now)
    account = table.get(Account, Account.key_of(link.account_id or ""))
    if account is None or account.email_mac == link.email_mac or _is_undone(account, link):
        raise Problem(CHANGE_EXPIRED)
    _move_email(
        table,
        account,
        link,
        activity.entry(account.id, activity.EMAIL_RESTORED, now),
        Outgoing.new(activity.EMAIL_RESTORED, now, account_id=account.id),
        kept_slot=None,
        now=now,
    )


def end_session(table: Table, account_id: str, session_id: str, now: int) -> None:
    """End one of an account's sessions; raises ``Problem(SESSION_UNKNOWN)``."""
    for session in list_sessions(table, account_id, now):
        if session.id == session_id:
            entry = activity.entry(account_id, activity.SESSION_ENDED, now, device=session.device)
            if table.revoke_session(session, entry):
                return
    raise Problem(SESSION_UNKNOWN)


def list_sessions(table: Table, account_id: str, now: int) -> Sequence[Session]:
    """Return the sessions that are open, the last seen first."""
    live = (each for each in table.sessions(account_id) if each.expires_at > now)
    return sorted(live, key=lambda session: session.seen_at, reverse=True)


def schedule_deletion(table: Table, account_id: str, now: int) -> int:
    """Have an account deleted in 30 days and end its sessions; return when, in seconds."""
    account = read(table, account_id)
    if account.deletion_at is not None:
        return account.deletion_at
    deletion = Deletion(account_id=account_id, deletion_at=now + GRACE)
    scheduled = table.schedule_deletion(
        account,
        deletion,
        activity.entry(account_id, activity.DELETION_SCHEDULED, now),
        Outgoing.new(activity.DELETION_SCHEDULED, now, account_id=account_id),
    )
    # Not scheduled: another request was faster, and its time stands.
    return deletion.deletion_at if scheduled else read(table, account_id).deletion_at or now


def keep(table: Table, account_id: str, now: int) -> None:
    """Take a deletion back; does nothing when none is scheduled."""
    account = read(table, account_id)
    if account.deletion_at is None:
        return
    _write(
        table.update_account(
            account_id,
            {"deletion_at": None},
            activity.entry(account_id, activity.DELETION_CANCELLED, now),
        )
    )


def delete_due(table: Table, now: int, days: int = 31) -> int:
    """Delete the accounts whose time has come in the last ``days``; return how many.

    Runs once a day; a run that was missed is made up for by the next.
    """
    deleted = 0
    for day in range(days, -1, -1):
        for deletion in table.deletions(now - day * DAY):
            if deletion.deletion_at <= now:
                deleted += _delete(table, deletion, now)
    return deleted


def _delete(table: Table, deletion: Deletion, now: int) -> bool:
    """Delete an account unless its holder kept it; clear what an interrupted run left."""
    account = table.get(Account, Account.key_of(deletion.account_id))
    deleted = False
    if account and account.deletion_at == deletion.deletion_at:
        event = Outgoing.new(events.ACCOUNT_DELETED, now, account_id=account.id)
        if not table.delete_account(account, event):
            return False
        account, deleted = None, True
    if account is None:
        table.forget_feed(deletion.account_id)
    table.forget_deletion(deletion)
    return deleted


def export(
    table: Table, decrypt_nir: Callable[[bytes, str], str], account_id: str, now: int
) -> Mapping[str, object]:
    """Return everything that an account holds, readable by programs (GDPR art. 20)."""
    account = read(table, account_id)
    login = table.get(Login, Login.key_of(account.email_mac))
    nir = account.nir_encrypted and decrypt_nir(account.nir_encrypted, account.id)
    return {
        "account": {
            "id": account.id,
            "created_at": rfc3339_seconds(account.created_at),
            "last_login_at": rfc3339_seconds(login.last_login_at if login else None),
            "last_name": account.last_name,
            "first_name": account.first_name,
            "mobile_phone": account.mobile_phone,
            "email": account.email,
            "nir": nir,
            "siret": account.siret,
            "is_agent": account.is_agent,
            "affiliation": account.affiliation,
            "affiliation_at": account.affiliation_at and rfc3339(account.affiliation_at),
            "affiliation_reason": account.affiliation_reason,
            "new_email": account.new_email,
            "mail_bounced_at": rfc3339_seconds(account.mail_bounced_at),
            "deletion_at": rfc3339_seconds(account.deletion_at),
        },
        "activity": [asdict(entry) for entry in activity.read_all(table, account_id)],
        "sessions": [
            {
                "id": session.id,
                "device": session.device,
                "created_at": rfc3339_seconds(session.created_at),
                "last_seen_at": rfc3339_seconds(session.seen_at),
            }
            for session in list_sessions(table, account_id, now)
        ],
    }


def _good_link(table: Table, token: Token, now: int) -> Link:
    link = table.get(Link, Link.of(token).key())
    if link is None or link.expires_at <= now:
        raise Problem(CHANGE_EXPIRED)
    return link


def _is_undone(account: Account, link: Link) -> bool:
    """Tell whether an undo link was issued by a change that an older one has undone since.

    Of two changes in a row the older address wins: a thief's own former address gives nothing.
    """
    if account.undone_from is None or account.undone_at is None:
        return False
    return account.undone_from <= link.issued_at <= account.undone_at


def _move_email(
    table: Table,
    account: Account,
    link: Link,
    *records: Link | activity.Activity | Outgoing,
    kept_slot: int | None,
    now: int,
) -> None:
    login = table.get(Login, Login.key_of(account.email_mac))
    if login is None:  # another request moved it since the account was read
        raise Problem(CHANGE_EXPIRED)
    outcomes: Mapping[EmailChange, ProblemType] = {
        EmailChange.TAKEN: IDENTITY_CONFLICT,
        EmailChange.STALE: CHANGE_EXPIRED,
    }
    outcome = table.change_email(account, login, link, *records, kept_slot=kept_slot, now=now)
    if outcome is not EmailChange.DONE:
        raise Problem(outcomes[outcome])


def _write(done: bool) -> None:  # noqa: FBT001 - the answer of a conditional write
    """Raise ``Problem(UNAVAILABLE)`` when the account changed under the request: try again."""
    if not done:
        raise Problem(UNAVAILABLE, retry_after=1)
