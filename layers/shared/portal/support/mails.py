"""The mails of the support: to the person who wrote, and to the support itself."""

from pathlib import Path

from portal.core.mail import Mailer, MailSender, Template, moment
from portal.core.outbox import Outgoing
from portal.support.contact import ACKNOWLEDGEMENT, MESSAGE, PERSONAL_DATA
from portal.support.records import ContactMessage

_FOLDER = Path(__file__).with_name("templates")
RECEIVED = Template(_FOLDER, ACKNOWLEDGEMENT, "Nous avons bien reçu votre message")
REQUEST = Template(_FOLDER, MESSAGE, "Demande sur des données personnelles")
WRITTEN = Template(_FOLDER, MESSAGE, "Message d’un usager")


def _stored(mailer: Mailer, message: Outgoing) -> ContactMessage | None:
    at = ContactMessage.key_of(ticket=message.about.get("ticket", ""))
    return mailer.table.get(ContactMessage, at)


def _acknowledge(mailer: Mailer, message: Outgoing) -> None:
    stored = _stored(mailer, message)
    if stored:
        mailer.keep_pace(stored.email, ACKNOWLEDGEMENT)
        mailer.send(
            stored.email,
            RECEIVED,
            ticket=stored.ticket,
            personal_data="yes" if stored.reason == PERSONAL_DATA else "",
            link=mailer.page(""),
        )


def _pass_on(mailer: Mailer, message: Outgoing) -> None:
    stored = _stored(mailer, message)
    if stored:
        to, template = mailer.settings.support_mailbox, WRITTEN
        # guard: rights-go-to-the-officer
        if stored.reason == PERSONAL_DATA:
            to, template = mailer.settings.personal_data_mailbox, REQUEST
        mailer.send(
            to,
            template,
            ticket=stored.ticket,
            reason=stored.reason,
            last_name=stored.last_name,
            first_name=stored.first_name,
            email=stored.email,
            message=stored.message,
            at=moment(stored.created_at),
            link=mailer.page(""),
        )


MAILS: dict[str, MailSender] = {ACKNOWLEDGEMENT: _acknowledge, MESSAGE: _pass_on}
