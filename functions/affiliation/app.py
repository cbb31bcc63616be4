"""Decisions of the back office on affiliations, and its corrections, from the event bus."""

import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from aws_lambda_powertools import Logger
from pydantic import UUID4, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from portal.affiliation import corrections, decisions
from portal.core import aws, keys
from portal.core.clock import ImplausibleTimeError, require_plausible
from portal.core.identifiers import encrypt_for_account
from portal.core.metrics import AFFILIATIONS, count
from portal.core.settings import settings
from portal.core.table import table
from portal.http.fields import NirKey, NirText, PersonName, Siret, agreed_key
from portal.identity.corrections import Correction
from portal.rules.nir import split_nir

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
_CORRECTED = "IdentityCorrected"


class Detail(BaseModel):
    """Which account; its Siret when known; the reason of a rejection, in French."""

    model_config = ConfigDict(hide_input_in_errors=True)

    account_id: UUID4
    siret: Siret | None = None
    reason: Annotated[str | None, Field(max_length=500)] = None


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


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Apply an event; ignore one that is repeated, late or about an unknown account.

    An event that is malformed or dated in the future raises ``ValidationError`` or
    ``ImplausibleTimeError``, and is put in the queue of events that failed.
    """
    if event.get("detail-type") == _CORRECTED:
        kind, account_id, changed = _correct(IdentityCorrected.model_validate(event))
    else:
        kind, account_id, changed = _decide(Decision.model_validate(event))
    logger.info(
        "affiliation",
        account_id=account_id,
        **count(AFFILIATIONS, kind=kind, outcome="applied" if changed else "ignored"),
    )


def _decide(decision: Decision) -> tuple[str, str, bool]:
    account_id = str(decision.detail.account_id)
    changed = decisions.decide(
        table(),
        keys.lookup_keys(),
        decision.detail_type,
        account_id,
        decision.detail.siret,
        decision.detail.reason,
        _milliseconds(decision.time, decision.detail_type, account_id),
    )
    return decision.detail_type, account_id, changed


def _correct(event: IdentityCorrected) -> tuple[str, str, bool]:
    detail = event.detail
    account_id = str(detail.account_id)
    changed = corrections.correct_with_proof(
        table(),
        keys.lookup_keys(),
        partial(encrypt_for_account, aws.kms(), settings().data_key),
        account_id,
        Correction(
            last_name=detail.last_name,
            first_name=detail.first_name,
            nir=detail.nir and split_nir(detail.nir)[0],
            siret=detail.siret,
        ),
        detail.proof,
        _milliseconds(event.time, _CORRECTED, account_id),
    )
    return _CORRECTED, account_id, changed


def _milliseconds(at: datetime, kind: str, account_id: str) -> int:
    """Return the time of an event; raises ``ImplausibleTimeError`` for one that cannot be."""
    try:
        require_plausible(at.timestamp(), time.time())
    except ImplausibleTimeError:
        logger.error(  # noqa: TRY400 - it is raised
            "implausible time",
            account_id=account_id,
            **count(AFFILIATIONS, kind=kind, outcome="refused"),
        )
        raise
    return round(at.timestamp() * 1000)
