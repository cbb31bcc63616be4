"""What an account owes at a time: a ledger that is computed from facts, in cents. Pure.

The facts are what was declared, paid and agreed, each with its time. They are taken one after
another, and each adds its entries: so the entries until a time begin those until any later one.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence

from portal.rules import surcharges
from portal.rules.accounts import (
    NEVER,
    PARTS,
    Account,
    Agreed,
    Credit,
    Debt,
    Entry,
    Kind,
    Ledger,
    Outcome,
    Paid,
    PlanState,
    Rule,
)
from portal.rules.days import months_after

_DUE, _DECLARED, _SETTLED, _FAILED, _SIGNED, _DECIDED, _INSTALMENT, _LATE, _MONTH = range(9)
"""What happens, in the order in which it counts when it does at one time."""
# guard: thirty-days-to-remit: 30 * 24 => 60 * 24
_GRACE = 30 * 24 * 3600
_MONTHS_WITHOUT_DELAY = 24


def ledger(
    debts: Iterable[Debt], payments: Iterable[Paid], plans: Iterable[Agreed], now: int
) -> Ledger:
    """Return the ledger at a time; the order in which the facts are given does not matter."""
    fold = _Fold(debts, payments, plans)
    fold.run(now)
    return Ledger(fold.entries, fold.accounts, fold.credits, fold.outcomes)


class _Fold:
    """Takes the facts in the order of their times."""

    def __init__(
        self, debts: Iterable[Debt], payments: Iterable[Paid], plans: Iterable[Agreed]
    ) -> None:
        self.payments = {each.id: each for each in payments}
        self.plans = {each.number: each for each in plans}
        self._of = defaultdict[str, list[Paid]](list)
        for each in self.payments.values():
            self._of[each.code].append(each)
        ordered = sorted(debts, key=lambda each: (each.due_at, each.code))
        self.accounts = {each.code: Account(each, self._of[each.code]) for each in ordered}
        self.outcomes = {
            each.number: Outcome("submitted", each.signed_at) for each in self.plans.values()
        }
        self.entries: list[Entry] = []
        self.credits: list[Credit] = []
        self.now = 0
        self._late: list[Account] = []
        self._plan_of = {
            each.code: plan for plan in self.plans.values() for each in plan.instalments
        }
        self._facts = [*self._expected()]
        heapq.heapify(self._facts)

    def run(self, until: int) -> None:
        """Take the facts until a time."""
        happens = {
            _DUE: self._become_due,
            _DECLARED: self._be_declared,
            _SETTLED: self._settle,
            _FAILED: self._fail,
            _SIGNED: self._sign,
            _DECIDED: self._decide,
            _INSTALMENT: self._look_at_instalment,
            _LATE: self._become_late,
            _MONTH: self._begin_month,
        }
        while self._facts and self._facts[0][0] <= until:
            self.now, fact, name, number = heapq.heappop(self._facts)
            happens[fact](name, number)

    def _expected(self) -> Iterable[tuple[int, int, str, int]]:
        for code, account in self.accounts.items():
            debt = account.debt
            yield debt.due_at, _DUE, code, 0
            yield debt.charged_at, _LATE, code, 0
            for number, (at, _) in enumerate(debt.versions):
                if at > debt.due_at:
                    yield at, _DECLARED, code, number
        for each in self.payments.values():
            if each.settled_at is not None:
                yield each.settled_at, _SETTLED, each.id, 0
            if each.failed_at is not None:
                yield each.failed_at, _FAILED, each.id, 0
        for plan in self.plans.values():
            yield plan.signed_at, _SIGNED, "", plan.number
            if plan.decided_at is not None:
                yield plan.decided_at, _DECIDED, "", plan.number

    def _become_due(self, code: str, _: int) -> None:
        account = self.accounts[code]
        account.is_due = True
        for number, (at, _cents) in enumerate(account.debt.versions):
            if at <= self.now:
                self._owe(account, number)
        for credit in [each for each in self.credits if each.waits_for == code]:
            self._pay(account, credit)
            credit.waits_for = None
        self._spend()

    def _be_declared(self, code: str, number: int) -> None:
        account = self.accounts[code]
        self._owe(account, number)
        self._spend()
        self._charge(account)

    def _owe(self, account: Account, number: int) -> None:
        cents = account.debt.versions[number][1] - account.principal
        account.declared = number + 1
        account.principal += cents
        self._enter("correction" if number else "declared", account.debt.code, cents)
        self.credits += account.add("principal", cents)

    def _enter(
        self,
        kind: Kind,
        code: str,
        cents: int,
        rule: Rule | None = None,
        payment_id: str | None = None,
    ) -> None:
        if cents:
            self.entries.append(Entry(self.now, kind, code, cents, rule, payment_id))

    def _settle(self, payment_id: str, _: int) -> None:
        payment = self.payments[payment_id]
        self._enter("payment", payment.code, -payment.cents, payment_id=payment_id)
        credit, account = Credit(payment_id, payment.cents), self.accounts.get(payment.code)
        self.credits.append(credit)
        plan = self._plan_of.get(payment.code)
        if account is None:
            for part in PARTS:
                for each in self._covered(plan) if plan else ():
                    each.take(credit, part, self.now)
        elif account.is_due:
            self._pay(account, credit)
            self._remit(account)
        else:
            credit.waits_for = payment.code
        self._spend()
        if plan:
            self._keep(plan)

    def _fail(self, payment_id: str, _: int) -> None:
        payment = self.payments[payment_id]
        changed = [each for each in self.accounts.values() if each.give_back(payment_id)]
        self.credits = [each for each in self.credits if each.payment_id != payment_id]
        if payment.settled_at is not None and payment.settled_at <= self.now:
            # guard: a-return-is-an-entry
            self._enter("return", payment.code, payment.cents, payment_id=payment_id)
        self._spend()
        own = self.accounts.get(payment.code)
        for account in [*changed, *([own] if own and own not in changed else [])]:
            self._charge(account)
        if plan := self._plan_of.get(payment.code):
            self._keep(plan)
            for place, each in enumerate(plan.instalments):
                if each.due_at <= self.now:
                    self._look_at_instalment(str(place), plan.number)

    def _pay(self, account: Account, credit: Credit) -> None:
        """Pay a period with the payment for it: its principal, then its surcharges."""
        at = account.counts_from(self.payments[credit.payment_id])
        for part in PARTS:
            account.take(credit, part, at)

    def _spend(self) -> None:
        """Pay with what is left: the oldest due first, the principal of all before surcharges."""
        free = [each for each in self.credits if each.waits_for is None and each.cents]
        if free:
            payable = [
                each
                for each in self.accounts.values()
                if each.is_due and not each.is_frozen(self.now)
            ]
            for part in PARTS:
                for account in payable:
                    for credit in free:
                        account.take(credit, part, self.now)
        self.credits = [each for each in self.credits if each.cents]

    def _become_late(self, code: str, _: int) -> None:
        account = self.accounts[code]
        if not account.declared:
            self._set(account, "P1", "penalty", surcharges.of_undeclared(account.debt.due_on))
        self._charge(account)

    def _begin_month(self, code: str, at: int) -> None:
        account = self.accounts[code]
        if account.next_month == at:
            account.months.append(account.unpaid(at, self.now))
            self._set_months(account)
            account.next_month = 0
            self._expect_month(account)

    def _charge(self, account: Account) -> None:
        """Compute what is added to a period from what is known now: a payment may have failed."""
        debt = account.debt
        if self.now < debt.charged_at or not account.declared:
            return
        begins = [debt.charged_at]
        while (at := surcharges.month_begins(debt.charged_on, len(begins) + 1)) <= self.now:
            begins.append(at)
        account.months = [account.unpaid(each, self.now) for each in begins]
        late = surcharges.of_unpaid(account.months[0], debt.due_on)
        self._set(account, "P4", "majoration", late)
        self._set_months(account)
        self._expect_month(account)
        self._remit(account)

    def _set_months(self, account: Account) -> None:
        due_on = account.debt.due_on
        monthly = surcharges.of_months(sum(account.months), due_on)
        self._set(account, "P5", "majoration", monthly)

    def _expect_month(self, account: Account) -> None:
        """Look at a period again when its next month of delay begins, while it is unpaid."""
        if account.left["principal"] and not account.next_month:
            following = len(account.months) + 1
            at = surcharges.month_begins(account.debt.charged_on, following)
            account.next_month = at
            heapq.heappush(self._facts, (at, _MONTH, account.debt.code, at))

    def _set(self, account: Account, rule: Rule, kind: Kind, cents: int) -> None:
        """Enter what a rule adds now to what it had added."""
        more = cents - account.charged.get(rule, 0)
        if more:
            account.charged[rule] = cents
            signed = -more if rule == "P7" else more
            self._enter(kind, account.debt.code, signed, rule)
            self.credits += account.add("surcharges", signed)
            if account not in self._late:
                self._late.append(account)

    def _remit(self, account: Account) -> None:
        if account.charged:
            remitted = account.added if self._is_remitted(account) else 0
            self._set(account, "P7", "remission", remitted)
            self._spend()

    def _is_remitted(self, account: Account) -> bool:
        """Return whether a first delay ended within thirty days: by a payment or a plan."""
        due_on, until = account.debt.due_on, account.debt.charged_at + _GRACE
        first = months_after(due_on, -_MONTHS_WITHOUT_DELAY)
        # guard: remitted-once-in-two-years: any(first <= each => any(False and first <= each
        if any(first <= each.debt.due_on < due_on for each in self._late):
            return False
        if not surcharges.is_remissible(account.added, due_on):
            return False
        if account.plan is not None and self.outcomes[account.plan].state in {"running", "kept"}:
            return self.plans[account.plan].signed_at <= until
        return bool(account.declared) and not account.left["principal"] and account.paid_at <= until

    def _sign(self, _: str, number: int) -> None:
        for account in self._covered(self.plans[number]):
            account.plan = number
        self._go_on(self.plans[number], "submitted")

    def _decide(self, _: str, number: int) -> None:
        plan = self.plans[number]
        if plan.refused_at is not None:
            self._end(plan, "refused")
            return
        self._go_on(plan, "running")
        for place, each in enumerate(plan.instalments):
            heapq.heappush(self._facts, (each.due_at, _INSTALMENT, str(place), number))
        for account in self._covered(plan):
            self._remit(account)

    def _look_at_instalment(self, place: str, number: int) -> None:
        """End a plan by an instalment that is unpaid at noon of its day."""
        plan = self.plans[number]
        instalment = plan.instalments[int(place)]
        ordered = instalment.ordered(self._of[instalment.code], self.now)
        # guard: missed-ends-the-plan: ordered < instalment.cents => False
        if self.outcomes[number].state == "running" and ordered < instalment.cents:
            self._end(plan, "broken")

    def _keep(self, plan: Agreed) -> None:
        """End a plan of which every instalment is settled; go on with one that has a return."""
        missing = any(
            each.settled(self._of[each.code], self.now) < each.cents for each in plan.instalments
        )
        state = self.outcomes[plan.number].state
        if state == "running" and not missing:
            self._end(plan, "kept")
        elif state == "kept" and missing:
            self._go_on(plan, "running")

    def _go_on(self, plan: Agreed, state: PlanState) -> None:
        self.outcomes[plan.number] = Outcome(state, self.now)
        for account in self._covered(plan):
            if not account.frozen or account.frozen[-1][1] < NEVER:
                # guard: frozen-at-signature
                account.frozen.append((self.now, NEVER))

    def _end(self, plan: Agreed, state: PlanState) -> None:
        self.outcomes[plan.number] = Outcome(state, self.now)
        for account in self._covered(plan):
            account.frozen[-1] = (account.frozen[-1][0], self.now)
            self._remit(account)

    def _covered(self, plan: Agreed) -> Sequence[Account]:
        return [self.accounts[code] for code in plan.codes if code in self.accounts]
