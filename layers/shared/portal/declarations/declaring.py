"""A person declares the turnover of a period, corrects it, or declares zero."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from portal.core.feed import entry
from portal.core.outbox import Outgoing
from portal.core.problems import (
    INVALID_REQUEST,
    THROTTLED,
    UNAVAILABLE,
    FieldError,
    Problem,
)
from portal.core.records import DAY
from portal.core.writes import RefusedError, Write, put
from portal.declarations import events, feed, levels
from portal.declarations.book import Book, Shown, open_book
from portal.declarations.problems import (
    PERIOD_CLOSED,
    PERIOD_NOT_OPEN,
    PERIOD_UNKNOWN,
    STALE_VERSION,
)
from portal.declarations.records import Declaration, stored_lines
from portal.declarations.timeline import activities_of
from portal.identity.records import AccountChangedError
from portal.rules.contributions import CATEGORIES, Category, estimate
from portal.rules.periods import span_of

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.table import Table

_TRIES = 5
# guard: twenty-versions-a-day: 20 => 10**6
_A_DAY = 20
"""Versions of a declaration in a day: each is kept, and sends a mail."""
_WHY_NOT_OPEN = {
    "running": "Cette période n’est pas terminée\u00a0: elle s’ouvrira le {opens}.",
    "affiliation-pending": "Votre affiliation n’était pas encore confirmée.",
    "rates-unknown": "Les taux de cette période ne sont pas encore connus. Elle s’ouvrira dès "
    "qu’ils le seront.",
}
_CEASED = "Votre activité a cessé avant cette période\u00a0: il n’y a rien à déclarer."
_TOO_LATE = (
    "Cette période ne se déclare plus en ligne\u00a0: son échéance est passée depuis plus d’un an. "
    "Écrivez-nous par «\u00a0Nous contacter\u00a0», avec la période et les montants."
)


class VersionTakenError(RefusedError):
    """Another declaration of the period has that version, or what follows from it changed."""


type Following = Callable[[Book, Shown, "Acting"], Iterable[Write]]
"""What else a declaration changes, of other domains; refused with ``VersionTakenError``."""


def _nothing(*_: object) -> Iterable[Write]:
    return ()


def declare(
    table: "Table",
    acting: "Acting",
    code: str,
    turnover: Mapping[Category, int],
    expected_version: int,
    following: "Following" = _nothing,
) -> Book:
    """Declare the turnover of a period, or correct it until it is due; return the book.

    ``turnover`` has euros for each activity of the business. What was declared with the same
    figures is not declared again. What ``following`` yields is written with it. Raises
    ``Problem``: ``SERVICES_CLOSED``, ``PERIOD_UNKNOWN``, ``PERIOD_NOT_OPEN``, ``PERIOD_CLOSED``,
    ``STALE_VERSION``, ``INVALID_REQUEST``, ``THROTTLED``.
    """
    for _ in range(_TRIES):
        book = open_book(table, acting)
        shown = find_in(book, code, acting.at)
        _require_begun(shown)
        given = _checked(shown, turnover)
        if shown.newest and shown.newest.turnover == given:
            return book
        _require_open(shown, acting.at)
        # guard: version-as-it-was-seen: != expected_version => < 0
        if len(shown.versions) != expected_version:
            raise Problem(STALE_VERSION)
        _require_few(shown, acting.at)
        declaration = _declaration(shown, acting, given)
        try:
            table.transact(
                # Its refusal is looked at in the next try: who was faster may have said the same.
                put(declaration, else_=VersionTakenError),
                *_notices(declaration, shown, acting),
                put(
                    Outgoing.new(events.TURNOVER_DECLARED, acting.at, account_id=acting.account_id)
                ),
                *levels.writes(book, shown, declaration, acting),
                *following(book, shown, acting),
            )
        except (VersionTakenError, AccountChangedError):
            continue
        declared = {**book.declared, code: [*shown.versions, declaration]}
        return book._replace(declared=declared)
    raise Problem(UNAVAILABLE, retry_after=1)


def find(table: "Table", acting: "Acting", code: str) -> Shown:
    """Return a period; raises ``Problem``: ``SERVICES_CLOSED``, ``PERIOD_UNKNOWN``."""
    return find_in(open_book(table, acting), code, acting.at)


def find_in(book: Book, code: str, now: int) -> Shown:
    """Return a period of a book; raises ``Problem(PERIOD_UNKNOWN)``."""
    shown = book.find(code, now)
    if shown is not None:
        return shown
    ends = [each.ceased_on for each in activities_of(book.business) if each.ceased_on]
    after = any(day.isoformat() < code for day in ends)
    raise Problem(PERIOD_UNKNOWN, detail=_CEASED if after else PERIOD_UNKNOWN.detail)


def _checked(shown: Shown, turnover: Mapping[Category, int]) -> Mapping[Category, int]:
    """Return the turnover of each activity; raises ``Problem`` when one is missing or not there."""
    activities = shown.details.activities
    errors = [
        FieldError(f"turnover.{each}", "required", "Indiquez un montant, même 0.")
        for each in activities
        if each not in turnover
    ]
    errors += [
        FieldError(f"turnover.{each}", "not-your-activity", "Ce n’est pas l’une de vos activités.")
        for each in CATEGORIES
        if each in turnover and each not in activities
    ]
    if errors:
        raise Problem(INVALID_REQUEST, errors=errors)
    return {each: turnover[each] for each in activities}


def _require_begun(shown: Shown) -> None:
    """Raise ``Problem(PERIOD_NOT_OPEN)``, with the reason, for a period that is not open."""
    if shown.state == "upcoming":
        reason = shown.reason or "running"
        detail = _WHY_NOT_OPEN[reason].format(opens=f"{shown.period.opens_on:%d/%m/%Y}")
        raise Problem(PERIOD_NOT_OPEN, detail=detail, reason=reason)


def _require_open(shown: Shown, now: int) -> None:
    """Raise ``Problem`` for a period that is no longer to declare."""
    match shown.state:
        case "void":
            raise Problem(PERIOD_CLOSED, detail=_CEASED)
        # guard: corrected-until-due: now >= shown.period.due_at => False
        case _ if shown.versions and now >= shown.period.due_at:
            raise Problem(PERIOD_CLOSED)
        # guard: late-for-a-year: shown.reason == "closed" => False
        case _ if shown.reason == "closed":
            raise Problem(PERIOD_CLOSED, detail=_TOO_LATE)
        case _:
            return


def _require_few(shown: Shown, now: int) -> None:
    """Raise ``Problem(THROTTLED)`` when the declaration changed too often in a day."""
    recent = [each.at for each in shown.versions if each.at > now - DAY]
    if len(recent) >= _A_DAY:
        raise Problem(THROTTLED, retry_after=recent[-_A_DAY] + DAY - now)


def _declaration(shown: Shown, acting: "Acting", turnover: Mapping[Category, int]) -> Declaration:
    span = span_of(shown.period.code)
    amounts = estimate(shown.details.rated._replace(acre=shown.acre), span, turnover)
    return Declaration(
        account_id=acting.account_id,
        code=span.code,
        version=len(shown.versions) + 1,
        actor_id=acting.actor_id,
        at=acting.at,
        lines=stored_lines(amounts),
        acre=amounts.acre,
    )


def _notices(declaration: Declaration, shown: Shown, acting: "Acting") -> Iterator[Write]:
    kind = feed.DECLARATION_CORRECTED if declaration.version > 1 else feed.TURNOVER_DECLARED
    about = {
        "period": shown.period.label,
        "turnover": feed.euros(sum(declaration.turnover.values())),
        "total": feed.euros(declaration.amounts.total),
    }
    yield put(entry(kind, acting.account_id, acting.at, actor=acting.actor_id, about=about))
    # No figure leaves the account: the mail names the period only.
    yield put(
        Outgoing.new(kind.name, acting.at, account_id=acting.account_id, what=shown.period.label)
    )
