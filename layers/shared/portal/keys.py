"""Secret keys: read from Secrets Manager, never stored, never made here.

A secret is a JSON object of numbered keys, ``{"1": "<text>"}``. The highest number signs; every
number present is accepted, so a key is rotated by adding the next one and, later, removing the
old.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field

from portal import aws
from portal.settings import settings

_FRESH = 300.0
"""Seconds after which a secret is read again, so that a rotation reaches warm functions."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The numbered keys of one secret."""

    keys: dict[int, bytes] = field(repr=False)

    @property
    def current(self) -> int:
        """The number of the key that signs today."""
        return max(self.keys)

    def mac(self, message: bytes, number: int | None = None) -> bytes:
        """Return the HMAC-SHA-256 of ``message`` (32 bytes); ``KeyError`` for an unknown key."""
        key = self.keys[self.current if number is None else number]
        return hmac.digest(key, message, hashlib.sha256)


def parse(text: str) -> Keyring:
    """Read a secret's text; raises ``ValueError`` when it holds no numbered key."""
    keys = {int(number): key.encode() for number, key in json.loads(text).items()}
    if not keys:
        message = "a secret must hold at least one numbered key"
        raise ValueError(message)
    return Keyring(keys)


_cache: dict[str, tuple[float, Keyring]] = {}


def keyring(secret_id: str) -> Keyring:
    """Return the keys of a secret, at most five minutes old."""
    now = time.monotonic()
    cached = _cache.get(secret_id)
    if cached and now - cached[0] < _FRESH:
        return cached[1]
    keys = parse(aws.secrets_manager().get_secret_value(SecretId=secret_id)["SecretString"])
    _cache[secret_id] = (now, keys)
    return keys


def token_keys() -> Keyring:
    """Return the keys that sign links."""
    return keyring(settings().token_secret)


def lookup_keys() -> Keyring:
    """Return the key that hashes identifiers."""
    return keyring(settings().lookup_secret)


def pepper_keys() -> Keyring:
    """Return the keys that pepper passwords."""
    return keyring(settings().pepper_secret)
