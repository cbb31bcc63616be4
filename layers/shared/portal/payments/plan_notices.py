"""What a person is told of a plan: agreed, transmitted, refused, an instalment, its end."""

from collections.abc import Iterator
from datetime import date

from portal.core.feed import Kind, entry
from portal.core.outbox import Outgoing
from portal.core.writes import Write, put
from portal.payments import events, feed
from portal.payments.facts import agreed_of
from portal.payments.plan_records import Plan


def told(plan: Plan, now: int, *, actor: str) -> Iterator[Write]:
    """Yield the notice of what was signed or decided, and the event of a signature."""
    kind = feed.PLAN_AGREED
    if plan.refused:
        kind = feed.PLAN_REFUSED
    elif plan.decided_at is None:
        kind = feed.PLAN_SUBMITTED
    yield from notice(kind, plan, now, actor=actor, place=1)
    if plan.decided_ms is None:
        about = {"account_id": plan.account_id, "plan": str(plan.number)}
        yield put(Outgoing.new(events.PLAN_SIGNED, now, **about))


def notice(
    kind: Kind,
    plan: Plan,
    now: int,
    *,
    actor: str,
    place: int,
    due_on: date | None = None,
    by_mail: bool = True,
) -> Iterator[Write]:
    """Yield an entry about a plan and its mail; the mail has days and no amount."""
    instalments = agreed_of(plan).instalments
    own = instalments[place - 1]
    what = f"{place} sur {len(instalments)}"
    due = f"{due_on or own.due_on:%d/%m/%Y}"
    about = {
        "total": feed.money(sum(each.cents for each in instalments)),
        "count": str(len(instalments)),
        "first": feed.money(own.cents),
        "due": due,
        "what": what,
        "answer": plan.answer or "",
    }
    yield put(entry(kind, plan.account_id, now, actor=actor, about=about))
    if by_mail:
        yield put(Outgoing.new(kind.name, now, account_id=plan.account_id, what=what, due=due))
