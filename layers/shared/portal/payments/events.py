"""The events that the payments publish: ids only."""

MANDATE_SIGNED = "SepaMandateSigned"
MANDATE_REVOKED = "SepaMandateRevoked"

EVENTS = (MANDATE_SIGNED, MANDATE_REVOKED)
