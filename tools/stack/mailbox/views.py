"""What the mailbox answers: pages made of the mails, each mail apart and unable to do harm.

A mail is shown in a frame without scripts, of an origin of its own, that loads nothing. Its links
open in a new tab, outside the frame.
"""

import json
import re
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from msgspec import Struct

from tools.stack.stack import Mail

HERE = Path(__file__).parent
FILES = {"/mailbox.css": "text/css", "/mailbox.js": "text/javascript"}
HTML = "text/html; charset=utf-8"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'"
)
_LINK = re.compile(r"https?://[^\s<>\"']+")
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_MAIL = re.compile(r"/mail/([^/]+)(?:/(text|body))?")


class Answer(Struct, frozen=True):
    """An HTTP answer."""

    status: int
    media_type: str
    policy: str
    body: str


class Shown(Struct, frozen=True):
    """A mail as the list shows it."""

    id: str
    sender: str
    to: str
    subject: str
    at: str
    day: str


def answer(target: str, read_mails: Callable[[], Sequence[Mail]]) -> Answer:
    """Return the answer to a GET; ``read_mails`` returns every mail, the oldest first."""
    parts = urlsplit(target)
    if parts.path in FILES:
        return Answer(HTTPStatus.OK, FILES[parts.path], PAGE_POLICY, _file(parts.path))
    to = parse_qs(parts.query).get("to", [""])[0].strip().lower()
    try:
        mails = [mail for mail in reversed(read_mails()) if mail.is_to(to)]
    except OSError:
        return _page([], None, to, status=HTTPStatus.SERVICE_UNAVAILABLE, stopped=True)
    if parts.path == "/newest":
        newest = mails[0].id if mails else ""
        return Answer(HTTPStatus.OK, "application/json", PAGE_POLICY, json.dumps(newest))
    if parts.path == "/":
        return _page(mails, mails[0] if mails else None, to)
    return _mail(unquote(parts.path), mails, to)


def _mail(path: str, mails: Sequence[Mail], to: str) -> Answer:
    found = _MAIL.fullmatch(path)
    mail = next((each for each in mails if found and each.id == found[1]), None)
    if not found or not mail:
        return _page(mails, None, to, status=HTTPStatus.NOT_FOUND)
    if found[2] == "body":
        return Answer(HTTPStatus.OK, HTML, MAIL_POLICY, framed(mail.html))
    return _page(mails, mail, to, chosen=True, as_text=found[2] == "text" or not mail.html)


def framed(html: str) -> str:
    """Return the HTML of a mail with links that open a new tab, outside of its frame."""
    base = '<base target="_blank">'
    with_base, count = _HEAD.subn(lambda head: head[0] + base, html, count=1)
    return with_base if count else base + html


def linked(text: str) -> Markup:
    """Return a text as HTML, with its addresses as links."""
    parts: list[str] = []
    at = 0
    for link in _LINK.finditer(text):
        url = link[0].rstrip(".,;:!?)»")
        parts.append(str(escape(text[at : link.start()])))
        parts.append(f'<a href="{escape(url)}" target="_blank" rel="noreferrer">{escape(url)}</a>')
        at = link.start() + len(url)
    return Markup("".join([*parts, str(escape(text[at:]))]))  # noqa: S704 - each part is escaped


def _page(
    mails: Sequence[Mail],
    mail: Mail | None,
    to: str,
    *,
    status: int = HTTPStatus.OK,
    chosen: bool = False,
    as_text: bool = False,
    stopped: bool = False,
) -> Answer:
    html = _TEMPLATES.get_template("mailbox.html.j2").render(
        mails=[_shown(each) for each in mails],
        mail=mail and _shown(mail),
        text=linked(mail.text) if mail else "",
        to=to,
        chosen=chosen,
        as_text=as_text,
        missing=status == HTTPStatus.NOT_FOUND,
        stopped=stopped,
    )
    return Answer(status, HTML, PAGE_POLICY, html)


def _shown(mail: Mail) -> Shown:
    at = time.localtime(mail.sent_at)
    return Shown(
        mail.id,
        mail.sender,
        ", ".join(mail.to),
        mail.subject,
        time.strftime("%H:%M:%S", at),
        time.strftime("%Y-%m-%d", at),
    )


def _file(path: str) -> str:
    return (HERE / path.removeprefix("/")).read_text()


_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
