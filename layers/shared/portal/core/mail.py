"""Mails: rendered from one template each, and sent by SES.

Each template is rendered twice: on a base for the text body, and on one for the HTML body.

A template consists of blocks between blank lines: paragraphs, items (lines that start with "- ")
or a quotation (lines that start with "> "). The text body shows them as they are, the HTML body as
elements. No value starts a line or contains a line break, so no value can add an element.

Only the function that sends mails imports this module, because Jinja2 is slow to load.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from textwrap import TextWrapper
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from portal.core.identifiers import domain_mac, mailbox_mac
from portal.core.keyring import LookupKeys, TokenKeys
from portal.core.limits import MailLimitedError, take_of_domain
from portal.core.links import Token, seal
from portal.core.outbox import Outgoing, WithheldError
from portal.core.settings import Settings

if TYPE_CHECKING:
    from portal.core.post import Post
    from portal.core.table import Table

_BASES = Path(__file__).with_name("templates")
# The only value that keeps its line breaks: its template quotes every line.
_QUOTED = "message"
# Narrower than the width at which mail clients wrap, so that each quoted line keeps its mark.
_QUOTED_WIDTH = 70
_INNER_DOT = re.compile(r"\.(?=\w)")
_ZERO_WIDTH_NON_JOINER = "\u200c"


class Template(Struct, frozen=True):
    """A template: the folder of its domain, its name, and the subject of its mails.

    The subject is constant, so that nothing typed by a person reaches a header.
    """

    folder: Path
    name: str
    subject: str


class Mail(Struct, frozen=True):
    """A mail ready to send: its subject and its two equivalent bodies."""

    subject: str
    text: str
    html: str


class Mailer(Struct, frozen=True):
    """What sending mails needs: the table, the keys of links, the post, the settings, the time."""

    table: "Table"
    tokens: TokenKeys
    lookup: LookupKeys
    post: "Post"
    settings: Settings
    now: int

    def page(self, path: str) -> str:
        """Return the address of a page."""
        return f"{self.settings.public_url}/{path}"

    def link(self, page: str, token: Token) -> str:
        """Return the address of a page with a token in its fragment, which no server sees."""
        # guard: token-in-fragment: }#{ => }?token={
        return f"{self.page(page)}#{seal(self.tokens, token)}"

    def keep_pace(self, to: str, kind: str) -> None:
        """Count a mail that somebody else may have asked for; raises ``WithheldError`` above.

        A domain may give all its addresses to one person: a mailbox that receives every address,
        or a mark for tags that we do not know.
        """
        domain = domain_mac(self.lookup, to)
        if domain is None:
            return
        try:
            self.table.write(take_of_domain(self.settings.limits, domain, kind, self.now))
        except MailLimitedError:
            raise WithheldError from None

    def send(
        self,
        to: str,
        template: Template,
        /,
        *,
        email_mac: str | None = None,
        account_id: str | None = None,
        registration_id: str | None = None,
        **values: str | datetime,
    ) -> None:
        """Send a mail, with tags by which SES's reports on it are traced without the address."""
        mail = render(template, **values)
        tags = {
            "template": template.name,
            "address": email_mac,
            "mailbox": mailbox_mac(self.lookup, to),
            "account": account_id,
            "registration": registration_id,
        }
        self.post.send(
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


type MailSender = Callable[[Mailer, Outgoing], None]
"""Sends the mail of a message, or nothing when its cause no longer exists."""


def moment(seconds: int) -> datetime:
    """Return a time (seconds since the epoch) as templates expect it."""
    return datetime.fromtimestamp(seconds, UTC)


def render(template: Template, /, **values: str | datetime) -> Mail:
    """Return the mail of a template.

    Every template needs `link`, the target of its one button, and the other values that it names.
    Datetimes are aware, and shown in Paris time. `is_agent` is "yes" or "". Values are put on one
    line (except `message`, quoted line by line), and escaped in HTML.
    Raises jinja2.UndefinedError for a missing value.
    """
    shown = {name: _shown(name, value) for name, value in values.items()}
    text = (
        _environment(template.folder, html=False)
        .get_template(f"{template.name}.j2")
        .render(shown, subject=template.subject, base="base.txt.j2", strong=str, fold=_fold)
    )
    html = (
        _environment(template.folder, html=True)
        .get_template(f"{template.name}.j2")
        .render(shown, subject=template.subject, base="base.html.j2", strong=_strong, fold=list)
    )
    return Mail(template.subject, text, html)


@cache
def _environment(folder: Path, *, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, _BASES]),
        # guard: escaped-mails: html => False
        autoescape=html,  # noqa: S701 - the text body is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["phone"] = _phone
    environment.filters["unlinked"] = _unlinked
    return environment


def _shown(name: str, value: str | datetime) -> str | list[str]:
    if isinstance(value, datetime):
        return _paris(value)
    if name == _QUOTED:
        return [_one_line(line) for line in value.splitlines()]
    return _one_line(value)


def _one_line(value: str) -> str:
    """Return the value without line breaks, controls, direction marks and lone surrogates."""
    return "".join(
        # guard: values-on-one-line: {"Cc", "Cs", "Zl", "Zp"} => {"Cs"}
        " " if category in {"Cc", "Cs", "Zl", "Zp"} else "" if category == "Cf" else character
        for character, category in ((c, unicodedata.category(c)) for c in value)
    )


def _paris(moment: datetime) -> str:
    """Return a time such as « 23/11/2026 à 13:04 », in Paris time."""
    return f"{moment.astimezone(ZoneInfo('Europe/Paris')):%d/%m/%Y à %H:%M}".replace(" ", "\u00a0")


def _strong(words: str) -> Markup:
    return Markup("<strong>{}</strong>").format(words)


def _fold(lines: list[str]) -> list[str]:
    """Return the lines, with long ones wrapped."""
    folder = TextWrapper(_QUOTED_WIDTH, drop_whitespace=False, break_on_hyphens=False)
    return [part for line in lines for part in folder.wrap(line) or [""]]


def _phone(number: str) -> str:
    """Return a number as a person writes it."""
    # Imported at the first use: phonenumbers is slow to load and few mails show a phone.
    from portal.rules.phone import show_mobile  # noqa: PLC0415

    return show_mobile(number)


def _unlinked(name: str) -> str:
    """Return a name that no mail client turns into a link: « example.com » could be a name."""
    return _INNER_DOT.sub(f".{_ZERO_WIDTH_NON_JOINER}", name)
