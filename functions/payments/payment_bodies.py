"""The bodies of the requests and answers about mandates."""

from typing import Annotated

from pydantic import Field

from portal.core.clock import rfc3339_seconds
from portal.http.bank_fields import AccountHolder, Iban
from portal.http.fields import StrictModel
from portal.payments.records import Mandate, Scheme
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
