"""The fields and answers that declarations and estimates share."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from portal.http.fields import StrictModel, refusing
from portal.rules.contributions import CATEGORIES, MOST_EUROS, Category
from portal.rules.days import parse_day
from portal.rules.periods import span_of


def _kept(rule: Callable[[str], object]) -> Callable[[str], str]:
    """Return a rule that returns the text that it accepted."""

    def apply(text: str) -> str:
        rule(text)
        return text

    return refusing(apply)


PeriodCode = Annotated[
    str,
    Field(
        max_length=7,
        description="A month, as 2026-10, or a quarter, as 2026-Q4.",
        examples=["2026-10"],
        json_schema_extra={"pattern": "^20[0-9]{2}-(?:0[1-9]|1[0-2]|Q[1-4])$"},
    ),
    AfterValidator(_kept(span_of)),
]
Day = Annotated[
    str,
    Field(
        max_length=10,
        description="A day from 1900 to 2099.",
        examples=["2026-03-15"],
        json_schema_extra={"format": "date", "pattern": "^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$"},
    ),
    AfterValidator(_kept(parse_day)),
]
Euros = Annotated[
    int,
    # guard: bounded-turnover: ge=0 => ge=-9
    Field(
        ge=0,
        le=MOST_EUROS,
        description="Whole euros received, excluding VAT.",
        examples=[2400],
    ),
]


class Turnover(StrictModel):
    """The turnover of a period, by category. What is left out is not given, which is not zero."""

    sales: Euros = 0
    commercial_services: Euros = 0
    other_services: Euros = 0
    furnished_tourism: Euros = 0

    def given(self) -> dict[Category, int]:
        """Return the turnover of each category that was given, zero included."""
        return {each: getattr(self, each) for each in CATEGORIES if each in self.model_fields_set}


class LineOfAmounts(StrictModel):
    """What is due for one category, in euros, and by which rates, in percent."""

    category: Category
    turnover: int
    rate: str
    contributions: int
    training_rate: str
    training: int
    chamber_rate: str
    chamber_tax: int
    income_tax_rate: str
    income_tax: int


class AmountsDue(StrictModel):
    """What is due for a period, in euros: each line, and their sums."""

    period: str
    lines: list[LineOfAmounts]
    contributions: int
    training: int
    chamber_tax: int
    income_tax: int
    total: int
    acre: bool
