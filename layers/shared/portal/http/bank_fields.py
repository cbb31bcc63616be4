"""The field types of a bank account. One function reads them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from portal.http.fields import BETWEEN, refusing
from portal.rules.holder import parse_holder
from portal.rules.iban import parse_iban

_EXAMPLE = "FR14 2004 1010 0505 0001 3M02 606"

Iban = Annotated[
    str,
    Field(
        max_length=64,
        description="An IBAN of the SEPA zone; what people type between its characters is dropped.",
        examples=[_EXAMPLE],
        json_schema_extra={
            "minLength": 15,
            "pattern": f"^{BETWEEN}(?:[0-9A-Za-z]{BETWEEN}){{15,}}$",
        },
    ),
    AfterValidator(refusing(parse_iban)),
]
AccountHolder = Annotated[
    str,
    Field(
        max_length=320,
        description="1 to 70 Latin letters, marks, spaces, hyphens, apostrophes and dots.",
        examples=["Michel Dupont"],
        json_schema_extra={
            "minLength": 1,
            "pattern": r"^[^0-9!\"#$%&()*+/:;<=>?@[\]\\^_{|}~]+$",
        },
    ),
    AfterValidator(refusing(parse_holder)),
]


def load_iban_rule() -> None:
    """Load now what the rule of IBANs would load at its first use."""
    parse_iban(_EXAMPLE)
