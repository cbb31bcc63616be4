"""The bodies of the requests and answers about mandates and payments."""

from typing import Annotated

from pydantic import Field

from portal.core.clock import rfc3339_seconds
from portal.http.bank_fields import AccountHolder, Iban
from portal.http.fields import StrictModel
from portal.payments.cancelling import cancellable
from portal.payments.records import Mandate, Payment, Scheme
from portal.payments.returns import return_of
from portal.rules.debits import cut_off
from portal.rules.iban import mask_iban


class MandateForm(StrictModel):
    """A bank account, its holder, and the scheme under which it may be debited."""

    iban: Iban
    holder: AccountHolder
    scheme: Annotated[
        Scheme,
        Field(
            description="`core` for any account; `b2b` (interentreprises) for one that the bank "
            "recorded the mandate on.",
            examples=["core"],
        ),
    ]


class MandateShown(StrictModel):
    """A mandate; of the IBAN it has the last four characters. ``pdf`` is the page to print."""

    rum: str
    scheme: str
    holder: str
    iban_masked: str
    signed_at: str | None
    pdf: str


class MandatesShown(StrictModel):
    """The mandates that allow debits, the oldest first."""

    mandates: list[MandateShown]


class PaymentForm(StrictModel):
    """What to debit for a period: the mandate, and an amount in cents, all of it or a part."""

    rum: Annotated[str, Field(min_length=1, max_length=35, examples=["AE35600000000048-001"])]
    amount_cents: Annotated[int, Field(ge=1, le=9_999_999_999, examples=[50900])]


class PaymentShown(StrictModel):
    """A payment; ``debit_on`` is the day of the debit.

    ``state`` is ``ordered``, ``sent``, ``settled``, ``returned`` or ``cancelled``. ``reason`` is
    the bank's code for a return, ``revoked`` or ``corrected`` for what was cancelled with a mandate
    or a declaration, ``after-due-day`` for an order that came too late for the due day;
    ``explanation`` says in French what a return means and what to do. ``cancellable_until`` is
    there while it can be cancelled.
    """

    id: str
    period: str
    amount_cents: int
    rum: str
    iban_masked: str
    debit_on: str
    state: str
    reason: str | None
    explanation: str | None
    cancellable_until: str | None
    created_at: str | None
    receipt: str


class PaymentsShown(StrictModel):
    """Payments, the newest first."""

    payments: list[PaymentShown]


def mandate_shown(mandate: Mandate) -> MandateShown:
    """Return a mandate as the API writes it."""
    return MandateShown(
        rum=mandate.rum,
        scheme=mandate.scheme,
        holder=mandate.holder,
        # guard: iban-is-masked: mask_iban(mandate.last_four) => mandate.iban_mac
        iban_masked=mask_iban(mandate.last_four),
        signed_at=rfc3339_seconds(mandate.signed_at),
        pdf=f"/api/me/sepa-mandates/{mandate.rum}/pdf",
    )


def payment_shown(payment: Payment, now: int) -> PaymentShown:
    """Return a payment as the API writes it at a time."""
    until = cut_off(payment.debit_on) if cancellable(payment, now) else None
    returned = return_of(payment.reason or "") if payment.stage == "returned" else None
    return PaymentShown(
        id=payment.id,
        period=payment.code,
        amount_cents=payment.amount_cents,
        rum=payment.rum,
        iban_masked=mask_iban(payment.last_four),
        debit_on=payment.debit_on.isoformat(),
        state=payment.stage,
        reason=payment.reason or ("after-due-day" if payment.late else None),
        explanation=returned and f"{returned.why} {returned.then}",
        cancellable_until=rfc3339_seconds(until),
        created_at=rfc3339_seconds(payment.created_at),
        receipt=f"/api/me/payments/{payment.id}/receipt",
    )
