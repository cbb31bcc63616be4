"""The mails of the account service: what each kind of message in the outbox sends."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portal.core.feed import Kind
from portal.core.identifiers import mailbox_mac
from portal.core.limits import MailLimitedError, account_limit, mailbox_limit, take
from portal.core.links import Link, Purpose, Token, new_id
from portal.core.mail import Mailer, MailSender, Template, moment
from portal.core.outbox import Outgoing
from portal.core.writes import RefusedError, Write, put, update
from portal.identity import feed
from portal.identity.due import AskedEmail
from portal.identity.email_change import EMAIL_CHANGE_MAIL
from portal.identity.purposes import (
    EMAIL_CHANGE,
    EMAIL_UNDO,
    EMAIL_VALIDATION,
    PASSWORD_RECOVERY,
    REMOVAL_CANCEL,
)
from portal.identity.records import (
    Account,
    Identifier,
    Registration,
    RegistrationOfAddress,
)
from portal.identity.recovery import RECOVERY_MAIL
from portal.identity.signup import VALIDATION_MAIL

if TYPE_CHECKING:
    from datetime import datetime

_FOLDER = Path(__file__).with_name("templates")
VALIDATION = Template(_FOLDER, "validation", "Validation de votre adresse courriel")
ACCOUNT_EXISTS = Template(_FOLDER, "account-exists", "Vous avez déjà un compte")
RECOVERY = Template(_FOLDER, "recovery", "Réinitialisation de votre mot de passe")
NEW_ADDRESS = Template(_FOLDER, "email-change", "Confirmez votre nouvelle adresse courriel")
_OPEN_SIGN_UPS = 3
"""Mails that one resend without handle may cause, about as many sign-ups of the address."""
_LISTED = 10
"""Sign-ups of an address that are looked at for it, the newest."""
_OTHERS = "validation-others"
"""Kind of the mails about further sign-ups of an address, for the limits."""
FORMER_ADDRESS = Template(_FOLDER, "email-changed", "Votre adresse courriel a été modifiée")
LEAVING = Template(
    _FOLDER, "second-factor-leaving", "Votre double vérification sera retirée dans trois jours"
)
UNUSED = Template(_FOLDER, "account-unused", "Votre compte inutilisé sera supprimé")


def account_of(mailer: Mailer, account_id: str | None) -> Account | None:
    """Return an account, ``None`` when it is gone."""
    return mailer.table.get(Account, Account.key_of(id=account_id)) if account_id else None


def send_to_account(
    mailer: Mailer, account: Account, template: Template, **values: "str | datetime"
) -> None:
    """Send a mail to the holder of an account; its button opens the login, or ``link``."""
    values = {"link": mailer.page("mon-compte"), **values}
    mailer.send(
        account.email,
        template,
        email_mac=account.email_mac,
        account_id=account.id,
        registration_id=None,
        **values,
    )


def notices(folder: Path, *kinds: Kind) -> Mapping[str, MailSender]:
    """Return the senders of the kinds of notices that have a mail, from a folder of templates."""
    return {
        kind.name: _notice(Template(folder, kind.name, kind.mail)) for kind in kinds if kind.mail
    }


def _notice(template: Template) -> MailSender:
    def send(mailer: Mailer, message: Outgoing) -> None:
        account = account_of(mailer, message.about.get("account_id"))
        if account:
            send_to_account(
                mailer,
                account,
                template,
                at=moment(message.created_at),
                device=message.about.get("device", ""),
                what=message.about.get("what", ""),
                reason=account.affiliation_reason or "",
                deletion_at=moment(account.deletion_at or message.created_at),
                numbers=message.about.get("numbers", ""),
            )

    return send


def _send_validation(mailer: Mailer, message: Outgoing) -> None:
    """Send the links of registrations, or, if the address has an account, a mail that says so."""
    registrations = _registrations(mailer, message)
    email_mac = message.about.get("email_mac") or next((r.email_mac for r in registrations), None)
    holder = _holder(mailer, email_mac)
    if holder:
        mailer.keep_pace(holder.email, VALIDATION_MAIL)
        send_to_account(mailer, holder, ACCOUNT_EXISTS)
        return
    is_open = [r for r in registrations if not r.completed and r.expires_at > mailer.now]
    if is_open:
        mailer.keep_pace(is_open[0].email, VALIDATION_MAIL)
    # guard: few-for-one-resend: -_OPEN_SIGN_UPS => 0
    for number, registration in enumerate(is_open[-_OPEN_SIGN_UPS:]):
        if number == 0 or _may_send_another(mailer, registration):
            _send_link(mailer, registration)


def _send_link(mailer: Mailer, registration: Registration) -> None:
    """Send a new link of a registration, with what its holder confirms by using it."""
    token = Token(EMAIL_VALIDATION, registration.id, mailer.now)
    mailer.table.write(put(Link.of(token)))
    mailer.send(
        registration.email,
        VALIDATION,
        email_mac=registration.email_mac,
        registration_id=registration.id,
        requested_at=moment(registration.created_at),
        last_name=registration.last_name,
        first_name=registration.first_name,
        mobile_phone=registration.mobile_phone,
        email=registration.email,
        nir_masked=registration.nir_masked or "",
        siret_masked=registration.siret_masked or "",
        is_agent="yes" if registration.is_agent else "",
        link=mailer.link("valider", token),
    )


def _may_send_another(mailer: Mailer, registration: Registration) -> bool:
    """Return whether one resend may cause one more mail, about another sign-up of the address."""
    limits = mailer.settings.limits
    try:
        mailer.table.write(
            take(account_limit(limits, registration.mailbox_mac, _OTHERS), mailer.now)
        )
    except MailLimitedError:
        return False
    return True


def _send_recovery(mailer: Mailer, message: Outgoing) -> None:
    """Send a link that sets a new password; the account's earlier ones become invalid."""
    account = _holder(mailer, message.about.get("login_mac"))
    if account is None:
        return
    mailer.keep_pace(account.email, RECOVERY_MAIL)
    token = _token(message, PASSWORD_RECOVERY, mailer.now)
    newest = update(
        account.key(), {"recovery_id": token.id}, if_={"id": account.id}, else_=RefusedError
    )
    mac = mailbox_mac(mailer.lookup, account.email)
    limit = mailbox_limit(mailer.settings.limits, mac, RECOVERY_MAIL)
    link = Link.of(token, account.id)
    if _put_link(mailer, message, link, newest, take(limit, mailer.now)):
        send_to_account(mailer, account, RECOVERY, link=mailer.link("nouveau-mot-de-passe", token))


