"""Decisions of the back office on affiliations, from the event bus."""

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import UUID4, AwareDatetime, BaseModel, ConfigDict, Field

from portal.affiliation import decisions
from portal.core import keys
from portal.core.clock import ImplausibleTimeError, require_plausible
from portal.core.metrics import AFFILIATIONS, count
from portal.core.table import table
from portal.http.fields import Siret

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


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


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Apply a decision; ignore one that is repeated, late or about an unknown account.

    An event that is malformed or dated in the future raises ``ValidationError`` or
    ``ImplausibleTimeError``, and is put in the queue of events that failed.
    """
    decision = Decision.model_validate(event)
    account_id = str(decision.detail.account_id)
    try:
        require_plausible(decision.time.timestamp(), time.time())
    except ImplausibleTimeError:
        logger.error(  # noqa: TRY400 - it is raised
            "implausible time",
            account_id=account_id,
            **count(AFFILIATIONS, kind=decision.detail_type, outcome="refused"),
        )
        raise
    changed = decisions.decide(
        table(),
        keys.lookup_keys(),
        decision.detail_type,
        account_id,
        decision.detail.siret,
        decision.detail.reason,
        round(decision.time.timestamp() * 1000),
    )
    logger.info(
        "affiliation",
        account_id=account_id,
        **count(
            AFFILIATIONS, kind=decision.detail_type, outcome="applied" if changed else "ignored"
        ),
    )
