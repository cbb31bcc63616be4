"""The records of identities at a provider that open an account."""

from portal.core.records import Record


class LinkedIdentity(Record, frozen=True, kw_only=True):
    """An identity at a provider that opens an account, as its holder sees it."""

    PARTITION = "IDENTITIES#{account_id}"
    SORT = "{mac}"

    account_id: str
    mac: str
    """Keyed hash of issuer and subject."""
    issuer: str
    linked_at: int
    last_used_at: int | None = None
    ended: int | None = None
    """``Credentials.identities_ended`` when it was linked: it counts while that is the same."""


class IdentityHolder(Record, frozen=True, kw_only=True):
    """The one account that an identity at a provider opens."""

    PARTITION = "IDENTITY#{mac}"
    SORT = "ACCOUNT"

    mac: str
    account_id: str
    ended: int | None = None
    """As in ``LinkedIdentity``."""
