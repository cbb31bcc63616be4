"""The facts of a ledger, from the records of an account."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from portal.declarations.book import Book
from portal.payments.plan_records import Plan
from portal.payments.records import Payment
from portal.rules.accounts import Agreed, Debt, Instalment, Paid
from portal.rules.days import day_in_paris, midnight_in_paris, noon_in_paris
from portal.rules.periods import GRACE, Period

_AFTER_AGREEMENT = timedelta(days=7)
"""For the first instalment, of a plan that is agreed after its day."""
_SORT = Plan.SORT.partition("{")[0]


def plans_of(book: Book) -> Sequence[Plan]:
    """Return the plans of a book, the oldest first."""
    return [
        Plan.from_item(item) for item in book.others if str(item["sk"].get("S")).startswith(_SORT)
    ]


def codes_of(plan: Plan) -> Sequence[str]:
    """Return the periods that a plan covers."""
    return [each.partition(" ")[0] for each in plan.covers]


def debts_of(book: Book, periods: Iterable[Period]) -> Iterator[Debt]:
    """Yield the periods that are, or will be, to declare and pay."""
    affiliated_at = book.business.affiliated_at
    for period in periods:
        due_at = period.due_at
        charged_on, charged_at = period.due_on, due_at
        # guard: late-affiliation-is-not-late: affiliated_at > due_at - GRACE => False
        if affiliated_at is not None and affiliated_at > due_at - GRACE:
            charged_at = affiliated_at + GRACE
            charged_on = day_in_paris(charged_at)
        declared = book.declared.get(period.code, ())
        versions = [(each.at, 100 * each.total) for each in declared]
        yield Debt(period.code, period.due_on, due_at, charged_on, charged_at, versions)


def paid_of(payment: Payment) -> Paid:
    """Return a payment as the ledger takes it."""
    return Paid(
        id=payment.id,
        code=payment.code,
        cents=payment.amount_cents,
        ordered_at=payment.created_at,
        debited_at=midnight_in_paris(payment.debit_on),
        settled_at=payment.settled_at,
        failed_at=payment.ended_at,
    )


def agreed_of(plan: Plan) -> Agreed:
    """Return a plan as the ledger takes it."""
    agreed_at = None if plan.refused else plan.decided_at
    first = day_in_paris(agreed_at or 0) + _AFTER_AGREEMENT
    late = agreed_at is not None and agreed_at > plan.signed_at
    instalments: list[Instalment] = []
    for place, stored in enumerate(plan.instalments, 1):
        day, cents = stored.split()
        due_on = date.fromisoformat(day)
        by = max(due_on, first) if late else due_on
        code = f"PLAN-{plan.number:03}-{place:02}"
        instalments.append(Instalment(code, due_on, noon_in_paris(by), int(cents)))
    return Agreed(
        number=plan.number,
        codes=codes_of(plan),
        signed_at=plan.signed_at,
        instalments=instalments,
        agreed_at=agreed_at,
        refused_at=plan.decided_at if plan.refused else None,
    )
