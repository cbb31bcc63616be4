"""Tokens of the links sent by mail: signed, bound to one purpose, and useless at rest.

A token is ``key number (1) | purpose (1) | id (32) | issue time (6) | HMAC-SHA-256 (32)``: 72
bytes, 96 characters of base64url with no spare bit, so that each flipped bit breaks it. The table
keeps a row per link (its id, purpose, issue and expiry times) and no secret: the token is computed
when the mail is written, and opening it needs the key, the row and the clock together.

A genuine token whose row is late, or was swept by the table's TTL, is still known to be ours:
that is what allows answering « expired » with a fresh link rather than « unknown ».
"""

import base64
import hmac
import re
import secrets
from enum import IntEnum

from msgspec import Struct

from portal.keys import Keyring
from portal.problems import LINK_UNKNOWN, Problem

ID_BYTES = 32
_FORM = re.compile(r"[A-Za-z0-9_-]{96}", re.ASCII)
_SIGNED_BYTES = 40
_DOMAIN = b"portal link token v1\0"


class Purpose(IntEnum):
    """What a link is for; a token of one purpose is refused for any other."""

    EMAIL_VALIDATION = 1
    PASSWORD_RECOVERY = 2
    EMAIL_CHANGE = 3
    EMAIL_UNDO = 4


LIFETIME = {
    Purpose.EMAIL_VALIDATION: 3600,
    Purpose.PASSWORD_RECOVERY: 1800,
    Purpose.EMAIL_CHANGE: 3600,
    Purpose.EMAIL_UNDO: 7 * 86400,
}
"""Seconds a link stays valid, per purpose."""


class Token(Struct, frozen=True):
    """The signed content of a link. ``issued_at`` is in seconds since the epoch."""

    purpose: Purpose
    id: str
    issued_at: int

    @property
    def expires_at(self) -> int:
        """First second at which the link is no longer valid."""
        return self.issued_at + LIFETIME[self.purpose]


def new_id() -> str:
    """Return 256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(ID_BYTES)


def seal(keyring: Keyring, token: Token) -> str:
    """Return the text of ``token`` for a link: 96 URL-safe characters."""
    raw_id = base64.urlsafe_b64decode(token.id + "=")
    number = keyring.current
    signed = bytes((number, token.purpose)) + raw_id + token.issued_at.to_bytes(6)
    return base64.urlsafe_b64encode(signed + keyring.mac(_DOMAIN + signed, number)).decode()


def unseal(keyring: Keyring, text: str, *purposes: Purpose) -> Token:
    """Return the token behind ``text``.

    Raises ``Problem(LINK_UNKNOWN)`` unless it was sealed by one of our keys for one of these
    ``purposes``. It says nothing of the row and the clock: that is the caller's part.
    """
    if not _FORM.fullmatch(text):
        raise Problem(LINK_UNKNOWN)
    raw = base64.urlsafe_b64decode(text)
    if raw[0] not in keyring.keys or raw[1] not in purposes:
        raise Problem(LINK_UNKNOWN)
    signed, mac = raw[:_SIGNED_BYTES], raw[_SIGNED_BYTES:]
    if not hmac.compare_digest(mac, keyring.mac(_DOMAIN + signed, raw[0])):
        raise Problem(LINK_UNKNOWN)
    token_id = base64.urlsafe_b64encode(signed[2:34]).decode().rstrip("=")
    return Token(Purpose(raw[1]), token_id, int.from_bytes(signed[34:]))
