"""The records of plans of payment."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from portal.core.records import Record
from portal.declarations import records as declared

type Subject = Literal["reminder", "missed"]


class Plan(Record, frozen=True, kw_only=True):
    """A plan by which what is due is paid in instalments (délai de paiement).

    Two that are signed at once take the same sort key, and one is refused.
    """

    PARTITION = declared.PARTITION
    SORT = "PLAN#{number:03}"

    account_id: str
    number: int
    signed_at: int
    actor_id: str
    methods: tuple[str, ...]
    """How the person had proved who they are, at most five minutes before."""
    why: str
    """The reason that the person gave."""
    covers: Sequence[str]
    """By period: its code, the principal and the surcharges that were due, in cents."""
    remitted_cents: int
    """Of the surcharges, while the plan is kept."""
    instalments: Sequence[str]
    """The day and the cents of each."""
    decided_at: int | None = None
    """When it was agreed, at once or by the back office, or refused."""
    refused: bool = False
    answer: str | None = None
    """What the back office says of its decision, to the person."""
    decided_ms: int | None = None
    """The time of the back office's event; ``None`` for a plan that is agreed at once."""
    told_at: int | None = None
    """When the person was told that it ended by a missed instalment."""


class InstalmentLook(Record, frozen=True, kw_only=True):
    """An instalment to look at, under the day on which something of it is to be told."""

    PARTITION = "INSTALMENT#{day}"
    SORT = "{account_id}#{number:03}#{place:02}#{subject}"

    day: str
    account_id: str
    number: int
    """Of the plan."""
    place: int
    """Of the instalment in it, from 1."""
    subject: Subject
    look_at: int
    expires_at: int


class SealedPlan(Record, frozen=True, kw_only=True):
    """A plan whose account is deleted, kept because the law obliges to; no function reads it."""

    PARTITION = "ARCHIVE#{holder}"
    SORT = "PLAN#{signed_at}#{number:03}"
    ADD_ONLY: ClassVar = True

    holder: str
    """MAC of the Siret, else the account's id."""
    number: int
    signed_at: int
    covers: Sequence[str]
    remitted_cents: int
    instalments: Sequence[str]
    decided_at: int | None
    refused: bool
    expires_at: int
