"""The records of the payments: mandates, orders, the bank's files, what is kept of what ended."""

from datetime import date
from typing import ClassVar, Literal

from portal.core.records import Record
from portal.declarations import records as declared

type Scheme = Literal["core", "b2b"]
type Stage = Literal["ordered", "sent", "settled", "returned", "cancelled"]

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
    orders: int | None = None
    """How many payments were ordered with it; a revocation sees whether there is one more."""
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


class Payment(Record, frozen=True, kw_only=True):
    """An order to debit a bank account for a period, and what became of it.

    It is in the partition of the declarations, so that one query reads what is due and what was
    paid. Two orders given at once for a period take the same sort key, and one is refused.
    """

    PARTITION = declared.PARTITION
    SORT = "PAYMENT#{code}#{number:03}"

    account_id: str
    code: str
    """Of the period."""
    number: int
    """Which order of the period it is, from 1."""
    id: str
    """The day of the debit, then random digits; the bank sends it back as ``EndToEndId``."""
    idempotency_mac: str
    """MAC of the key with which it was ordered."""
    version: int
    """Of the declaration that it pays."""
    amount_cents: int
    rum: str
    mandate_number: int
    last_four: str
    actor_id: str
    created_at: int
    late: bool = False
    """Whether it was ordered too late to be debited on the due day."""
    stage: Stage = "ordered"
    reason: str | None = None
    """The code of the bank that returned it, such as ``AM04``; ``revoked``, ``corrected``."""
    settled_at: int | None = None
    ended_at: int | None = None
    """When it was returned or cancelled."""

    @property
    def debit_on(self) -> date:
        """The day of the debit."""
        return day_of(self.id)


def day_of(payment_id: str) -> date:
    """Return the day of the debit of a payment; raises ``ValueError`` for what is no such id."""
    return date.fromisoformat(payment_id[:8])


class Debit(Record, frozen=True, kw_only=True):
    """What the bank's file says of a payment, under the day of the debit; removed if cancelled."""

    PARTITION = "DEBIT#{day}"
    SORT = "{id}"

    day: str
    id: str
    account_id: str
    """The context in which the IBAN is encrypted."""
    code: str
    number: int
    amount_cents: int
    rum: str
    scheme: Scheme
    holder: str
    iban_encrypted: bytes
    signed_on: str
    """The day of the mandate."""
    expires_at: int


class DayOfDebits(Record, frozen=True, kw_only=True):
    """A day whose cut-off passed: none of its debits is added or removed any more.

    So its files have the same content each time they are written.
    """

    PARTITION = "FILE#{day}"
    SORT = "FILE"

    day: str
    closed_at: int
    collect_on: str
    """The day that its files ask for: later than its own when they are made too late for it."""
    expires_at: int
    done_at: int | None = None
    """When all its files were written, and its payments marked as sent."""


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


class SealedPayment(Record, frozen=True, kw_only=True):
    """A payment whose account is deleted, kept because the law obliges to; no function reads it."""

    PARTITION = "ARCHIVE#{holder}"
    SORT = "PAYMENT#{code}#{number:03}"
    ADD_ONLY: ClassVar = True

    holder: str
    """MAC of the Siret, else the account's id."""
    code: str
    number: int
    id: str
    version: int
    amount_cents: int
    rum: str
    created_at: int
    stage: str
    reason: str | None
    settled_at: int | None
    ended_at: int | None
    expires_at: int
