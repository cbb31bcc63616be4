"""Devices that logged in before: recognised by a signed cookie, named in a few words.

The cookie is ``id (16) | tag (32)`` in base64url. The tag is an HMAC-SHA-256 of the ids of device
and account and of the account's *trust*, a random text stored with the credentials. So a device
stays known when the address changes, and every device is forgotten when the trust is replaced: with
the password, or by undoing a change. The cookie gives no access: with it, a login skips the delays
that other people's guesses cause, and the mail about a new device.
"""

import base64
import hmac
import re
import secrets

from portal.core.keyring import LookupKeys

_FORM = re.compile(r"[A-Za-z0-9_-]{64}", re.ASCII)
_ID = 16

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


def new_trust() -> str:
    """Return a trust, which no cookie issued so far is bound to."""
    return secrets.token_urlsafe(16)


def new_cookie(keys: LookupKeys, account_id: str, trust: str) -> str:
    """Return the cookie of a device that just logged in to an account with this trust."""
    device = secrets.token_bytes(_ID)
    return base64.urlsafe_b64encode(device + _tag(keys, device, account_id, trust)).decode()


def recognise(keys: LookupKeys, cookie: str, account_id: str, trust: str) -> str | None:
    """Return the id of a device that logged in to an account under its present trust, or None."""
    if not _FORM.fullmatch(cookie):
        return None
    raw = base64.urlsafe_b64decode(cookie)
    device, tag = raw[:_ID], raw[_ID:]
    # guard: device-of-its-account: hmac.compare_digest(tag, => bool(
    known = hmac.compare_digest(tag, _tag(keys, device, account_id, trust))
    return device.hex() if known else None


def describe(user_agent: str) -> str:
    """Return a name such as « Firefox 140, Windows », enough to tell one's own devices apart.

    Of the browser's version only the first number is kept, of the system none: together with all
    that a browser sends, they would identify a person.
    """
    found = next((each for each in _BROWSERS if each[0] in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "système inconnu")
    if not found:
        return f"Navigateur inconnu, {system}"
    mark, browser = found
    # Safari's own version is after « Version ».
    version = re.search(rf"{'Version' if mark == 'Safari' else mark}\w*/(\d{{1,3}})\b", user_agent)
    return f"{browser} {version[1]}, {system}" if version else f"{browser}, {system}"


def _tag(keys: LookupKeys, device: bytes, account_id: str, trust: str) -> bytes:
    return keys.mac(b"portal device v2\0" + device + f"{account_id}\0{trust}".encode())
