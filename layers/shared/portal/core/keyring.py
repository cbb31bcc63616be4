"""Numbered secret keys: one type for each use, so that no key is used for another."""

import hashlib
import hmac
import json
from typing import Self

from portal.core.confidential import Confidential


class Keyring(Confidential, frozen=True):
    """The numbered keys of one secret; the newest signs unless ``signing`` names another."""

    keys: dict[int, bytes]
    signing: int | None = None

    @classmethod
    def parse(cls, text: str, age: float, settled: float) -> Self:
        """Read a version of a secret that is ``age`` seconds old.

        The newest key signs only once the version is ``settled`` seconds old: until then, a
        function that read the version before does not know the key, and would refuse what it
        signs. Raises ``ValueError`` when there is no key.
        """
        keys = {int(number): key.encode() for number, key in json.loads(text).items()}
        if not keys:
            message = "a secret must have at least one numbered key"
            raise ValueError(message)
        *older, newest = sorted(keys)
        return cls(keys, older[-1] if older and age < settled else newest)

    @property
    def current(self) -> int:
        """The number of the key that signs today."""
        return self.signing or max(self.keys)

    def mac(self, message: bytes, number: int | None = None) -> bytes:
        """Return the HMAC-SHA-256 of ``message`` (32 bytes); ``KeyError`` for an unknown key."""
        key = self.keys[self.current if number is None else number]
        return hmac.digest(key, message, hashlib.sha256)


class TokenKeys(Keyring, frozen=True):
    """The keys that sign the tokens of links."""


class PepperKeys(Keyring, frozen=True):
    """The keys that pepper passwords."""


class LookupKeys(Keyring, frozen=True):
    """The key that hashes identifiers: always the oldest.

    A stored hash cannot be recomputed without the original value: this key is never rotated.
    """

    @property
    def current(self) -> int:
        """The number of the oldest key."""
        return min(self.keys)


class ClientSecrets(Keyring, frozen=True):
    """The secrets by which a provider of OpenID Connect knows this service."""

    @property
    def text(self) -> str:
        """The secret that is used today."""
        return self.keys[self.current].decode()
