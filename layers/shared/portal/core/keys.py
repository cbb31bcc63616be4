"""Secret keys: read from Secrets Manager, never stored or generated here.

A secret is a JSON object of numbered keys, ``{"1": "<text>"}``. Every key in it is accepted. The
highest number signs, but in a new version of a secret only once every function has read it. To
rotate a key while the service runs, add the next one and, later, remove the old one.
"""

import time

from portal.core import aws
from portal.core.keyring import ClientSecrets, Keyring, LookupKeys, PepperKeys, TokenKeys
from portal.core.settings import settings

_cache: dict[str, tuple[float, Keyring]] = {}


def _read[Keys: Keyring](kind: type[Keys], secret_id: str) -> Keys:
    """Return the keys of a secret, cached for the ``key_refresh`` seconds of the settings."""
    now = time.monotonic()
    refresh = settings().key_refresh
    read_at, cached = _cache.get(secret_id, (0.0, None))
    if isinstance(cached, kind) and now - read_at < refresh:
        return cached
    secret = aws.secrets_manager().get_secret_value(SecretId=secret_id)
    age = time.time() - secret["CreatedDate"].timestamp()
    # Twice: once for the last function that cached the version before, once for clock skew.
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


def client_secret(secret_id: str) -> str:
    """Return the secret by which a provider of OpenID Connect knows this service."""
    return _read(ClientSecrets, secret_id).text