def _send_email_change(mailer: Mailer, message: Outgoing) -> None:
    """Send a link that confirms a new address, or, if it has an account, a mail that says so."""
    account = account_of(mailer, message.about.get("account_id"))
    if account is None or account.new_email is None or account.new_email_mac is None:
        return
    # guard: mail-of-its-address: account.new_email_mac != message.about.get("email_mac") => False
    if account.new_email_mac != message.about.get("email_mac"):
        return  # another address was asked for since: it has a message of its own
    mailer.keep_pace(account.new_email, EMAIL_CHANGE_MAIL)
    holder = _holder(mailer, account.new_email_mac)
    if holder:
        send_to_account(mailer, holder, ACCOUNT_EXISTS)
        return
    token = _token(message, EMAIL_CHANGE, mailer.now)
    newest = update(
        account.key(),
        {"email_change_id": token.id, "new_email_until": token.expires_at},
        if_={"id": account.id, "new_email": account.new_email},
        else_=RefusedError,
    )
    link = Link.of(token, account.id, email=account.new_email, email_mac=account.new_email_mac)
    asked = AskedEmail(account_id=account.id, until=token.expires_at)
    if _put_link(mailer, message, link, newest, put(asked)):
        mailer.send(
            account.new_email,
            NEW_ADDRESS,
            email_mac=account.new_email_mac,
            link=mailer.link("gerer/mon-compte", token),
        )


