"""The bodies of the answers about what is owed."""

from portal.core.clock import rfc3339_seconds
from portal.http.fields import StrictModel
from portal.payments.ledger import Item, Ledger
from portal.payments.records import Payment
from portal.rules.accounts import Entry

PAGE = 50
"""Entries of a page."""


class ItemShown(StrictModel):
    """Something to pay by a day: a period, or an instalment of a plan (``PLAN-001-03``)."""

    period: str
    label: str
    due_on: str
    principal_cents: int
    surcharges_cents: int
    total_cents: int


class InProgressShown(StrictModel):
    """A payment that was ordered and is not settled yet; ``state`` is ``ordered`` or ``sent``."""

    id: str
    period: str
    amount_cents: int
    debit_on: str
    state: str


class EntryShown(StrictModel):
    """A line of the ledger: a debit, or below zero a credit.

    ``kind`` is ``declared``, ``correction``, ``majoration``, ``penalty``, ``remission``,
    ``payment`` or ``return``. ``rule`` says by which rule an amount was added or remitted: ``P1``
    for a missing declaration, ``P4`` for what was unpaid when it was due, ``P5`` for a month of
    delay, ``P7`` for the remission of a first delay.
    """

    at: str | None
    kind: str
    period: str
    amount_cents: int
    rule: str | None
    payment_id: str | None


class BalanceShown(StrictModel):
    """What is owed, below zero what is to the person's credit; entries are newest first."""

    balance_cents: int
    due: list[ItemShown]
    upcoming: list[ItemShown]
    in_progress: list[InProgressShown]
    entries: list[EntryShown]
    next_cursor: str | None


def balance_shown(ledger: Ledger, before: int | None) -> BalanceShown:
    """Return a ledger as the API writes it, with the entries before one, or the newest.

    Entries are only added, so that the number of one is always its own.
    """
    end = len(ledger.entries) if before is None else before
    begin = max(end - PAGE, 0)
    return BalanceShown(
        balance_cents=ledger.balance_cents,
        due=[*map(item_shown, ledger.due)],
        upcoming=[*map(item_shown, ledger.upcoming)],
        in_progress=[*map(_in_progress, ledger.in_progress)],
        entries=[*map(_entry, reversed(ledger.entries[begin:end]))],
        next_cursor=str(begin) if begin else None,
    )


def item_shown(item: Item) -> ItemShown:
    """Return something to pay as the API writes it."""
    return ItemShown(
        period=item.code,
        label=item.label,
        due_on=item.due_on.isoformat(),
        principal_cents=item.open.principal_cents,
        surcharges_cents=item.open.surcharges_cents,
        total_cents=item.open.cents,
    )


def _in_progress(payment: Payment) -> InProgressShown:
    return InProgressShown(
        id=payment.id,
        period=payment.code,
        amount_cents=payment.amount_cents,
        debit_on=payment.debit_on.isoformat(),
        state=payment.stage,
    )


def _entry(entry: Entry) -> EntryShown:
    return EntryShown(
        at=rfc3339_seconds(entry.at),
        kind=entry.kind,
        period=entry.code,
        amount_cents=entry.cents,
        rule=entry.rule,
        payment_id=entry.payment_id,
    )
