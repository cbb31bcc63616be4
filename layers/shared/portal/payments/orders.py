"""A person orders the debit of what is due for a period, cancels an order, lists their payments.

An order joins the debits of its day while that day is open. At the cut-off the day is closed, and
the bank's files are made from what it has then: see `files.py`.
"""

import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.problems import INVALID_REQUEST, THROTTLED, UNAVAILABLE, FieldError, Problem
from portal.core.records import DAY
from portal.core.session import while_open
from portal.core.writes import Expr, Write, check, put, put_new, update
from portal.declarations.book import Book, open_book, read
from portal.declarations.declaring import find_in
from portal.declarations.records import Declaration
from portal.payments import events, feed, mandates
from portal.payments.book import UNDER_WAY, payments_of
from portal.payments.cancelling import OvertakenError, cancelled
from portal.payments.days import DayClosedError, while_day_open
from portal.payments.ledger import ledger_of
from portal.payments.problems import (
    ALREADY_ORDERED,
    CUT_OFF_PASSED,
    MANDATE_REFUSED,
    MANDATE_UNKNOWN,
    NOTHING_DUE,
    PAYMENT_UNKNOWN,
    PAYMENTS_FROZEN,
)
from portal.payments.records import Debit, Mandate, Payment
from portal.payments.returns import is_frozen, is_refused
from portal.rules.days import day_in_paris, noon_in_paris
from portal.rules.debits import bank_day_before, bank_day_from, cut_off, debit_day

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.table import Table

_TRIES = 5
# guard: twenty-orders-a-day: 20 => 10**6
_A_DAY = 20
"""Orders of an account in a day: each sends a mail."""
_PARTS = 3
"""Payments under way for a period: an amount may be split over three accounts."""
_UNDER_WAY = 12
"""Payments under way of an account: what ends them all at once is one transaction."""
_KEPT = timedelta(days=14 * 31)
"""For which a debit is kept: it may come back for 13 months."""
_LAST = 999
_LATE = "L’échéance ne peut plus être tenue\u00a0: c’est le premier jour possible. "


class _Due(NamedTuple):
    """What is owed: a period, or an instalment of a plan, which has no version."""

    code: str
    on: date
    open_cents: int
    version: int = 0


class Asked(NamedTuple):
    """What a person orders: a mandate, an amount, and the MAC of the key of the order."""

    rum: str
    amount_cents: int
    key_mac: str


def order(table: "Table", acting: "Acting", code: str, asked: Asked) -> Payment:
    """Order the debit of an amount for a period; the same order again returns the first.

    Raises ``Problem``: ``SERVICES_CLOSED``, ``PERIOD_UNKNOWN``, ``MANDATE_UNKNOWN``,
    ``NOTHING_DUE``, ``ALREADY_ORDERED``, ``CUT_OFF_PASSED``, ``MANDATE_REFUSED``,
    ``PAYMENTS_FROZEN``, ``INVALID_REQUEST``, ``THROTTLED``.
    """
    closed = set[date]()
    for _ in range(_TRIES):
        book = open_book(table, acting)
        payments = payments_of(book)
        same = _same(payments, code, asked)
        if same:
            return same
        due = _due(book, code, acting.at)
        mandate = _mandate(table, acting, asked.rum)
        _require_owed(due, payments, asked.amount_cents, acting.at)
        _require_allowed(payments, code, asked.rum, acting.at)
        payment = _payment(acting, due, payments, mandate, asked, closed)
        try:
            table.transact(*_writes(acting, mandate, payment))
        except DayClosedError:
            closed.add(payment.debit_on)  # its files are being made: the next day then
        except OvertakenError:
            continue
        else:
            return payment
    raise Problem(CUT_OFF_PASSED) if closed else Problem(UNAVAILABLE, retry_after=1)


