"""The bodies of the requests and answers about plans of payment."""

from datetime import date
from typing import Annotated

from pydantic import Field

from portal.core.clock import rfc3339_seconds
from portal.http.declared import Day
from portal.http.fields import Message, StrictModel
from portal.payments.facts import agreed_of, paid_of
from portal.payments.ledger import Ledger
from portal.payments.plan_records import Plan
from portal.rules.accounts import Instalment
from portal.rules.days import parse_day


class PlanForm(StrictModel):
    """How many monthly instalments, the day of the first, within 31 days, and why."""

    # guard: twelve-instalments: le=12 => le=120
    instalments: Annotated[int, Field(ge=1, le=12, examples=[6])]
    first_on: Day
    reason: Annotated[
        Message, Field(max_length=500, examples=["Un client important paie en retard."])
    ]

    @property
    def first_day(self) -> date:
        """The day of the first instalment."""
        return parse_day(self.first_on)


class CoveredShown(StrictModel):
    """What a plan covers of a period, in cents, as it was when it was signed."""

    period: str
    principal_cents: int
    surcharges_cents: int


class InstalmentShown(StrictModel):
    """An instalment, to pay before noon of its day; ``paid_cents`` is settled of it."""

    period: str
    due_on: str
    amount_cents: int
    paid_cents: int


class ProposalShown(StrictModel):
    """What a plan would be; ``agreed_at_once`` says that no decision is waited for.

    The instalments add up to ``total_cents``: what is due without ``remitted_cents``.
    """

    agreed_at_once: bool
    total_cents: int
    remitted_cents: int
    covers: list[CoveredShown]
    instalments: list[InstalmentShown]


class PlanShown(StrictModel):
    """A plan. ``state`` is ``submitted``, ``running``, ``kept``, ``broken`` or ``refused``.

    ``since`` is when it became so; ``answer`` is what the back office says of its decision.
    """

    number: int
    state: str
    since: str | None
    signed_at: str | None
    reason: str
    answer: str | None
    total_cents: int
    remitted_cents: int
    covers: list[CoveredShown]
    instalments: list[InstalmentShown]


class PlansShown(StrictModel):
    """Plans, the newest first."""

    plans: list[PlanShown]


def proposal_shown(plan: Plan) -> ProposalShown:
    """Return what a plan would be, as the API writes it."""
    return ProposalShown(
        agreed_at_once=plan.decided_at is not None,
        total_cents=_total(plan),
        remitted_cents=plan.remitted_cents,
        covers=_covers(plan),
        instalments=[_instalment(each, 0) for each in agreed_of(plan).instalments],
    )


def plan_shown(plan: Plan, ledger: Ledger) -> PlanShown:
    """Return a plan as the API writes it, with what became of it."""
    state, since = ledger.outcome_of(plan)
    paid = [paid_of(each) for each in ledger.payments]
    return PlanShown(
        number=plan.number,
        state=state,
        since=rfc3339_seconds(since),
        signed_at=rfc3339_seconds(plan.signed_at),
        reason=plan.why,
        answer=plan.answer,
        total_cents=_total(plan),
        remitted_cents=plan.remitted_cents,
        covers=_covers(plan),
        instalments=[
            _instalment(each, each.settled([p for p in paid if p.code == each.code], ledger.now))
            for each in agreed_of(plan).instalments
        ],
    )


def _total(plan: Plan) -> int:
    return sum(each.cents for each in agreed_of(plan).instalments)


def _covers(plan: Plan) -> list[CoveredShown]:
    found: list[CoveredShown] = []
    for each in plan.covers:
        code, principal, surcharges = each.split()
        found.append(
            CoveredShown(
                period=code, principal_cents=int(principal), surcharges_cents=int(surcharges)
            )
        )
    return found


def _instalment(instalment: Instalment, paid_cents: int) -> InstalmentShown:
    return InstalmentShown(
        period=instalment.code,
        due_on=instalment.due_on.isoformat(),
        amount_cents=instalment.cents,
        paid_cents=paid_cents,
    )
