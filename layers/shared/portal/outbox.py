"""The outbox: mails and events written with their cause, sent from the table's stream.

A message is deleted once sent. What is delivered twice by the stream is therefore sent once, and
what never could be sent is still there to be sent again; only a crash between sending and
deleting repeats one.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from portal import activity, contact, events, recovery, throttle
from portal.accounts import EMAIL_CHANGE_MAIL
from portal.items import (
    Account,
    ContactMessage,
    Link,
    Login,
    NewestRegistration,
    Outgoing,
    Registration,
)
from portal.keys import Keyring
from portal.mails import render
from portal.registrations import VALIDATION_MAIL
from portal.settings import Settings
from portal.table import Table
from portal.tokens import Purpose, Token, new_id, seal

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sesv2 import SESV2Client

NOTICES = frozenset(
    {
        activity.AFFILIATION_CONFIRMED,
        activity.AFFILIATION_REJECTED,
        activity.NEW_DEVICE,
        activity.PASSWORD_CHANGED,
        activity.EMAIL_RESTORED,
        activity.DELETION_SCHEDULED,
    }
)
"""What is told by mail as well as in the feed, under the same name."""


class Outbox(Struct, frozen=True):
    """Where messages go: the table that holds them, SES for mails, the bus for events."""

    table: Table
    tokens: Keyring
    ses: "SESV2Client"
    event_bridge: "EventBridgeClient"
    settings: Settings

    def deliver(self, message_id: str, now: int) -> None:
        """Send a message and forget it; does nothing when it was sent before.

        Raises ``LookupError`` for a kind that nobody sends, and what the services raise.
        """
        message = self.table.get(Outgoing, Outgoing.key_of(message_id))
        if message is None:
            return
        if message.kind in events.KINDS:
            self._publish(message)
        elif message.kind in NOTICES:
            self._send_notice(message)
        elif message.kind == VALIDATION_MAIL:
            self._send_validation(message, now)
        elif message.kind == recovery.RECOVERY_MAIL:
            self._send_recovery(message, now)
        elif message.kind == EMAIL_CHANGE_MAIL:
            self._send_email_change(message, now)
        elif message.kind == activity.EMAIL_CHANGED:
            self._send_email_changed(message)
        elif message.kind in {contact.MESSAGE, contact.ACKNOWLEDGEMENT}:
            self._send_contact(message)
        else:
            raise LookupError(message.kind)
        self.table.forget_outgoing(message.id)

    def _publish(self, message: Outgoing) -> None:
        events.publish(
            self.event_bridge,
            self.settings.event_bus,
            message.kind,
            message.account_id,
            message.created_at,
        )

    def _send_notice(self, message: Outgoing) -> None:
        account = self._account(message.account_id)
        if account:
            self._send_to_account(
                account,
                message.kind,
                at=_time(message.created_at),
                device=message.device or "",
                reason=account.affiliation_reason or "",
                deletion_at=_time(account.deletion_at or message.created_at),
                is_agent="yes" if account.is_agent else "",
            )

    def _send_validation(self, message: Outgoing, now: int) -> None:
        """Send the link of a registration, or tell a holder that they have an account already."""
        registration = self._registration(message)
        holder = self._holder(message.email_mac or (registration and registration.email_mac))
        if holder:
            self._send_to_account(holder, "account-exists")
        elif registration and not registration.completed and registration.expires_at > now:
            token = Token(Purpose.EMAIL_VALIDATION, registration.id, now)
            self.table.put_link(Link.of(token))
            self._send(
                registration.email,
                registration.email_mac,
                "validation",
                requested_at=_time(registration.created_at),
                last_name=registration.last_name,
                first_name=registration.first_name,
                mobile_phone=registration.mobile_phone,
                email=registration.email,
                is_agent="yes" if registration.is_agent else "",
                link=self._link("valider", token),
            )

    def _send_recovery(self, message: Outgoing, now: int) -> None:
        account = self._holder(message.login_mac)
        if account is None:
            return
        token = _token(message, Purpose.PASSWORD_RECOVERY, now)
        if not message.link_id:
            link = Link.of(token, account_id=account.id)
            slot = throttle.address_slot(
                self.settings.limits, account.email_mac, recovery.RECOVERY_MAIL
            )
            if not self.table.put_recovery_link(account, link, message, slot, now):
                return
        self._send_to_account(account, "recovery", link=self._link("nouveau-mot-de-passe", token))

    def _send_email_change(self, message: Outgoing, now: int) -> None:
        """Ask a new address to confirm, or tell its holder that they have an account already."""
        account = self._account(message.account_id)
        if account is None or account.new_email is None or account.new_email_mac is None:
            return
        if account.new_email_mac != message.email_mac:
            return  # another address was asked for since: it has a message of its own
        holder = self._holder(account.new_email_mac)
        if holder:
            self._send_to_account(holder, "account-exists")
            return
        token = _token(message, Purpose.EMAIL_CHANGE, now)
        if not message.link_id:
            link = Link.of(
                token,
                account_id=account.id,
                email=account.new_email,
                email_mac=account.new_email_mac,
            )
            if not self.table.put_email_change_link(account, link, message):
                return
        self._send(
            account.new_email,
            account.new_email_mac,
            "email-change",
            link=self._link("gerer/mon-compte", token),
        )

    def _send_email_changed(self, message: Outgoing) -> None:
        """Tell the former address, with the link that gives it back."""
        token = Token(Purpose.EMAIL_UNDO, message.link_id or "", message.created_at)
        undo = self.table.get(Link, Link.of(token).key())
        if undo and undo.email and undo.email_mac:
            self._send(
                undo.email,
                undo.email_mac,
                "email-changed",
                at=_time(message.created_at),
                link=self._link("annuler-changement", token),
            )

    def _send_contact(self, message: Outgoing) -> None:
        stored = self.table.get(ContactMessage, ContactMessage.key_of(message.ticket or ""))
        if stored is None:
            return
        if message.kind == contact.ACKNOWLEDGEMENT:
            self._send(
                stored.email,
                None,
                message.kind,
                ticket=stored.ticket,
                link=self._page(""),
            )
        else:
            self._send(
                self.settings.support_mailbox,
                None,
                message.kind,
                ticket=stored.ticket,
                reason=stored.reason,
                last_name=stored.last_name,
                first_name=stored.first_name,
                email=stored.email,
                message=stored.message,
                at=_time(stored.created_at),
                link=self._page(""),
            )

    def _registration(self, message: Outgoing) -> Registration | None:
        registration_id = message.registration_id
        if registration_id is None and message.email_mac:
            at = NewestRegistration.key_of(message.email_mac)
            newest = self.table.get(NewestRegistration, at)
            registration_id = newest and newest.registration_id
        if registration_id is None:
            return None
        return self.table.get(Registration, Registration.key_of(registration_id))

    def _account(self, account_id: str | None) -> Account | None:
        return self.table.get(Account, Account.key_of(account_id)) if account_id else None

    def _holder(self, mac: str | None) -> Account | None:
        """Return the account that an identifier belongs to."""
        login = self.table.get(Login, Login.key_of(mac)) if mac else None
        return self._account(login.account_id) if login else None

    def _page(self, path: str) -> str:
        return f"{self.settings.public_url}/{path}"

    def _link(self, page: str, token: Token) -> str:
        """Return the address of a page with a token in its fragment, which no server sees."""
        return f"{self._page(page)}#{seal(self.tokens, token)}"

    def _send_to_account(self, account: Account, template: str, **values: str | datetime) -> None:
        values = {"link": self._page("mon-compte"), **values}
        self._send(account.email, account.email_mac, template, account.id, **values)

    def _send(
        self,
        to: str,
        email_mac: str | None,
        template: str,
        account_id: str | None = None,
        /,
        **values: str | datetime,
    ) -> None:
        """Send a mail; its tags let a bounce be traced without its address."""
        mail = render(template, **values)
        tags = {"template": template, "address": email_mac, "account": account_id}
        self.ses.send_email(
            FromEmailAddress=self.settings.mail_from,
            Destination={"ToAddresses": [to]},
            Content={
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": mail.text, "Charset": "UTF-8"},
                        "Html": {"Data": mail.html, "Charset": "UTF-8"},
                    },
                }
            },
            EmailTags=[{"Name": name, "Value": value} for name, value in tags.items() if value],
            ConfigurationSetName=self.settings.mail_configuration_set,
        )


def _token(message: Outgoing, purpose: Purpose, now: int) -> Token:
    """Return the token that a message was given before, when its sending failed, or a new one."""
    return Token(purpose, message.link_id or new_id(), message.link_issued_at or now)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
