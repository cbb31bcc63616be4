"""The events that the payments publish: ids only."""

MANDATE_SIGNED = "SepaMandateSigned"
MANDATE_REVOKED = "SepaMandateRevoked"
PAYMENT_ORDERED = "PaymentOrdered"
PAYMENT_CANCELLED = "PaymentCancelled"
PAYMENT_SETTLED = "PaymentSettled"
PAYMENT_RETURNED = "PaymentReturned"
PAYMENTS_FROZEN = "PaymentsFrozen"
"""A bank said that the holder of an account died: the back office decides."""
PLAN_SIGNED = "PlanSigned"
"""A person signed a plan; the back office decides on one that waits."""

EVENTS = (
    MANDATE_SIGNED,
    MANDATE_REVOKED,
    PAYMENT_ORDERED,
    PAYMENT_CANCELLED,
    PAYMENT_SETTLED,
    PAYMENT_RETURNED,
    PAYMENTS_FROZEN,
    PLAN_SIGNED,
)