def cancel(table: "Table", acting: "Acting", payment_id: str) -> None:
    """Cancel an order until its cut-off; does nothing when it is cancelled.

    Raises ``Problem``: ``PAYMENT_UNKNOWN``, ``CUT_OFF_PASSED``.
    """
    payment = find(table, acting, payment_id)
    if payment.stage == "cancelled":
        return
    # guard: cancelled-before-the-cut-off: acting.at >= cut_off(payment.debit_on) => False
    if payment.stage != "ordered" or acting.at >= cut_off(payment.debit_on):
        raise Problem(CUT_OFF_PASSED)
    try:
        table.transact(
            while_open(acting.session),
            *cancelled(payment, acting, None, late=Problem(CUT_OFF_PASSED)),
        )
    except OvertakenError:
        cancel(table, acting, payment_id)  # what was faster cancelled it, or it was sent


def find(table: "Table", acting: "Acting", payment_id: str) -> Payment:
    """Return a payment of the account; raises ``Problem``: ``PAYMENT_UNKNOWN``."""
    for each in _payments(table, acting):
        if each.id == payment_id:
            return each
    raise Problem(PAYMENT_UNKNOWN)


def look(table: "Table", acting: "Acting", year: int | None) -> Sequence[Payment]:
    """Return the payments debited in a civil year, or all, the newest first.

    Raises ``Problem(SERVICES_CLOSED)`` when there is none and none may be ordered.
    """
    found = _payments(table, acting) or payments_of(open_book(table, acting))
    of_year = [each for each in found if year in {None, each.debit_on.year}]
    return sorted(of_year, key=lambda each: each.id, reverse=True)


def _payments(table: "Table", acting: "Acting") -> Sequence[Payment]:
    book = read(table, acting.account_id)
    return payments_of(book) if book else ()


def _same(payments: Sequence[Payment], code: str, asked: Asked) -> Payment | None:
    """Return what was ordered with the same key.

    Raises ``Problem(INVALID_REQUEST)`` for a key that was used for another order.
    """
    for each in payments:
        if each.idempotency_mac == asked.key_mac:
            # guard: one-order-a-key: != (code, asked.rum, asked.amount_cents) => == ()
            if (each.code, each.rum, each.amount_cents) != (code, asked.rum, asked.amount_cents):
                detail = "Cette clé a servi à un autre ordre. Rechargez la page."
                error = FieldError("Idempotency-Key", "used-for-another", detail)
                raise Problem(INVALID_REQUEST, errors=[error])
            return each
    return None


def _due(book: Book, code: str, now: int) -> _Due:
    """Return what is owed under a code; raises ``Problem(PERIOD_UNKNOWN)``."""
    owed = ledger_of(book, now)
    for each in (*owed.due, *owed.upcoming):
        if each.code == code and code not in owed.periods:
            return _Due(code, each.due_on, owed.open_of(code).cents)
    shown = find_in(book, code, now)
    # guard: declared-before-paid: if not shown.versions: => if False:
    if not shown.versions:
        raise Problem(NOTHING_DUE, detail="Cette période n’est pas déclarée\u00a0: déclarez-la.")
    return _Due(code, shown.period.due_on, owed.open_of(code).cents, len(shown.versions))


def _mandate(table: "Table", acting: "Acting", rum: str) -> Mandate:
    mandate = mandates.find(table, acting, rum)
    # guard: revoked-orders-nothing: mandate.revoked_at is not None => False
    if mandate.revoked_at is not None:
        raise Problem(MANDATE_UNKNOWN)
    return mandate


def _require_owed(due: _Due, payments: Sequence[Payment], amount_cents: int, now: int) -> None:
    """Raise ``Problem`` unless an amount is owed for a period and no order is to pay it."""
    if due.open_cents <= 0:
        raise Problem(NOTHING_DUE)
    # What was settled since the request arrived is not yet in a ledger of then.
    under_way = [
        each
        for each in payments
        if each.code == due.code and (each.stage in UNDER_WAY or (each.settled_at or 0) > now)
    ]
    # guard: paid-once: sum(p.amount_cents for p in under_way) => 0
    left = due.open_cents - sum(p.amount_cents for p in under_way)
    if left <= 0 or len(under_way) >= _PARTS:
        raise Problem(ALREADY_ORDERED)
    # guard: no-more-than-owed: amount_cents > left => False
    if amount_cents > left:
        detail = "C’est plus que ce qui reste à payer pour cette période."
        error = FieldError("amount_cents", "more-than-due", detail)
        raise Problem(INVALID_REQUEST, errors=[error])


