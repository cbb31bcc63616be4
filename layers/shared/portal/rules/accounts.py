"""What a ledger is computed from, and the account of one period in it: pure, in cents."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

type Part = Literal["principal", "surcharges"]
type Kind = Literal[
    "declared", "correction", "majoration", "penalty", "remission", "payment", "return"
]
type Rule = Literal["P1", "P4", "P5", "P7"]
type PlanState = Literal["submitted", "running", "kept", "broken", "refused"]

PARTS: tuple[Part, ...] = ("principal", "surcharges")
"""In the order in which a payment pays them."""
NEVER = 1 << 60
"""A time after every other."""


class Debt(NamedTuple):
    """A period that is to be declared and paid."""

    code: str
    due_on: date
    due_at: int
    charged_on: date
    """The day from which it is late: later than due for who was affiliated too late."""
    charged_at: int
    versions: Sequence[tuple[int, int]]
    """Of its declaration: when, and what was due by it."""


class Paid(NamedTuple):
    """A payment for a period, for an instalment of a plan, or for neither."""

    id: str
    code: str
    cents: int
    ordered_at: int
    debited_at: int
    """As the day of the debit begins."""
    settled_at: int | None = None
    failed_at: int | None = None
    """When it was returned, or cancelled."""

    def has_failed(self, at: int) -> bool:
        """Return whether it was returned or cancelled by a time."""
        return self.failed_at is not None and self.failed_at <= at

    def is_settled(self, at: int) -> bool:
        """Return whether it was settled, and not returned, by a time."""
        return self.settled_at is not None and self.settled_at <= at and not self.has_failed(at)

    def is_live(self, at: int) -> bool:
        """Return whether it was ordered, and neither settled nor failed, by a time."""
        settled = self.settled_at is not None and self.settled_at <= at
        return self.ordered_at <= at and not settled and not self.has_failed(at)


class Instalment(NamedTuple):
    """A part of a plan: what is to be paid by noon of a day."""

    code: str
    due_on: date
    due_at: int
    cents: int

    def ordered(self, payments: Iterable[Paid], now: int) -> int:
        """Return how much was ordered for it before a time, and had not failed."""
        return sum(
            each.cents for each in payments if each.ordered_at < now and not each.has_failed(now)
        )

    def settled(self, payments: Iterable[Paid], now: int) -> int:
        """Return how much was settled for it, and had not been returned."""
        return sum(each.cents for each in payments if each.is_settled(now))


class Agreed(NamedTuple):
    """A plan by which some periods are paid in instalments; what they owe is frozen meanwhile."""

    number: int
    codes: Sequence[str]
    signed_at: int
    instalments: Sequence[Instalment]
    agreed_at: int | None = None
    refused_at: int | None = None

    @property
    def decided_at(self) -> int | None:
        """When it was agreed or refused."""
        return self.agreed_at if self.refused_at is None else self.refused_at


class Outcome(NamedTuple):
    """What became of a plan, and since when."""

    state: PlanState
    at: int


class Entry(NamedTuple):
    """One line of a ledger: a debit, or below zero a credit."""

    at: int
    kind: Kind
    code: str
    cents: int
    rule: Rule | None = None
    payment_id: str | None = None


class Open(NamedTuple):
    """What is due of a period and not paid."""

    principal_cents: int = 0
    surcharges_cents: int = 0

    @property
    def cents(self) -> int:
        """All of it."""
        return self.principal_cents + self.surcharges_cents


@dataclass(slots=True, eq=False)
class Credit:
    """What a payment has left. It waits for its period until that is due, then it is free."""

    payment_id: str
    cents: int
    waits_for: str | None = None


class _Taken(NamedTuple):
    payment_id: str
    part: Part
    cents: int
    at: int
    """From when it counts as paid."""


@dataclass(slots=True, eq=False)
class Account:
    """The account of one period: what is owed, what was taken for it from which payment."""

    debt: Debt
    orders: list[Paid]
    """The payments for it."""
    is_due: bool = False
    principal: int = 0
    left: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    charged: dict[Rule, int] = field(default_factory=dict["Rule", int])
    """By rule, what was entered until now."""
    declared: int = 0
    """How many versions count."""
    months: list[int] = field(default_factory=list[int])
    """What was unpaid as each started month of delay began."""
    next_month: int = 0
    """When the next one begins; 0 while none is looked for."""
    plan: int | None = None
    frozen: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    taken: list[_Taken] = field(default_factory=list[_Taken])

    @property
    def open(self) -> Open:
        """What is due and not paid."""
        return Open(self.left["principal"], self.left["surcharges"])

    @property
    def paid(self) -> int:
        """What was taken for it from payments."""
        return sum(each.cents for each in self.taken)

    @property
    def added(self) -> int:
        """The surcharges, without what was remitted of them."""
        return sum(cents for rule, cents in self.charged.items() if rule != "P7")

    @property
    def paid_at(self) -> int:
        """When the last of its principal was declared or paid."""
        declared_at = self.debt.versions[self.declared - 1][0]
        return max([declared_at, *(each.at for each in self.taken if each.part == "principal")])

    def counts_from(self, payment: Paid) -> int:
        """Return when a payment counts: if ordered in time at once, else on the day of debit."""
        # guard: ordered-in-time: payment.ordered_at < self.debt.charged_at => False
        in_time = payment.ordered_at < self.debt.charged_at
        return payment.ordered_at if in_time else payment.debited_at

    def is_frozen(self, at: int) -> bool:
        """Return whether a plan that was signed and has not ended stops surcharges at a time."""
        return any(begins <= at < ends for begins, ends in self.frozen)

    def unpaid(self, since: int, now: int) -> int:
        """Return what was unpaid of the principal at a time, as it is known now.

        What was ordered counts as paid, until it is known that it was not.
        """
        if self.is_frozen(since):
            return 0
        paid = sum(
            each.cents for each in self.taken if each.part == "principal" and each.at <= since
        )
        paid += sum(
            each.cents
            for each in self.orders
            if each.is_live(now) and self.counts_from(each) <= since
        )
        return max(self.principal - paid, 0)

    def take(self, credit: Credit, part: Part, at: int) -> None:
        """Take from a credit what a part lacks; it counts as paid from a time."""
        cents = min(credit.cents, self.left[part])
        if cents > 0:
            credit.cents -= cents
            self.left[part] -= cents
            self.taken.append(_Taken(credit.payment_id, part, cents, at))

    def add(self, part: Part, cents: int) -> Iterator[Credit]:
        """Owe more, or less: yield what was paid and is no longer owed."""
        self.left[part] += cents
        while self.left[part] < 0:
            last = next(each for each in reversed(self.taken) if each.part == part)
            self.taken.remove(last)
            excess = min(last.cents, -self.left[part])
            self.left[part] += excess
            if last.cents > excess:
                self.taken.append(last._replace(cents=last.cents - excess))
            yield Credit(last.payment_id, excess)

    def give_back(self, payment_id: str) -> bool:
        """Owe again what a payment had paid; return whether it had paid anything."""
        back = [each for each in self.taken if each.payment_id == payment_id]
        for each in back:
            self.left[each.part] += each.cents
            self.taken.remove(each)
        return bool(back)


class Ledger(NamedTuple):
    """The entries until a time, the oldest first, and what they leave open."""

    entries: Sequence[Entry]
    accounts: Mapping[str, Account]
    """By period, the oldest due first."""
    credits: Sequence[Credit]
    """What was paid and pays nothing yet."""
    plans: Mapping[int, Outcome]

    @property
    def balance_cents(self) -> int:
        """What is owed; below zero, what is to the person's credit."""
        return sum(each.cents for each in self.entries)

    @property
    def is_balanced(self) -> bool:
        """Whether what is open, without what was paid in advance, is the balance."""
        left = sum(each.open.cents for each in self.accounts.values())
        return left - sum(each.cents for each in self.credits) == self.balance_cents
