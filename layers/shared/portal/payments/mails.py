"""The mails of the payments: they name periods and days, nothing of a bank account, no amount."""

from collections.abc import Mapping
from pathlib import Path

from portal.core.mail import Mailer, MailSender, Template, moment
from portal.core.outbox import Outgoing
from portal.identity.mails import account_of, notices, send_to_account
from portal.payments import feed

_FOLDER = Path(__file__).with_name("templates")
_OF_MANDATES = (feed.MANDATE_SIGNED, feed.MANDATE_REVOKED)


def _sender(template: Template) -> MailSender:
    def send(mailer: Mailer, message: Outgoing) -> None:
        account = account_of(mailer, message.about.get("account_id"))
        if account:
            send_to_account(
                mailer,
                account,
                template,
                link=mailer.page("gerer"),
                at=moment(message.created_at),
                what=message.about.get("what", ""),
                due=message.about.get("due", ""),
            )

    return send


MAILS: Mapping[str, MailSender] = {
    **notices(_FOLDER, *_OF_MANDATES),
    **{
        kind.name: _sender(Template(_FOLDER, kind.name, kind.mail))
        for kind in feed.KINDS
        if kind.mail and kind not in _OF_MANDATES
    },
}
