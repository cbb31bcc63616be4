"""What is kept of ended mandates, payments and plans: proofs, where no function reads them."""

from collections.abc import Iterator
from datetime import date

from portal.core.records import DAY
from portal.core.settings import settings
from portal.core.writes import RefusedError, Write, put
from portal.payments.plan_records import Plan, SealedPlan
from portal.payments.records import Mandate, Payment, SealedMandate, SealedPayment
from portal.rules.days import day_in_paris, midnight_in_paris

# guard: ten-years-of-proof: 10 => 1
PROVED = 10 * 365 * DAY
"""Seconds for which the proof of a signature is kept, from the last debit or the signature."""
# guard: ten-years-of-payments: 10 => 1
YEARS = 10
"""Civil years for which a payment is kept after the year of its debit."""
KEPT_REVOKED = 14 * 31 * DAY
"""Seconds for which an account keeps a revoked mandate: debits are contested for 13 months."""


class SealedBeforeError(RefusedError):
    """The mandate is sealed already, by a run that was interrupted."""


def sealed(mandate: Mandate) -> Iterator[Write]:
    """Yield the write that seals a mandate, none where a demonstration keeps nothing.

    Refused with ``SealedBeforeError``.
    """
    # guard: mandates-are-sealed: settings().erases_declarations => True
    if settings().erases_declarations:
        return
    kept = {name: getattr(mandate, name) for name in _KEPT}
    record = SealedMandate(**kept, expires_at=mandate.used_at + PROVED)
    yield put(record, else_=SealedBeforeError)


def sealed_payment(payment: Payment, siret_mac: str | None) -> Iterator[Write]:
    """Yield the write that seals a payment, none where a demonstration keeps nothing.

    Refused with ``SealedBeforeError``.
    """
    # guard: payments-are-sealed: settings().erases_declarations => True
    if settings().erases_declarations:
        return
    kept = {name: getattr(payment, name) for name in _KEPT_OF_PAYMENT}
    record = SealedPayment(
        **kept,
        holder=siret_mac or payment.account_id,
        expires_at=midnight_in_paris(date(payment.debit_on.year + YEARS + 1, 1, 1)),
    )
    yield put(record, else_=SealedBeforeError)


def sealed_plan(plan: Plan, siret_mac: str | None) -> Iterator[Write]:
    """Yield the write that seals a plan, none where a demonstration keeps nothing.

    Refused with ``SealedBeforeError``.
    """
    # guard: plans-are-sealed: settings().erases_declarations => True
    if settings().erases_declarations:
        return
    kept = {name: getattr(plan, name) for name in _KEPT_OF_PLAN}
    year = day_in_paris(plan.signed_at).year
    record = SealedPlan(
        **kept,
        holder=siret_mac or plan.account_id,
        expires_at=midnight_in_paris(date(year + YEARS + 1, 1, 1)),
    )
    yield put(record, else_=SealedBeforeError)


_KEPT = [each for each in SealedMandate.__struct_fields__ if each != "expires_at"]
_KEPT_OF_PAYMENT = [
    each for each in SealedPayment.__struct_fields__ if each not in {"holder", "expires_at"}
]
_KEPT_OF_PLAN = [
    each for each in SealedPlan.__struct_fields__ if each not in {"holder", "expires_at"}
]
