"""What the back office says, from the event bus: affiliations, corrections, businesses, plans."""

import time
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from event_bodies import BusinessCeased, BusinessChanged, Decision, IdentityCorrected, PlanDecided

from portal.affiliation import corrections, decisions
from portal.core import aws, keys
from portal.core.clock import ImplausibleTimeError, require_plausible
from portal.core.identifiers import encrypt_for_account
from portal.core.metrics import AFFILIATIONS, count
from portal.core.settings import settings
from portal.core.table import table
from portal.declarations import business
from portal.identity.corrections import Correction
from portal.payments import plan_decisions
from portal.rules.nir import split_nir

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
_CONFIRMED = "AffiliationConfirmed"
_CORRECTED = "IdentityCorrected"
_CHANGED = "BusinessChanged"
_CEASED = "BusinessCeased"
_PLAN_DECIDED = "PlanDecided"


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Apply an event; ignore one that is repeated, late or about an unknown account.

    An event that is malformed or dated in the future raises ``ValidationError`` or
    ``ImplausibleTimeError``, and is put in the queue of events that failed.
    """
    kind = str(event.get("detail-type"))
    account_id, changed = _OTHERS.get(kind, _decide)(event)
    logger.info(
        "affiliation",
        account_id=account_id,
        **count(AFFILIATIONS, kind=kind, outcome="applied" if changed else "ignored"),
    )


def _decide(event: dict[str, Any]) -> tuple[str, bool]:
    decision = Decision.model_validate(event)
    detail, kind = decision.detail, decision.detail_type
    account_id = str(detail.account_id)
    at_ms = _milliseconds(decision.time, kind, account_id)
    news = detail.business.details if detail.business and kind == _CONFIRMED else None
    changed = decisions.decide(
        table(),
        keys.lookup_keys(),
        kind,
        account_id,
        detail.siret,
        detail.reason,
        at_ms,
        # guard: business-with-its-affiliation
        lambda account: business.changes(table(), account, news, at_ms),
    )
    # A decision that came late says of the business what none said since.
    late = news is not None and not changed and business.apply(table(), account_id, news, at_ms)
    return account_id, changed or late


def _change(event: dict[str, Any]) -> tuple[str, bool]:
    changed = BusinessChanged.model_validate(event)
    account_id = str(changed.detail.account_id)
    news = business.Changed(
        changed.detail.business.details, date.fromisoformat(changed.detail.effective_on)
    )
    at_ms = _milliseconds(changed.time, _CHANGED, account_id)
    return account_id, business.apply(table(), account_id, news, at_ms)


def _cease(event: dict[str, Any]) -> tuple[str, bool]:
    ceased = BusinessCeased.model_validate(event)
    account_id = str(ceased.detail.account_id)
    news = business.Ceased(date.fromisoformat(ceased.detail.ceased_on))
    at_ms = _milliseconds(ceased.time, _CEASED, account_id)
    return account_id, business.apply(table(), account_id, news, at_ms)


def _decide_plan(event: dict[str, Any]) -> tuple[str, bool]:
    decided = PlanDecided.model_validate(event)
    detail = decided.detail
    account_id = str(detail.account_id)
    changed = plan_decisions.decide(
        table(),
        account_id,
        detail.plan,
        refused=detail.decision == "refused",
        answer=detail.reason,
        at_ms=_milliseconds(decided.time, _PLAN_DECIDED, account_id),
    )
    return account_id, changed


def _correct(event: dict[str, Any]) -> tuple[str, bool]:
    corrected = IdentityCorrected.model_validate(event)
    detail = corrected.detail
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
        _milliseconds(corrected.time, _CORRECTED, account_id),
    )
    return account_id, changed


_OTHERS = {
    _CORRECTED: _correct,
    _CHANGED: _change,
    _CEASED: _cease,
    _PLAN_DECIDED: _decide_plan,
}


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
