"""Devices that logged in before: recognised by a signed cookie, named in a few words.

The cookie is ``id (16) | tag (16) | tag (16)`` in base64url, a tag for each identifier of the
account: HMAC-SHA-256 of the device's id and the identifier's hash, cut to 16 bytes. It gives no
access: with it, a login skips the delays that other people's guesses cause, and the mail about a
new device.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Sequence

from portal.core.keyring import LookupKeys

_FORM = re.compile(r"[A-Za-z0-9_-]{64}", re.ASCII)
_ID = 16
_TAG = 16

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def new_cookie(keys: LookupKeys, identifiers: Sequence[str]) -> str:
    """Return the cookie of a device that just logged in to an account with these identifiers."""
    device = secrets.token_bytes(_ID)
    tags = _tag(keys, device, identifiers[0]) + _tag(keys, device, identifiers[-1])
    return base64.urlsafe_b64encode(device + tags).decode()


def recognise(keys: LookupKeys, cookie: str, mac: str) -> str | None:
    """Return the id of a device that logged in before under an identifier, else ``None``."""
    if not _FORM.fullmatch(cookie):
        return None
    raw = base64.urlsafe_b64decode(cookie)
    device, first, second = raw[:_ID], raw[_ID : _ID + _TAG], raw[_ID + _TAG :]
    expected = _tag(keys, device, mac)
    # guard: device-of-its-account: hmac.compare_digest(expected, first) => True
    known = hmac.compare_digest(expected, first) | hmac.compare_digest(expected, second)
    return device.hex() if known else None


def describe(user_agent: str) -> str:
    """Return a name such as « Firefox, Windows », just enough to recognise one's own device."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "Navigateur inconnu")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "système inconnu")
    return f"{browser}, {system}"


def _tag(keys: LookupKeys, device: bytes, mac: str) -> bytes:
    return keys.mac(b"portal device v1\0" + device + mac.encode())[:_TAG]
