"""Secret keys: read from Secrets Manager, never stored, never made here.

A secret is a JSON object of numbered keys, ``{"1": "<text>"}``. Every number present is accepted;
the highest signs, but in a new version of a secret only once every function has read it. So a key
is rotated by adding the next one, under load, and, later, by removing the old.
"""

import hashlib
import hmac
import json
import time

from portal import aws
from portal.confidential import Confidential
from portal.settings import settings


class Keyring(Confidential, frozen=True):
    """The numbered keys of one secret; the newest signs unless ``signing`` names another."""

    keys: dict[int, bytes]
    signing: int | None = None

    @property
    def current(self) -> int:
        """The number of the key that signs today."""
        return self.signing or max(self.keys)

    def mac(self, message: bytes, number: int | None = None) -> bytes:
        """Return the HMAC-SHA-256 of ``message`` (32 bytes); ``KeyError`` for an unknown key."""
        key = self.keys[self.current if number is None else number]
        return hmac.digest(key, message, hashlib.sha256)


def parse(text: str, age: float, settled: float) -> Keyring:
    """Read a version of a secret that is ``age`` seconds old.

    Its newest key signs from ``settled`` seconds on: a function that read the secret before does
    not know it yet, and would refuse what it signs. Raises ``ValueError`` when there is no key.
    """
    keys = {int(number): key.encode() for number, key in json.loads(text).items()}
    if not keys:
        message = "a secret must hold at least one numbered key"
        raise ValueError(message)
    *older, newest = sorted(keys)
    return Keyring(keys, older[-1] if older and age < settled else newest)


_cache: dict[str, tuple[float, Keyring]] = {}


def keyring(secret_id: str) -> Keyring:
    """Return the keys of a secret, read again when they are as old as the settings say."""
    now = time.monotonic()
    refresh = settings().key_refresh
    cached = _cache.get(secret_id)
    if cached and now - cached[0] < refresh:
        return cached[1]
    secret = aws.secrets_manager().get_secret_value(SecretId=secret_id)
    age = time.time() - secret["CreatedDate"].timestamp()
    # Twice: the last to have read the version before this one, and a clock that is off.
    keys = parse(secret["SecretString"], age, settled=2 * refresh)
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
