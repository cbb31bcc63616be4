"""The bodies of the back office's events."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import (
    UUID4,
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)

from portal.declarations.records import Details
from portal.http.fields import NirKey, NirText, PersonName, Siret, agreed_key
from portal.rules.contributions import CATEGORIES, Category, Nature, Territory
from portal.rules.periods import Periodicity


def _plausible(day: str) -> str:
    """Refuse what is no day, one before there were auto-entrepreneurs, or in another century."""
    if not date(2009, 1, 1) <= date.fromisoformat(day) < date(2100, 1, 1):
        message = "implausible day"
        raise ValueError(message)
    return day


def _each_once(activities: list[Category]) -> list[Category]:
    if len(set(activities)) < len(activities):
        message = "an activity twice"
        raise ValueError(message)
    return activities


_Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_plausible)]


class Business(BaseModel):
    """A business: what its periods and rates are computed from."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    started_on: _Day
    periodicity: Periodicity
    nature: Nature
    activities: Annotated[list[Category], Field(min_length=1), AfterValidator(_each_once)]
    territory: Territory
    acre: StrictBool
    flat_tax: StrictBool

    @property
    def details(self) -> Details:
        """What is stored of it."""
        return Details(
            started_on=date.fromisoformat(self.started_on),
            periodicity=self.periodicity,
            nature=self.nature,
            activities=tuple(each for each in CATEGORIES if each in self.activities),
            territory=self.territory,
            acre=self.acre,
            flat_tax=self.flat_tax,
        )


class Detail(BaseModel):
    """Which account; its Siret and business when known; the reason of a rejection, in French."""

    model_config = ConfigDict(hide_input_in_errors=True)

    account_id: UUID4
    siret: Siret | None = None
    reason: Annotated[str | None, Field(max_length=500)] = None
    business: Business | None = None


class Decision(BaseModel):
    """An event of the source ``portal.backoffice``."""

    model_config = ConfigDict(hide_input_in_errors=True)

    detail_type: Annotated[
        Literal["AffiliationConfirmed", "AffiliationRejected"], Field(alias="detail-type")
    ]
    time: AwareDatetime
    detail: Detail


class Corrected(BaseModel):
    """Which account, what is right, and the reference of the proof; absent for what stays."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    account_id: UUID4
    proof: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}$")]
    last_name: PersonName | None = None
    first_name: PersonName | None = None
    nir: NirText | None = None
    nir_key: NirKey | None = None
    siret: Siret | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        agreed_key(self.nir, self.nir_key)
        if not (self.last_name or self.first_name or self.nir or self.siret):
            message = "nothing to correct"
            raise ValueError(message)
        return self


class IdentityCorrected(BaseModel):
    """A correction, of the source ``portal.backoffice``."""

    model_config = ConfigDict(hide_input_in_errors=True)

    time: AwareDatetime
    detail: Corrected


class Change(BaseModel):
    """Which account, its business, and from which day it is so."""

    model_config = ConfigDict(hide_input_in_errors=True)

    account_id: UUID4
    business: Business
    effective_on: _Day


class BusinessChanged(BaseModel):
    """A change of a business, of the source ``portal.backoffice``."""

    model_config = ConfigDict(hide_input_in_errors=True)

    time: AwareDatetime
    detail: Change


class PlanDecision(BaseModel):
    """Which plan of which account, what was decided, and what to say to the person."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    account_id: UUID4
    plan: Annotated[int, Field(strict=True, ge=1, le=999)]
    decision: Literal["accepted", "refused"]
    reason: Annotated[str | None, Field(max_length=500)] = None


class PlanDecided(BaseModel):
    """A decision on a plan of payment, of the source ``portal.backoffice``."""

    model_config = ConfigDict(hide_input_in_errors=True)

    time: AwareDatetime
    detail: PlanDecision


class End(BaseModel):
    """Which account, and the last day of its activity."""

    model_config = ConfigDict(hide_input_in_errors=True)

    account_id: UUID4
    ceased_on: _Day


class BusinessCeased(BaseModel):
    """The end of a business, of the source ``portal.backoffice``."""

    model_config = ConfigDict(hide_input_in_errors=True)

    time: AwareDatetime
    detail: End
