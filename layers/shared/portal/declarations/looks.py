"""Reminders that the portal sends by itself: periods that open, are due soon, or are late.

And warnings that no declaration causes: the end of Acre, the income limit of the versement
libératoire, twenty months without turnover.

Nothing is scanned. Each business has one `Look`, under the day on which there is something to tell
of it next. A run reads the days gone by, tells what there was to tell since the last look and is
still so, and writes the next look. What several looks missed is told once, as it is now.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.core.feed import PORTAL, Kind, entry
from portal.core.outbox import Outgoing
from portal.core.writes import Write, put
from portal.core.writes import delete as remove
from portal.declarations import feed
from portal.declarations.book import Book, Shown, months_from, read
from portal.declarations.business import store
from portal.declarations.records import Business, Look
from portal.declarations.reminders import Fact, Subject, between, morning, next_look
from portal.identity.records import AccountChangedError
from portal.rules.days import day_in_paris

if TYPE_CHECKING:
    from portal.core.table import Table

_KINDS: dict[Subject, Kind] = {
    "opened": feed.PERIOD_OPENED,
    "reminder": feed.PERIOD_REMINDER,
    "overdue": feed.PERIOD_OVERDUE,
}
_LAST_DAYS: dict[Subject, Kind] = {
    "acre-ends": feed.ACRE_ENDS,
    "flat-tax": feed.FLAT_TAX_LIMIT,
}
_IDLE_MONTHS, _EXIT_MONTHS = 20, 24
"""Months without turnover after which a warning is sent, and after which the regime may end."""
_TO_DECLARE = {"open", "overdue-undeclared"}


def look_at_due(table: "Table", now: int, days: int = 31) -> Counter[str]:
    """Send the reminders that became due in the last ``days``.

    Returns how many were ``told`` something or nothing (``quiet``), are ``gone``, or ``changed``
    meanwhile: the next run looks at these. Runs in the morning and after noon, in Paris; a run that
    was missed is made up for by the next.
    """
    outcomes = Counter[str]()
    today = day_in_paris(now)
    for ago in range(days, -1, -1):
        day = (today - timedelta(days=ago)).isoformat()
        for look in table.query(Look, Look.partition(day=day)):
            if look.look_at <= now:
                outcomes[_look(table, look, now)] += 1
    return outcomes


def _look(table: "Table", look: Look, now: int) -> str:
    book = read(table, look.account_id)
    if book is None or book.business.look_at != look.look_at:
        table.write(remove(look.key()))  # another one replaced it, or nothing is left to look at
        return "gone"
    business = book.business
    seen = replace(business, looked_at=now, look_at=next_look(business, now))
    seen, warning = _warned_of_idleness(book, seen, now)
    notices = [*_notices(book, now), *warning]
    try:
        table.transact(*store(business, seen), *notices)
    except AccountChangedError:
        return "changed"
    return "told" if notices else "quiet"


def _notices(book: Book, now: int) -> Iterator[Write]:
    """Yield the notices of what there was to tell since the last look, and is still so."""
    facts = between(book.business, book.business.looked_at or 0, now)
    shown = {each.period.code: each for each in book.periods(day_in_paris(now), now)}
    for due in sorted({fact.day for fact in facts if fact.period}):
        # guard: told-as-it-is-now: if each.state in _TO_DECLARE =>
        left = [each for each in _of(facts, due, shown) if each.state in _TO_DECLARE]
        if left:
            # What is late needs no reminder, nor what is reminded of to be said open.
            last = [fact for fact in facts if fact.period and fact.day == due][-1]
            yield from _notice(book, _KINDS[last.subject], due, left, now)
    for fact in facts:
        if fact.period is None and fact.day >= day_in_paris(now):
            yield from _notice(book, _LAST_DAYS[fact.subject], fact.day, (), now)


def _warned_of_idleness(book: Book, seen: Business, now: int) -> tuple[Business, Sequence[Write]]:
    """Return a business that is looked at when it is long without turnover, and that notice then.

    Once each time: what it declares later starts another time.
    """
    idle_after = book.idle_after()
    name = f"{idle_after}/idle"
    # guard: told-once-when-idle: name in seen.told => False
    if idle_after is None or name in seen.told:
        return seen, ()
    warned_at = morning(months_from(idle_after, _IDLE_MONTHS + 1))
    if warned_at > now:
        return replace(seen, look_at=min(warned_at, seen.look_at or warned_at)), ()
    ends = months_from(idle_after, _EXIT_MONTHS + 1)
    warned = replace(seen, told=sorted({*seen.told, name}))
    return warned, [*_notice(book, feed.NO_TURNOVER, ends, (), now)]


def _of(facts: Sequence[Fact], due: date, shown: dict[str, Shown]) -> Iterator[Shown]:
    """Yield the periods due on a day that there is something to tell of, in order."""
    codes = {fact.period.code for fact in facts if fact.period and fact.day == due}
    return (each for code, each in shown.items() if code in codes)


def _notice(
    book: Book, kind: Kind, day: date, periods: Sequence[Shown], now: int
) -> Iterator[Write]:
    account_id = book.business.account_id
    labels, due = _listed([each.period.label for each in periods]), f"{day:%d/%m/%Y}"
    about = {"periods": labels, "due": due}
    yield put(entry(kind, account_id, now, actor=PORTAL, about=about))
    # guard: reminders-by-mail-if-wanted: if book.business.reminder_mails => if True
    if book.business.reminder_mails:
        yield put(Outgoing.new(kind.name, now, account_id=account_id, what=labels, due=due))


def _listed(words: Sequence[str]) -> str:
    *others, last = words or [""]
    return f"{', '.join(others)} et {last}" if others else last
