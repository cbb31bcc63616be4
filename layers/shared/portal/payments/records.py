"""The records of the payments: mandates, and what is kept of those that ended."""

from typing import ClassVar, Literal

from portal.core.records import Record

type Scheme = Literal["core", "b2b"]

PARTITION = "MANDATE#{account_id}"


class Mandate(Record, frozen=True, kw_only=True):
    """A SEPA mandate: the holder of a bank account lets it be debited.

    The sort key counts the mandates of an account, so that two that are signed at once take the
    same key, and one is refused.
    """

    PARTITION = PARTITION
    SORT = "{number:04}"

    account_id: str
    number: int
    rum: str
    """Its reference (référence unique de mandat)."""
    counted_for: str
    """MAC of the Siret in the reference, else the account's id."""
    scheme: Scheme
    holder: str
    iban_encrypted: bytes
    iban_mac: str
    last_four: str
    signed_at: int
    actor_id: str
    methods: tuple[str, ...]
    """How the person had proved who they are, at most five minutes before."""
    ip_mac: str
    text_version: int
    document_sha256: str
    """Of the text that was signed."""
    used_at: int
    """When it was signed, or last debited."""
    revoked_at: int | None = None
    expires_at: int | None = None


class RumSequence(Record, frozen=True, kw_only=True):
    """How many references of mandates were given for a Siret, or for an account without one.

    It outlasts the account: a reference is never given twice.
    """

    PARTITION = "RUM#{counted_for}"
    SORT = "RUM"

    counted_for: str
    last_given: int
    expires_at: int


class SealedMandate(Record, frozen=True, kw_only=True):
    """A mandate that ended, with the proof of its signature; no function may read it."""

    PARTITION = "ARCHIVE#{counted_for}"
    SORT = "MANDATE#{signed_at}#{number:04}"
    ADD_ONLY: ClassVar = True

    account_id: str
    """The context in which the IBAN is encrypted."""
    number: int
    rum: str
    counted_for: str
    scheme: str
    holder: str
    iban_encrypted: bytes
    last_four: str
    signed_at: int
    actor_id: str
    methods: tuple[str, ...]
    ip_mac: str
    text_version: int
    document_sha256: str
    used_at: int
    expires_at: int
