"""The ways to log in that an account has: what its holder sees, and is offered to confirm by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.identity.records import Credentials

PASSWORD = "password"  # noqa: S105 - the name of a way
SECOND_FACTOR = "second-factor"
"""Not a way alone: a code that is asked for after the password."""
SSO = "sso"
"""An identity at a provider of OpenID Connect."""
PASSKEY = "passkey"


def ways(credentials: "Credentials", now: int) -> Sequence[str]:
    """Return the names of an account's ways to log in."""
    has = {
        PASSWORD: credentials.password_hash is not None,
        SECOND_FACTOR: credentials.asks_second_factor(now),
        SSO: bool(credentials.identities),
        PASSKEY: bool(credentials.passkeys),
    }
    return [name for name, there in has.items() if there]
