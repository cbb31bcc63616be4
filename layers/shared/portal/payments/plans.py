"""A person asks for a plan of payment, sees what it would be, signs it.

A plan covers all that is due, surcharges included, as it is when it is signed. A small one is
agreed at once; the back office decides on any other, see `plan_decisions.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from portal.core.problems import INVALID_REQUEST, UNAVAILABLE, FieldError, Problem
from portal.core.session import while_open
from portal.core.writes import Expr, RefusedError, Write, check, put_new
from portal.declarations.book import Book, open_book
from portal.payments.book import payments_of
from portal.payments.facts import agreed_of, codes_of
from portal.payments.ledger import Item, Ledger, ledger_of
from portal.payments.plan_looks import looks_of
from portal.payments.plan_notices import told
from portal.payments.plan_records import Plan
from portal.payments.problems import DECLARATION_MISSING, NOTHING_DUE, PLAN_RUNNING
from portal.payments.records import Payment
from portal.rules.days import day_in_paris, months_after
from portal.rules.instalments import days_of, divide
from portal.rules.surcharges import limit_of_plans

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.table import Table

_FIRST_WITHIN = timedelta(days=31)
# guard: twenty-euros-an-instalment: 20_00 => 1_00
_LEAST_CENTS = 20_00
"""Of an instalment, for a plan that is agreed at once."""
_LEAST = 1_00
"""Of an instalment of any plan."""
_MONTHS_WITHOUT_BREAK = 24
_OPEN = {"submitted", "running"}
_TRIES = 5
_MOST_COVERED = 60
"""Periods of a plan: it is signed in one transaction."""


class Asked(NamedTuple):
    """What a person asks for: how many instalments, the day of the first, and why."""

    instalments: int
    first_on: date
    why: str


class PlanTakenError(RefusedError):
    """Another plan was signed, or a payment ordered, since the book was read."""


def propose(table: "Table", acting: "Acting", asked: Asked) -> Plan:
    """Return the plan that would be signed, and store nothing.

    Raises ``Problem``: ``SERVICES_CLOSED``, ``DECLARATION_MISSING``, ``NOTHING_DUE``,
    ``PLAN_RUNNING``, ``INVALID_REQUEST``.
    """
    return _plan(open_book(table, acting), acting, asked)


def sign(table: "Table", acting: "Acting", asked: Asked) -> tuple[Ledger, Plan]:
    """Sign a plan; return it, with the ledger that it makes. The same again is the same plan.

    Raises ``Problem``, as ``propose`` does.
    """
    for _ in range(_TRIES):
        book = open_book(table, acting)
        ledger = ledger_of(book, acting.at)
        same = _same(ledger, asked)
        if same:
            return ledger, same
        plan = _plan(book, acting, asked)
        try:
            table.transact(
                # guard: no-plan-of-an-ended-session
                while_open(acting.session),
                put_new(plan, else_=PlanTakenError),
                *_unordered(book, plan),
                *told(plan, acting.at, actor=acting.actor_id),
                *looks_of(plan),
            )
        except PlanTakenError:
            continue
        return _ledger_with(book, plan, acting.at), plan
    raise Problem(UNAVAILABLE, retry_after=1)


def look(table: "Table", acting: "Acting") -> Ledger:
    """Return the ledger of an account, with its plans; raises ``Problem(SERVICES_CLOSED)``."""
    return ledger_of(open_book(table, acting), acting.at)


def _plan(book: Book, acting: "Acting", asked: Asked) -> Plan:
    ledger = ledger_of(book, acting.at)
    _require_none(ledger)
    _require_declared(ledger)
    covered = _covered(ledger)
    _require_soon(asked.first_on, day_in_paris(acting.at))
    owed = sum(each.open.cents for each in covered)
    plan = Plan(
        account_id=acting.account_id,
        number=len(ledger.plans) + 1,
        signed_at=acting.at,
        actor_id=acting.actor_id,
        methods=acting.session.methods,
        why=asked.why,
        covers=[
            f"{each.code} {each.open.principal_cents} {each.open.surcharges_cents}"
            for each in covered
        ],
        remitted_cents=0,
        instalments=(),
        decided_at=acting.at,
    )
    # What a plan that is agreed remits of a first delay.
    accounts = _ledger_with(book, plan, acting.at).computed.accounts
    left = sum(accounts[each.code].open.cents for each in covered)
    plan = _divided(plan, asked, left, owed - left)
    if _is_agreed(ledger, plan, owed, day_in_paris(acting.at)):
        return plan
    return replace(plan, decided_at=None)


def _same(ledger: Ledger, asked: Asked) -> Plan | None:
    """Return the plan that was signed of what is asked for, and has not ended."""
    days = days_of(asked.first_on, asked.instalments)
    for plan in ledger.plans:
        signed = [each.due_on for each in agreed_of(plan).instalments]
        if (signed, plan.why) == (days, asked.why) and ledger.outcome_of(plan).state in _OPEN:
            return plan
    return None


def _divided(plan: Plan, asked: Asked, cents: int, remitted: int) -> Plan:
    """Return a plan with its instalments; raises ``Problem`` for too many of a small debt."""
    amounts = divide(cents, remitted, asked.instalments)
    if min(amounts) < _LEAST:
        detail = "C’est trop pour cette dette\u00a0: choisissez moins d’échéances."
        raise Problem(INVALID_REQUEST, errors=[FieldError("instalments", "too-many", detail)])
    days = days_of(asked.first_on, asked.instalments)
    stored = [f"{day} {each}" for day, each in zip(days, amounts, strict=True)]
    return replace(plan, remitted_cents=remitted, instalments=stored)


def _is_agreed(ledger: Ledger, plan: Plan, owed: int, today: date) -> bool:
    """Return whether a plan is agreed at once: small, short, and none was broken lately."""
    since = months_after(today, -_MONTHS_WITHOUT_BREAK)
    broken = any(
        outcome.state == "broken" and day_in_paris(outcome.at) >= since
        for outcome in ledger.computed.plans.values()
    )
    least = min(int(each.split()[1]) for each in plan.instalments)
    # guard: large-plans-are-decided: owed <= limit_of_plans(today) => True
    return owed <= limit_of_plans(today) and least >= _LEAST_CENTS and not broken


def _require_none(ledger: Ledger) -> None:
    """Raise ``Problem(PLAN_RUNNING)`` while a plan runs or waits for its decision."""
    states = {outcome.state for outcome in ledger.computed.plans.values()}
    # guard: one-plan-at-a-time: states & => set() &
    if states & _OPEN:
        raise Problem(PLAN_RUNNING)


def _require_declared(ledger: Ledger) -> None:
    """Raise ``Problem(DECLARATION_MISSING)``, with the periods, when one is overdue."""
    # guard: declared-before-a-plan
    if ledger.overdue:
        raise Problem(DECLARATION_MISSING, periods=ledger.overdue)


def _covered(ledger: Ledger) -> Sequence[Item]:
    """Return what is due and no order is to pay; raises ``Problem(NOTHING_DUE)``."""
    ordered = {each.code for each in ledger.in_progress}
    found = [each for each in ledger.due if each.code not in ordered]
    if not found:
        detail = "Rien n’est dû, ou tout est déjà ordonné."
        raise Problem(NOTHING_DUE, detail=detail)
    return found[:_MOST_COVERED]


def _require_soon(first_on: date, today: date) -> None:
    if not today < first_on <= today + _FIRST_WITHIN:
        detail = "Choisissez un jour à partir de demain, dans les 31\u00a0jours."
        raise Problem(INVALID_REQUEST, errors=[FieldError("first_on", "out-of-range", detail)])


def _ledger_with(book: Book, plan: Plan, now: int) -> Ledger:
    return ledger_of(book._replace(others=[*book.others, plan.to_item()]), now)


def _unordered(book: Book, plan: Plan) -> Iterator[Write]:
    """Yield the checks that nothing that the plan covers was ordered since the book was read."""
    numbers = dict.fromkeys(codes_of(plan), 0)
    for each in payments_of(book):
        if each.code in numbers:
            numbers[each.code] = max(numbers[each.code], each.number)
    for code, number in numbers.items():
        following = Payment.key_of(account_id=plan.account_id, code=code, number=number + 1)
        # guard: no-order-while-signing: attribute_not_exists(pk) => attribute_not_exists(nothing)
        yield check(following, if_=Expr("attribute_not_exists(pk)"), else_=PlanTakenError)
