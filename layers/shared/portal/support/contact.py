"""Messages to the support from people who cannot sign up or log in."""

import base64
import re
import secrets
import unicodedata
from typing import TYPE_CHECKING

from portal.core import identifiers, outbox
from portal.core.confidential import Confidential
from portal.core.limits import mailbox_limit
from portal.core.outbox import Outgoing
from portal.core.writes import put
from portal.support.records import ContactMessage

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys
    from portal.core.settings import Limits
    from portal.core.table import Table

PERSONAL_DATA = "personal-data"
"""The reason of a request about one's personal data (GDPR art. 15 to 22)."""
ACKNOWLEDGEMENT = "contact-acknowledgement"
MESSAGE = "contact-message"

# A NIR, with or without its key, whatever people put between its characters or around it.
_GAP = "[^0-9A-Za-z]{0,3}"
_NIR = re.compile(
    rf"(?<![0-9])[1-478](?:{_GAP}[0-9]){{4}}{_GAP}(?:[0-9]{_GAP}[0-9]|2{_GAP}[ABab])"
    rf"(?:{_GAP}[0-9]){{6}}(?:{_GAP}[0-9]{_GAP}[0-9])?(?![0-9])"
)
_MASK = "[numéro de Sécurité sociale masqué]"


class Form(Confidential, frozen=True):
    """The fields of the contact form, already validated."""

    reason: str
    last_name: str
    first_name: str
    email: str
    message: str


def send(table: "Table", lookup: "LookupKeys", limits: "Limits", form: Form, now: int) -> str:
    """Store a message and a mail of it to the support; return its ticket.

    The person gets an acknowledgement within the mail limits. Every address gets the same answer.
    """
    ticket = base64.b32encode(secrets.token_bytes(5)).decode()
    message = ContactMessage(
        ticket=ticket,
        created_at=now,
        expires_at=now + ContactMessage.RETENTION,
        reason=form.reason,
        last_name=form.last_name,
        first_name=form.first_name,
        email=form.email,
        # guard: nir-masked-in-messages: mask_nirs(form.message) => form.message
        message=mask_nirs(form.message),
    )
    table.transact(put(message), put(Outgoing.new(MESSAGE, now, ticket=ticket)))
    limit = mailbox_limit(limits, identifiers.mailbox_mac(lookup, form.email), ACKNOWLEDGEMENT)
    outbox.send(table, Outgoing.new(ACKNOWLEDGEMENT, now, ticket=ticket), [limit])
    return ticket


def mask_nirs(text: str) -> str:
    """Return a text without the social security numbers that people put in it."""
    # Digits of any script are replaced one for one, so that positions stay the same.
    ascii_digits = "".join(
        str(unicodedata.digit(each)) if each.isdecimal() else each for each in text
    )
    parts: list[str] = []
    end = 0
    for found in _NIR.finditer(ascii_digits):
        parts += [text[end : found.start()], _MASK]
        end = found.end()
    return "".join([*parts, text[end:]])
