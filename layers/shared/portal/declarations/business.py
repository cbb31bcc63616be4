"""What the back office says of a business: as it is, as it changes, when it ends.

Events are applied once, in the order of their times, however they arrive. A change replaces the
business from a day on, with every change that was said before for that day or a later one.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict, replace

from portal.core.problems import UNAVAILABLE, Problem
from portal.core.writes import Write, check, put, put_new, update
from portal.core.writes import delete as remove
from portal.declarations.records import Business, Details, Look, Version
from portal.declarations.reminders import next_look
from portal.declarations.timeline import activities_of, end_of, versions_of
from portal.identity.records import AFFILIATION_CONFIRMED, Account, AccountChangedError

if TYPE_CHECKING:
    from portal.core.table import Table

_TRIES = 5


class Changed(msgspec.Struct, frozen=True):
    """A business as it is from a day on."""

    details: Details
    effective_on: date


class Ceased(msgspec.Struct, frozen=True):
    """The last day of an activity."""

    on: date


type News = Details | Changed | Ceased | None
"""What an event says: a confirmed business, a change, an end, or nothing of the business."""


def apply(table: "Table", account_id: str, news: News, at_ms: int) -> bool:
    """Apply what an event of a time (milliseconds) says; return whether it changed anything.

    What is known already, was said otherwise later, or is of an unknown account is ignored. Raises
    ``Problem(UNAVAILABLE)`` when other changes were faster in every try.
    """
    for _ in range(_TRIES):
        account = table.get(Account, Account.key_of(id=account_id))
        if account is None:
            return False
        writes = changes(table, account, news, at_ms)
        if not writes:
            return False
        there = check(account.key(), if_={"id": account_id}, else_=AccountChangedError)
        try:
            table.transact(there, *writes)
        except AccountChangedError:
            continue
        return True
    raise Problem(UNAVAILABLE, retry_after=1)


def changes(table: "Table", account: Account, news: News, at_ms: int) -> Sequence[Write]:
    """Return the writes by which the business follows an event, and the account's affiliation.

    None when nothing changes. Refused with ``AccountChangedError`` when the business changed since
    it was read.
    """
    read = table.get(Business, Business.key_of(account_id=account.id))
    business = read or Business(account_id=account.id)
    changed = _following(_told(business, news, at_ms), account)
    if changed == business:
        return ()
    # Reminders that were due before the affiliation are not sent afterwards.
    looked_at = (business.affiliated and business.looked_at) or at_ms // 1000
    changed = replace(changed, looked_at=looked_at, look_at=next_look(changed, looked_at))
    return [*store(read, changed)]


def store(read: Business | None, changed: Business) -> Iterator[Write]:
    """Yield the writes of a changed business, and of the next look at it.

    Refused with ``AccountChangedError`` when it changed since it was read.
    """
    if read is None:
        yield put_new(changed, else_=AccountChangedError)
    else:
        values = asdict(replace(changed, revision=read.revision + 1))
        before = asdict(read)
        others = {name: each for name, each in values.items() if each != before[name]}
        # guard: business-as-it-was-read: {"revision": read.revision} => {}
        unchanged = {"revision": read.revision}
        yield update(read.key(), others, if_=unchanged, else_=AccountChangedError)
    former, later = read and _look(read), _look(changed)
    if former and (later is None or later.day != former.day):
        yield remove(former.key())
    if later and later != former:
        yield put(later)


def _look(business: Business) -> Look | None:
    at = business.look_at
    return None if at is None else Look(account_id=business.account_id, look_at=at)


def _following(business: Business, account: Account) -> Business:
    """Return a business with the affiliation of its account."""
    affiliated = account.affiliation == AFFILIATION_CONFIRMED
    if affiliated == business.affiliated and not affiliated:
        return business
    since = business.affiliated_at if business.affiliated else (account.affiliation_at or 0) // 1000
    return replace(
        business,
        affiliated=affiliated,
        affiliated_at=since if affiliated else None,
        siret_mac=account.siret_mac,
    )


def _told(business: Business, news: News, at_ms: int) -> Business:
    match news:
        case Details():
            return _with(business, news, _from_of(business, news), at_ms)
        case Changed():
            return _with(business, news.details, news.effective_on, at_ms)
        case Ceased():
            return _ending(business, news.on, at_ms)
        case None:
            return business


def _from_of(business: Business, details: Details) -> date:
    """Return from when a confirmed business counts: always, unless another ended before it."""
    ended = [each.ceased_on for each in activities_of(business) if each.ceased_on]
    resumes = any(day < details.started_on for day in ended)
    return details.started_on if resumes else date.min


def _with(business: Business, details: Details, effective_on: date, at_ms: int) -> Business:
    """Return a business with a version of a time, which replaces earlier ones from a day on."""
    known = versions_of(business)
    # guard: business-in-order: each.at_ms > at_ms => False
    if any(each.effective_on <= effective_on and each.at_ms > at_ms for each in known):
        return business
    if any((each.effective_on, each.at_ms) == (effective_on, at_ms) for each in known):
        return business  # it came before
    # Those of the same second stay: times of events have no more than that.
    left = [each for each in known if each.effective_on < effective_on or each.at_ms >= at_ms]
    version = Version(effective_on=effective_on, at_ms=at_ms, details=details)
    ordered = sorted([*left, version], key=lambda each: each.effective_on)
    stored = tuple(msgspec.json.encode(each).decode() for each in ordered)
    return replace(business, versions=stored)


def _ending(business: Business, day: date, at_ms: int) -> Business:
    """Return a business with the last day of the activity that it is in."""
    begun = [each.started_on for each in activities_of(business) if each.started_on <= day]
    if not begun or end_of(business, begun[-1])[1] >= at_ms:
        return business
    ceased = {**business.ceased, begun[-1].isoformat(): f"{day} {at_ms}"}
    return replace(business, ceased=ceased)
