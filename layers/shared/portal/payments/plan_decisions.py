"""What the back office decides on a plan that was not agreed at once."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.core.feed import BACK_OFFICE
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.writes import RefusedError, update
from portal.payments.plan_looks import looks_of
from portal.payments.plan_notices import told
from portal.payments.plan_records import Plan

if TYPE_CHECKING:
    from portal.core.table import Table

_TRIES = 5


class PlanChangedError(RefusedError):
    """Another decision came since the plan was read, or it is gone."""


def decide(
    table: "Table", account_id: str, number: int, *, refused: bool, answer: str | None, at_ms: int
) -> bool:
    """Apply a decision of a time (milliseconds) to a plan; return whether it was new.

    One that is not later than the stored one is ignored, as is one that says the same, or is about
    a plan that does not exist, that was signed later, or that was agreed at once. Raises
    ``Problem(UNAVAILABLE)`` when others were faster in every try.
    """
    for _ in range(_TRIES):
        plan = table.get(Plan, Plan.key_of(account_id=account_id, number=number))
        if plan is None or not _is_news(plan, at_ms, refused=refused):
            return False
        decided = replace(
            plan, decided_at=at_ms // 1000, decided_ms=at_ms, refused=refused, answer=answer
        )
        changes = {
            "decided_at": decided.decided_at,
            "decided_ms": at_ms,
            "refused": refused,
            "answer": answer,
        }
        # guard: plan-as-it-was-read: "decided_ms": plan.decided_ms => "number": number
        unchanged = {"signed_at": plan.signed_at, "decided_ms": plan.decided_ms}
        try:
            table.transact(
                update(plan.key(), changes, if_=unchanged, else_=PlanChangedError),
                *told(decided, at_ms // 1000, actor=BACK_OFFICE),
                *looks_of(decided),
            )
        except PlanChangedError:
            continue
        return True
    raise Problem(UNAVAILABLE, retry_after=1)


def _is_news(plan: Plan, at_ms: int, *, refused: bool) -> bool:
    # guard: plan-decided-in-order: (plan.decided_ms or 0) >= at_ms => False
    if at_ms < plan.signed_at * 1000 or (plan.decided_ms or 0) >= at_ms:
        return False
    if plan.decided_at is None:
        return True
    return plan.decided_ms is not None and plan.refused != refused
