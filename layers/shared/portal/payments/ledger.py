"""The ledger of an account at a time, from its book: declarations, payments, plans.

Nothing of it is stored. What is due, what comes, what is on its way and each entry follow from
what was declared, paid and agreed, and from the time.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from portal.declarations.book import Book, State
from portal.declarations.timeline import periods_of
from portal.payments.book import payments_of
from portal.payments.facts import agreed_of, debts_of, paid_of, plans_of
from portal.payments.plan_records import Plan
from portal.payments.records import Payment
from portal.rules.accounts import Entry, Open, Outcome
from portal.rules.accounts import Ledger as Computed
from portal.rules.days import day_in_paris
from portal.rules.ledger import ledger
from portal.rules.periods import Period, span_of

# guard: instalments-seven-days-before: 7 => 70
_PAYABLE_BEFORE = timedelta(days=7)


class Item(NamedTuple):
    """Something to pay by a day: a period, or an instalment of a plan."""

    code: str
    label: str
    due_on: date
    open: Open


class Ledger(NamedTuple):
    """What an account owes at a time."""

    now: int
    computed: Computed
    periods: dict[str, Period]
    """Those that are declared, or are to be."""
    overdue: Sequence[str]
    """Those that are due and not declared."""
    payments: Sequence[Payment]
    plans: Sequence[Plan]
    by_mail: bool
    """Whether the person wants reminders by mail."""

    @property
    def balance_cents(self) -> int:
        """What is owed; below zero, what is to the person's credit."""
        return self.computed.balance_cents

    @property
    def entries(self) -> Sequence[Entry]:
        """The entries, the oldest first."""
        return self.computed.entries

    @property
    def due(self) -> list[Item]:
        """What is due and not paid, the oldest first; what a plan covers, by its instalments."""
        found = [
            Item(code, self.periods[code].label, account.debt.due_on, account.open)
            for code, account in self.computed.accounts.items()
            if account.open != Open() and not self.is_in_plan(code)
        ]
        today = day_in_paris(self.now)
        return found + [each for each in self._instalments() if each.due_on <= today]

    @property
    def upcoming(self) -> list[Item]:
        """What is to be paid later: what was declared and is not due yet, the next instalments."""
        found = [
            Item(code, self.periods[code].label, account.debt.due_on, self._declared(code))
            for code, account in self.computed.accounts.items()
            if not account.is_due and self._declared(code) != Open()
        ]
        today = day_in_paris(self.now)
        return found + [each for each in self._instalments() if each.due_on > today]

    @property
    def in_progress(self) -> list[Payment]:
        """What was ordered, and neither settled nor failed yet."""
        return [each for each in self.payments if paid_of(each).is_live(self.now)]

    def open_of(self, code: str) -> Open:
        """Return what may be paid of a period or an instalment, orders on their way included.

        Nothing of a period that a plan covers, of what is not declared, and of an instalment more
        than seven days before its day.
        """
        account = self.computed.accounts.get(code)
        if account and not self.is_in_plan(code):
            return account.open if account.is_due else self._declared(code)
        last = day_in_paris(self.now) + _PAYABLE_BEFORE
        payable = (each for each in self._instalments() if each.due_on <= last)
        return next((each.open for each in payable if each.code == code), Open())

    def is_in_plan(self, code: str) -> bool:
        """Return whether a plan that runs covers a period."""
        account = self.computed.accounts.get(code)
        return bool(account and account.plan is not None and self._runs(account.plan))

    def outcome_of(self, plan: Plan) -> Outcome:
        """Return what became of a plan."""
        return self.computed.plans[plan.number]

    def paid_of(self, code: str) -> int:
        """Return what was paid of a period, and was not returned."""
        account = self.computed.accounts.get(code)
        return (account.paid if account else 0) + self._waiting(code)

    def _runs(self, number: int) -> bool:
        return self.computed.plans[number].state == "running"

    def _declared(self, code: str) -> Open:
        """Return what was declared of a period that is not due, less what was paid already."""
        versions = self.computed.accounts[code].debt.versions
        return Open(max(versions[-1][1] - self._waiting(code), 0)) if versions else Open()

    def _waiting(self, code: str) -> int:
        return sum(each.cents for each in self.computed.credits if each.waits_for == code)

    def _instalments(self) -> Iterator[Item]:
        """Yield the unpaid instalments of the plan that runs."""
        paid = [paid_of(each) for each in self.payments]
        for plan in self.plans:
            if not self._runs(plan.number):
                continue
            agreed = agreed_of(plan)
            for place, each in enumerate(agreed.instalments, 1):
                settled = each.settled([one for one in paid if one.code == each.code], self.now)
                if settled < each.cents:
                    label = f"délai de paiement, échéance {place} sur {len(agreed.instalments)}"
                    yield Item(each.code, label, each.due_on, Open(each.cents - settled))


def ledger_of(book: Book, now: int) -> Ledger:
    """Return the ledger of a book at a time."""
    periods, undeclared = _periods(book, now)
    payments, plans = payments_of(book), plans_of(book)
    computed = ledger(
        debts_of(book, periods.values()), map(paid_of, payments), map(agreed_of, plans), now
    )
    overdue = [code for code, state in undeclared.items() if state == "overdue-undeclared"]
    wanted = book.business.reminder_mails
    return Ledger(now, computed, periods, overdue, payments, plans, wanted)


def _periods(book: Book, now: int) -> tuple[dict[str, Period], dict[str, State]]:
    """Return the periods that are declared, or are to be, and the states of those to be.

    How an undeclared one stands is asked of the book from the first of them on.
    """
    today = day_in_paris(now)
    periods = {period.code: period for period, _ in periods_of(book.business, today)}
    begins = (span_of(code).starts_on for code in periods if code not in book.declared)
    first = min(begins, default=None)
    if first is None:
        return periods, {}
    states: dict[str, State] = {
        each.period.code: each.state
        for each in book.periods(today, now, since=first)
        if not each.versions
    }
    waiting = {code for code, state in states.items() if state == "upcoming"}
    return {code: each for code, each in periods.items() if code not in waiting}, states
