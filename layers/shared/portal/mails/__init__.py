"""The mails: one template each, from which a base makes the text and another the HTML.

Between blank lines, a template holds paragraphs, items (lines that start with "- ") or a quotation
(lines that start with "> "). The text body shows this as it is, the HTML one as elements. No value
starts a line or holds a line break, so none makes an element of its own.

Only the mailer imports this, because Jinja2 is slow to load.
"""

import re
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from textwrap import TextWrapper
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

# Constant, so that nothing typed by a person reaches a header.
_SUBJECTS = {
    "validation": "Validation de votre adresse courriel",
    "account-exists": "Vous avez déjà un compte",
    "recovery": "Réinitialisation de votre mot de passe",
    "password-changed": "Votre mot de passe a été modifié",
    "new-device": "Nouvelle connexion à votre compte",
    "email-change": "Confirmez votre nouvelle adresse courriel",
    "email-changed": "Votre adresse courriel a été modifiée",
    "email-restored": "Votre adresse courriel a été rétablie",
    "deletion-scheduled": "Suppression de votre compte demandée",
    "affiliation-confirmed": "Notification d’affiliation",
    "affiliation-rejected": "Demande d’affiliation refusée",
    "contact-acknowledgement": "Nous avons bien reçu votre message",
    "contact-message": "Message d’un usager",
}
# The one value whose line breaks are kept: its template quotes every line.
_QUOTED = "message"
# Narrower than what mail readers fold, so that no line of a quotation loses its mark.
_QUOTED_WIDTH = 70
_FRENCH_NUMBER = re.compile(r"\+33([1-9])(\d\d)(\d\d)(\d\d)(\d\d)")
_INNER_DOT = re.compile(r"\.(?=\w)")
_ZERO_WIDTH_NON_JOINER = "\u200c"


class Mail(Struct, frozen=True):
    """A mail ready to send: its subject and its two equivalent bodies."""

    subject: str
    text: str
    html: str


def render(template: str, /, **values: str | datetime) -> Mail:
    """Return the mail of a template, one of those that have a subject.

    Every mail takes `link`, the target of its one button; each template shows what else it takes.
    Datetimes are aware, and shown in the time of Paris. `is_agent` is "yes" or "". Values are held
    to one line (but `message`, quoted line by line), and escaped in HTML.
    Raises KeyError for an unknown template, jinja2.UndefinedError for a missing value.
    """
    subject = _SUBJECTS[template]
    shown = {name: _shown(name, value) for name, value in values.items()}
    text = (
        _environment(html=False)
        .get_template(f"{template}.j2")
        .render(shown, subject=subject, base="base.txt.j2", strong=str, fold=_fold)
    )
    html = (
        _environment(html=True)
        .get_template(f"{template}.j2")
        .render(shown, subject=subject, base="base.html.j2", strong=_strong, fold=list)
    )
    return Mail(subject, text, html)


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
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
    """Return the value without what could start a line, turn the text round or not be encoded."""
    return "".join(
        " " if category in {"Cc", "Cs", "Zl", "Zp"} else "" if category == "Cf" else character
        for character, category in ((c, unicodedata.category(c)) for c in value)
    )


def _paris(moment: datetime) -> str:
    """Return « 23/11/2026 à 13:04 », in the time of Paris."""
    return f"{moment.astimezone(ZoneInfo('Europe/Paris')):%d/%m/%Y à %H:%M}".replace(" ", "\u00a0")


def _strong(words: str) -> Markup:
    return Markup("<strong>{}</strong>").format(words)


def _fold(lines: list[str]) -> list[str]:
    """Return the lines, the long ones cut in several."""
    folder = TextWrapper(_QUOTED_WIDTH, drop_whitespace=False, break_on_hyphens=False)
    return [part for line in lines for part in folder.wrap(line) or [""]]


def _phone(number: str) -> str:
    """Return a number of metropolitan France as it is dialled there; any other as it is."""
    return _FRENCH_NUMBER.sub("0\\1\u00a0\\2\u00a0\\3\u00a0\\4\u00a0\\5", number)


def _unlinked(name: str) -> str:
    """Return a name that no mail reader turns into a link: « example.com » could be a name."""
    return _INNER_DOT.sub(f".{_ZERO_WIDTH_NON_JOINER}", name)
