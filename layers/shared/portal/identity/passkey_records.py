"""The record of a passkey, without the library that checks its signatures."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import ClassVar

from portal.core.records import Record
from portal.core.writes import Write, delete


class Passkey(Record, frozen=True, kw_only=True):
    """A passkey (WebAuthn) of an account, in one of its places: what checks its signatures."""

    PARTITION = "PASSKEYS#{account_id}"
    SORT = "{place}"
    # guard: ten-passkeys: 10 => 11
    PLACES: ClassVar = 10

    account_id: str
    place: int
    credential_id: bytes
    public_key: bytes
    """A COSE key."""
    sign_count: int
    """What its authenticator counted last; 0 for one that counts nothing."""
    can_be_copied: bool
    """Whether its authenticator may copy it to other devices; never changes."""
    copied: bool
    """Whether it was, when it was last used."""
    label: str
    """What its holder calls it."""
    created_at: int
    last_used_at: int | None = None
    transports: Sequence[str] = ()
    """How a browser reaches its authenticator: a hint for it."""

    @property
    def id(self) -> str:
        """Public id of the passkey; it opens nothing."""
        return hashlib.sha256(self.credential_id).hexdigest()[:16]


def end_passkeys(account_id: str) -> Iterator[Write]:
    """Yield the writes that end every passkey of an account."""
    for place in range(Passkey.PLACES):
        yield delete(Passkey.key_of(account_id=account_id, place=place))
