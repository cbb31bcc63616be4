"""Secret keys: read from Secrets Manager, never stored, never made here.

A secret is a JSON object of numbered keys, ``{"1": "<text>"}``. Every number present is accepted;
the highest signs, but in a new version of a secret only once every function has read it. So a key
is rotated by adding the next one, under load, and, later, by removing the old.
"""

import time

from portal.core import aws
from portal.core.keyring import Keyring, LookupKeys, PepperKeys, TokenKeys
from portal.core.settings import settings

_cache: dict[str, tuple[float, Keyring]] = {}


def _read[Keys: Keyring](kind: type[Keys], secret_id: str) -> Keys:
    """Return the keys of a secret, read again when they are as old as the settings say."""
    now = time.monotonic()
    refresh = settings().key_refresh
    read_at, cached = _cache.get(secret_id, (0.0, None))
    if isinstance(cached, kind) and now - read_at < refresh:
        return cached
    secret = aws.secrets_manager().get_secret_value(SecretId=secret_id)
    age = time.time() - secret["CreatedDate"].timestamp()
    # Twice: the last to have read the version before this one, and a clock that is off.
    keys = kind.parse(secret["SecretString"], age, settled=2 * refresh)
    _cache[secret_id] = (now, keys)
    return keys


def token_keys() -> TokenKeys:
    """Return the keys that sign links."""
    return _read(TokenKeys, settings().token_secret)


def lookup_keys() -> LookupKeys:
    """Return the key that hashes identifiers."""
    return _read(LookupKeys, settings().lookup_secret)


def pepper_keys() -> PepperKeys:
    """Return the keys that pepper passwords."""
    return _read(PepperKeys, settings().pepper_secret)
