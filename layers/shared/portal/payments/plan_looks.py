"""The portal tells of instalments by itself: three days before, and when a missed one ended a plan.

Each has a row under its day. A run reads the days gone by, tells what is still so, and removes the
row in the same transaction: nothing is told twice, and a run that was missed is made up for.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.feed import PORTAL
from portal.core.records import DAY
from portal.core.writes import RefusedError, Write, put, update
from portal.core.writes import delete as remove
from portal.declarations.book import read
from portal.declarations.reminders import morning
from portal.payments import feed
from portal.payments.facts import agreed_of, paid_of
from portal.payments.ledger import Ledger, ledger_of
from portal.payments.plan_notices import notice
from portal.payments.plan_records import InstalmentLook, Plan, Subject
from portal.rules.days import day_in_paris

if TYPE_CHECKING:
    from portal.core.table import Table

# guard: reminded-of-instalments: days=3 => days=300
_BEFORE = timedelta(days=3)
_KEPT = 60 * DAY
"""For which a row waits for a run."""


class ToldError(RefusedError):
    """Another run told it."""


def looks_of(plan: Plan) -> Iterator[Write]:
    """Yield the rows of a plan's instalments that are to come, none of one that is not agreed."""
    if plan.decided_at is None or plan.refused:
        return
    for place, each in enumerate(agreed_of(plan).instalments, 1):
        reminded_at = morning(each.due_on - _BEFORE)
        times: dict[Subject, int] = {"reminder": reminded_at, "missed": each.due_at}
        for subject, at in times.items():
            if at > plan.decided_at:
                yield put(
                    InstalmentLook(
                        day=day_in_paris(at).isoformat(),
                        account_id=plan.account_id,
                        number=plan.number,
                        place=place,
                        subject=subject,
                        look_at=at,
                        expires_at=at + _KEPT,
                    )
                )


def look_at_instalments(table: "Table", now: int, days: int = 31) -> Counter[str]:
    """Tell what became due of instalments in the last ``days``.

    Returns how many looks ``told`` something or nothing (``quiet``), or were made by another run
    (``gone``).
    """
    outcomes = Counter[str]()
    today = day_in_paris(now)
    for ago in range(days, -1, -1):
        day = (today - timedelta(days=ago)).isoformat()
        for look in table.query(InstalmentLook, InstalmentLook.partition(day=day)):
            if look.look_at <= now:
                outcomes[_look(table, look, now)] += 1
    return outcomes


def _look(table: "Table", look: InstalmentLook, now: int) -> str:
    book = read(table, look.account_id)
    ledger = ledger_of(book, now) if book else None
    plan = next((p for p in ledger.plans if p.number == look.number), None) if ledger else None
    notices = [*_notices(ledger, plan, look, now)] if ledger and plan else []
    try:
        table.transact(remove(look.key(), if_={"look_at": look.look_at}, else_=ToldError), *notices)
    except ToldError:
        return "gone"
    return "told" if notices else "quiet"


def _notices(ledger: Ledger, plan: Plan, look: InstalmentLook, now: int) -> Iterator[Write]:
    """Yield the notice that an instalment comes, or that the plan ended, once."""
    state, since = ledger.outcome_of(plan)
    if state == "broken" and plan.told_at is None:
        unchanged = {"signed_at": plan.signed_at, "told_at": None}
        yield update(plan.key(), {"told_at": now}, if_=unchanged, else_=ToldError)
        ended_on = day_in_paris(since)
        yield from notice(
            feed.PLAN_BROKEN, plan, now, actor=PORTAL, place=look.place, due_on=ended_on
        )
    if state != "running" or look.subject == "missed":
        return
    instalment = agreed_of(plan).instalments[look.place - 1]
    own = [paid_of(each) for each in ledger.payments if each.code == instalment.code]
    if now < instalment.due_at and instalment.ordered(own, now) < instalment.cents:
        wanted = ledger.by_mail
        yield from notice(
            feed.PLAN_REMINDER, plan, now, actor=PORTAL, place=look.place, by_mail=wanted
        )
