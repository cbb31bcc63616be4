"""The mails of the declarations. They name periods and days; figures stay in the account."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from portal.core.feed import Kind
from portal.core.mail import Mailer, MailSender, Template, moment
from portal.core.outbox import Outgoing
from portal.declarations import feed
from portal.identity.mails import account_of, send_to_account

_FOLDER = Path(__file__).with_name("templates")


_VALUES = ("what", "due", "year", "next_year")


def about_periods(folder: Path, kinds: Iterable[Kind]) -> Mapping[str, MailSender]:
    """Return the mails of notices about periods, those that are mailed, from a folder."""
    return {
        kind.name: _sender(Template(folder, kind.name, kind.mail)) for kind in kinds if kind.mail
    }


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
                **{name: message.about.get(name, "") for name in _VALUES},
            )

    return send


MAILS = about_periods(_FOLDER, feed.KINDS)
