"""What ends orders that are not final: their holder, a corrected declaration, a revoked mandate."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.core.problems import UNAVAILABLE, Problem
from portal.core.writes import Expr, RefusedError, Write, check, update
from portal.declarations.book import Book, Shown
from portal.declarations.declaring import VersionTakenError
from portal.payments import events, feed
from portal.payments.book import payments_of
from portal.payments.days import withdrawn
from portal.payments.records import Payment
from portal.rules.debits import cut_off

if TYPE_CHECKING:
    from portal.core.acting import Acting

_CORRECTED = (
    "Vous avez modifié la déclaration\u00a0: ordonnez un autre paiement si un montant reste dû."
)


class OvertakenError(RefusedError):
    """An order, its declaration or its mandate changed since it was read."""


def cancellable(payment: Payment, now: int) -> bool:
    """Return whether an order can still be cancelled."""
    return payment.stage == "ordered" and now < cut_off(payment.debit_on)


def cancelled(
    payment: Payment, acting: "Acting", reason: str | None, *, late: Problem, why: str = ""
) -> Sequence[Write]:
    """Return the writes that cancel an order and notify the person.

    The first is the check of its day, refused with ``late``; any other, with ``OvertakenError``.
    """
    day, *others = withdrawn(payment)
    changes = {"stage": "cancelled", "ended_at": acting.at, "reason": reason}
    return (
        replace(day, refusal=late),
        *others,
        # guard: cancelled-once: {"stage": "ordered"} => {"id": payment.id}
        update(payment.key(), changes, if_={"stage": "ordered"}, else_=OvertakenError),
        *feed.told(
            feed.PAYMENT_CANCELLED,
            events.PAYMENT_CANCELLED,
            payment,
            acting.at,
            actor=acting.actor_id,
            why=why,
        ),
    )


def when_corrected(book: Book, shown: Shown, acting: "Acting") -> Iterator[Write]:
    """Yield the writes that cancel the orders of a period whose declaration changes.

    Refused with ``VersionTakenError`` when another order was given meanwhile. Orders whose cut-off
    passed still go. A period without declaration has none.
    """
    if not shown.versions:
        return
    code = shown.period.code
    payments = [each for each in payments_of(book) if each.code == code]
    number = max((each.number for each in payments), default=0) + 1
    following = Payment.key_of(account_id=acting.account_id, code=code, number=number)
    # guard: no-order-meanwhile: attribute_not_exists(pk) => attribute_not_exists(nothing)
    yield check(following, if_=Expr("attribute_not_exists(pk)"), else_=VersionTakenError)
    ends = [each for each in payments if cancellable(each, acting.at)]
    for write in all_cancelled(ends, acting, "corrected", _CORRECTED):
        yield (
            write
            if isinstance(write.refusal, Problem)
            else replace(write, refusal=VersionTakenError)
        )


def all_cancelled(
    payments: Iterable[Payment], acting: "Acting", reason: str, why: str
) -> Sequence[Write]:
    """Return the writes that cancel several orders: each of their days is checked once."""
    writes: list[Write] = []
    days = set[str]()
    late = Problem(UNAVAILABLE, retry_after=1)  # the files were begun in this very second
    for each in payments:
        day, *others = cancelled(each, acting, reason, late=late, why=why)
        if each.id[:8] not in days:
            days.add(each.id[:8])
            writes.append(day)
        writes += others
    return writes