def _require_allowed(payments: Sequence[Payment], code: str, rum: str, now: int) -> None:
    """Raise ``Problem`` for what the bank's answers or the number of orders forbid."""
    if is_frozen(payments):
        raise Problem(PAYMENTS_FROZEN)
    if is_refused(payments, code, rum):
        raise Problem(MANDATE_REFUSED)
    if sum(each.stage in UNDER_WAY for each in payments) >= _UNDER_WAY:
        detail = "Trop de paiements sont en cours. Attendez qu’ils soient encaissés."
        raise Problem(ALREADY_ORDERED, detail=detail)
    recent = sorted(each.created_at for each in payments if each.created_at > now - DAY)
    if len(recent) >= _A_DAY:
        raise Problem(THROTTLED, retry_after=recent[-_A_DAY] + DAY - now)


def _payment(
    acting: "Acting",
    due: _Due,
    payments: Sequence[Payment],
    mandate: Mandate,
    asked: Asked,
    closed: set[date],
) -> Payment:
    code = due.code
    day, late = debit_day(due.on, acting.at)
    while day in closed:
        day, late = bank_day_from(day + timedelta(days=1)), True
    number = max((each.number for each in payments if each.code == code), default=0) + 1
    if number > _LAST:
        raise Problem(ALREADY_ORDERED, detail="Cette période a eu trop d’ordres. Écrivez-nous.")
    return Payment(
        account_id=acting.account_id,
        code=code,
        number=number,
        id=f"{day:%Y%m%d}{secrets.token_hex(11)}",
        idempotency_mac=asked.key_mac,
        version=due.version,
        amount_cents=asked.amount_cents,
        rum=mandate.rum,
        mandate_number=mandate.number,
        last_four=mandate.last_four,
        actor_id=acting.actor_id,
        created_at=acting.at,
        late=late,
    )


def _writes(acting: "Acting", mandate: Mandate, payment: Payment) -> Sequence[Write]:
    day = payment.debit_on
    used = {
        "orders": (mandate.orders or 0) + 1,
        "used_at": max(mandate.used_at, noon_in_paris(day)),
    }
    # A revocation that did not see this order is refused by the count, and reads again.
    unrevoked = {"rum": mandate.rum, "orders": mandate.orders, "revoked_at": None}
    following = Declaration.key_of(
        account_id=payment.account_id, code=payment.code, version=payment.version + 1
    )
    return (
        while_open(acting.session),
        while_day_open(day),
        # guard: mandate-as-it-was-read: if_=unrevoked => if_={"rum": mandate.rum}
        update(mandate.key(), used, if_=unrevoked, else_=OvertakenError),
        # guard: pays-the-newest-version: attribute_not_exists(pk) => attribute_not_exists(nothing)
        check(following, if_=Expr("attribute_not_exists(pk)"), else_=OvertakenError),
        put_new(payment, else_=OvertakenError),
        put(_debit(mandate, payment)),
        *feed.told(
            feed.PAYMENT_ORDERED,
            events.PAYMENT_ORDERED,
            payment,
            acting.at,
            actor=acting.actor_id,
            why=_LATE if payment.late else "",
            until=f"{bank_day_before(day):%d/%m/%Y}",
        ),
    )


def _debit(mandate: Mandate, payment: Payment) -> Debit:
    return Debit(
        day=payment.debit_on.isoformat(),
        id=payment.id,
        account_id=payment.account_id,
        code=payment.code,
        number=payment.number,
        amount_cents=payment.amount_cents,
        rum=payment.rum,
        scheme=mandate.scheme,
        holder=mandate.holder,
        iban_encrypted=mandate.iban_encrypted,
        signed_on=day_in_paris(mandate.signed_at).isoformat(),
        expires_at=noon_in_paris(payment.debit_on + _KEPT),
    )
