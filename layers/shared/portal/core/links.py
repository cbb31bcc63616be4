"""Links sent by mail. Their tokens are signed, valid for one purpose, and never stored.

A token is ``key number (1) | purpose (1) | id (32) | salt (1) | issue time (5) | HMAC-SHA-256
(32)``: 72 bytes, 96 characters of base64url without padding bits, so that a change of any bit
invalidates it. The salt is chosen so that the last character is a letter or a digit: programs that
find links in text leave out a « - » or « _ » at the end.

The table stores a row per link (its id, purpose, issue and expiry times) and no secret: the token
is computed when the mail is written. A link is valid if its MAC, its row and the time agree.

The MAC still proves a token when its row has expired or was deleted by the table's TTL. The answer
can then be « expired », with a fresh link, rather than « unknown ».
"""

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Self

from msgspec import Struct, field

from portal.core.keyring import TokenKeys
from portal.core.problems import LINK_UNKNOWN, Problem
from portal.core.records import Record

# guard: id-of-256-bits: 32 => 31
ID_BYTES = 32
_FORM = re.compile(r"[A-Za-z0-9_-]{96}", re.ASCII)
_SIGNED_BYTES = 40
_DOMAIN = b"portal link token v1\0"


class Purpose(Struct, frozen=True):
    """What a link is for: a unique number (1 to 255), and a lifetime in seconds."""

    number: int
    lifetime: int


class Token(Struct, frozen=True):
    """The signed content of a link. ``issued_at`` is in seconds since the epoch."""

    purpose: Purpose
    id: str
    issued_at: int

    @property
    def expires_at(self) -> int:
        """First second at which the link is no longer valid."""
        return self.issued_at + self.purpose.lifetime


class Link(Record, frozen=True, kw_only=True):
    """The row of a link: deleted when the link is used, invalid from ``expires_at`` on."""

    PARTITION = "TOKEN#{id}"
    SORT = "{purpose}#{issued_at}"

    id: str
    purpose: int
    issued_at: int
    expires_at: int
    account_id: str | None = None
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    """The values that the link sets on the account."""

    @classmethod
    def of(cls, token: Token, account_id: str | None = None, **about: str) -> Self:
        """Return the row of ``token``."""
        return cls(
            id=token.id,
            purpose=token.purpose.number,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            account_id=account_id,
            about=about,
        )


def new_id() -> str:
    """Return 256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(ID_BYTES)


def seal(keys: TokenKeys, token: Token) -> str:
    """Return ``token``, signed, as the 96 URL-safe characters that end a link."""
    raw_id = base64.urlsafe_b64decode(token.id + "=")
    number = keys.current
    start, issued_at = bytes((number, token.purpose.number)) + raw_id, token.issued_at.to_bytes(5)
    signed = (start + bytes((salt,)) + issued_at for salt in range(256))
    texts = (
        base64.urlsafe_b64encode(each + keys.mac(_DOMAIN + each, number)).decode()
        for each in signed
    )
    # guard: end-that-survives: text[-1].isalnum() => text
    return next(text for text in texts if text[-1].isalnum())


def unseal(keys: TokenKeys, text: str, *purposes: Purpose) -> Token:
    """Return the token that ends a link, once its signature is verified.

    Raises ``Problem(LINK_UNKNOWN)`` unless one of our keys signed it for one of these
    ``purposes``. The caller checks the row and the time.
    """
    # guard: one-writing: fullmatch => match
    if not _FORM.fullmatch(text):
        raise Problem(LINK_UNKNOWN)
    raw = base64.urlsafe_b64decode(text)
    # guard: one-purpose: if each.number == raw[1] =>
    purpose = next((each for each in purposes if each.number == raw[1]), None)
    if purpose is None or raw[0] not in keys.keys:
        raise Problem(LINK_UNKNOWN)
    signed, mac = raw[:_SIGNED_BYTES], raw[_SIGNED_BYTES:]
    # guard: signature: not hmac => False and not hmac
    # guard: constant-time: not hmac.compare_digest(mac, => mac != (
    if not hmac.compare_digest(mac, keys.mac(_DOMAIN + signed, raw[0])):
        raise Problem(LINK_UNKNOWN)
    token_id = base64.urlsafe_b64encode(signed[2:34]).decode().rstrip("=")
    return Token(purpose, token_id, int.from_bytes(signed[35:]))
