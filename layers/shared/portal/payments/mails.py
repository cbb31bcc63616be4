"""The mails of the payments: they name periods and days, nothing of a bank account, no amount."""

from collections.abc import Mapping
from pathlib import Path

from portal.core.mail import MailSender
from portal.declarations.mails import about_periods
from portal.identity.mails import notices
from portal.payments import feed

_FOLDER = Path(__file__).with_name("templates")
_OF_MANDATES = (feed.MANDATE_SIGNED, feed.MANDATE_REVOKED)

MAILS: Mapping[str, MailSender] = {
    **notices(_FOLDER, *_OF_MANDATES),
    **about_periods(_FOLDER, [kind for kind in feed.KINDS if kind not in _OF_MANDATES]),
}