def _send_email_changed(mailer: Mailer, message: Outgoing) -> None:
    """Send the link that restores the former address, to that address."""
    token = Token(EMAIL_UNDO, message.about.get("link_id", ""), message.created_at)
    undo = mailer.table.get(Link, Link.of(token).key())
    if undo:
        mailer.send(
            undo.about["email"],
            FORMER_ADDRESS,
            email_mac=undo.about["email_mac"],
            at=moment(message.created_at),
            link=mailer.link("annuler-changement", token),
        )


def _send_leaving(mailer: Mailer, message: Outgoing) -> None:
    """Send a link that keeps the second factor, to the holder or to a former address."""
    token = Token(REMOVAL_CANCEL, message.about.get("link_id", ""), message.created_at)
    stored = mailer.table.get(Link, Link.of(token).key())
    account = account_of(mailer, stored and stored.account_id)
    if account is None:
        return  # it was cancelled, by the other mail's link
    at, link = moment(message.created_at), mailer.link("garder-double-verification", token)
    if "undo_id" not in message.about:
        send_to_account(mailer, account, LEAVING, at=at, link=link)
        return
    undo = Token(EMAIL_UNDO, message.about["undo_id"], int(message.about["undo_at"]))
    former = mailer.table.get(Link, Link.of(undo).key())
    if former:
        about = former.about
        mailer.send(about["email"], LEAVING, email_mac=about["email_mac"], at=at, link=link)


def _send_unused(mailer: Mailer, message: Outgoing) -> None:
    """Send the date from which an unused account is deleted."""
    account = account_of(mailer, message.about.get("account_id"))
    if account:
        send_to_account(mailer, account, UNUSED, date=message.about.get("date", ""))


def _put_link(mailer: Mailer, message: Outgoing, link: Link, *writes: Write) -> bool:
    """Store the link that a message will contain; return whether the message may be sent.

    The link's id is stored in the message too: if sending fails, the next try uses the same link.
    """
    if "link_id" in message.about:
        return True
    remember = message.remember(link_id=link.id, link_issued_at=str(link.issued_at))
    try:
        mailer.table.transact(*writes, remember, put(link))
    except RefusedError:
        return False
    return True


def _token(message: Outgoing, purpose: Purpose, now: int) -> Token:
    """Return the token of an earlier try to send a message, or a new one."""
    about = message.about
    return Token(purpose, about.get("link_id") or new_id(), int(about.get("link_issued_at", now)))


def _registrations(mailer: Mailer, message: Outgoing) -> list[Registration]:
    """Return the registrations that a message is about, oldest first.

    With a handle, the one that it names, if it is of the message's address; else the address's.
    """
    registration_id, email_mac = map(message.about.get, ("registration_id", "email_mac"))
    if registration_id:
        ids = [registration_id]
    else:
        listed = RegistrationOfAddress.partition(email_mac=email_mac or "")
        newest = mailer.table.query(RegistrationOfAddress, listed, newest=_LISTED, before=None)
        ids = [each.registration_id for each in reversed(newest)]
    stored = (mailer.table.get(Registration, Registration.key_of(id=each)) for each in ids)
    # guard: handle-of-its-address: each.email_mac == email_mac => True
    return [each for each in stored if each and (not email_mac or each.email_mac == email_mac)]


def _holder(mailer: Mailer, mac: str | None) -> Account | None:
    """Return the account that an identifier belongs to."""
    found = mailer.table.get(Identifier, Identifier.key_of(mac=mac)) if mac else None
    return account_of(mailer, found and found.account_id)


MAILS: Mapping[str, MailSender] = {
    VALIDATION_MAIL: _send_validation,
    RECOVERY_MAIL: _send_recovery,
    EMAIL_CHANGE_MAIL: _send_email_change,
    feed.EMAIL_CHANGED.name: _send_email_changed,
    feed.UNUSED.name: _send_unused,
    feed.SECOND_FACTOR_LEAVING.name: _send_leaving,
    **notices(_FOLDER, *feed.KINDS),
}
