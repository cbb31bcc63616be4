"""Attempts to log in, counted for each identifier before anything is compared (ASVS 6.3.1)."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from portal.core.problems import THROTTLED, Problem
from portal.core.writes import Expr, Refusal, RefusedError, Write, delete, update
from portal.identity.records import DeviceFailures, Identifier

if TYPE_CHECKING:
    from portal.core.records import Attributes
    from portal.core.settings import Limits
    from portal.core.table import Table

LONGEST_DELAY = 900
"""Longest delay of a login after failures, in seconds."""


def delay_after(failures: int, free: int) -> int:
    """Return the seconds to wait before the next login after ``failures`` failures."""
    # guard: doubling-delays: 2 ** => 2 *
    return 0 if failures < free else min(2 ** (failures - free), LONGEST_DELAY)


def count_attempt(
    table: "Table",
    limits: "Limits",
    mac: str,
    known_device: Callable[[Identifier], str | None] | None,
    now_ms: int,
) -> tuple[Identifier, str | None]:
    """Count an attempt; return the identifier, and the device if its own count was used.

    A device that logged in before has its own count, used while other people's guesses delay the
    identifier: so nobody can lock its holder out. ``known_device``, called only then, returns its
    id, or ``None``. Raises ``Problem(THROTTLED)`` with the seconds left to wait.
    """
    own = Identifier.key_of(mac=mac)
    try:
        # guard: counted-before-the-hash: count_failure(table, Identifier, own, mac, limits, now_ms) => table.get(Identifier, own) or Identifier(mac=mac)
        return count_failure(table, Identifier, own, mac, limits, now_ms), None
    except Problem:
        if known_device is None:
            raise
        identifier = table.get(Identifier, own) or Identifier(mac=mac)
        device = known_device(identifier)
        # guard: known-device-passes: device is None => True
        if device is None:
            raise
    at = DeviceFailures.key_of(mac=mac, device=device)
    # guard: known-device-is-counted
    count_failure(table, DeviceFailures, at, mac, limits, now_ms)
    return identifier, device


def count_failure[Counted: (Identifier, DeviceFailures)](
    table: "Table",
    kind: type[Counted],
    at: "Attributes",
    mac: str,
    limits: "Limits",
    now_ms: int,
) -> Counted:
    """Count an attempt as a failure, if it may be made now, and return its record.

    The first failures are free; each further one doubles the delay, up to 15 minutes. The count is
    raised by conditional writes, so parallel attempts pass only as often as the free failures and
    the elapsed delays allow. Failures are forgotten a day after the last one, for every identifier,
    by comparing times: TTL deletes the record of an unknown identifier then, and a count that was
    kept longer would show which identifiers have an account.

    Raises ``Problem(THROTTLED)`` with the seconds left to wait.
    """
    free = limits.free_failures
    forgotten = now_ms - 1000 * Identifier.RETENTION
    may_try = Expr(
        "attribute_not_exists(failures) OR failures = :none"
        " OR (failures < :free AND attempted_at > :forgotten)",
        {":none": 0, ":free": free, ":forgotten": forgotten},
    )
    one_more = Expr("if_not_exists(failures, :none) + :one", {":none": 0, ":one": 1})
    while True:
        try:
            return _raise_count(table, kind, at, mac, one_more, may_try, now_ms)
        except RefusedError as refused:
            # No item: the record was removed meanwhile, by TTL or by a login from its device.
            read = kind.from_item(refused.item) if refused.item else kind(mac=mac)
        last, failures = read.attempted_at, read.failures
        if last is None:
            raise _too_many(1)
        # guard: failures-forgotten-alike: last <= forgotten => False
        if last <= forgotten:
            failures = 0
        elif now_ms < (ends := last + 1000 * delay_after(failures, free)):
            raise _too_many(max(1, math.ceil((ends - now_ms) / 1000)))
        try:
            # guard: one-attempt-for-one-delay: "failures": read.failures, "attempted_at": last => "mac": mac
            unchanged = {"failures": read.failures, "attempted_at": last}
            return _raise_count(table, kind, at, mac, failures + 1, unchanged, now_ms)
        except RefusedError:
            continue  # another attempt was counted meanwhile: check this one again


def forget_failures(
    identifier: Identifier, device: str | None, *, else_: Refusal
) -> Sequence[Write]:
    """Return the writes that clear the failures, refused if the identifier is another's now."""
    cleared = [
        update(
            identifier.key(),
            # guard: success-clears: failures => forgiven
            {"failures": 0},
            if_={"account_id": identifier.account_id},
            else_=else_,
        )
    ]
    if device:
        cleared.append(delete(DeviceFailures.key_of(mac=identifier.mac, device=device)))
    return cleared


def _too_many(retry_after: int) -> Problem:
    """Return the refusal of a login that must wait, with the way out, alike for everyone."""
    return Problem(
        THROTTLED,
        retry_after=retry_after,
        title="Trop d’essais",
        detail="Trop d’essais avec cet identifiant. Patientez avant de recommencer, ou choisissez "
        "un nouveau mot de passe avec «\u00a0Mot de passe oublié\u00a0?\u00a0»\u00a0: "
        "l’attente prend fin.",
    )


def _raise_count[Counted: (Identifier, DeviceFailures)](
    table: "Table",
    kind: type[Counted],
    at: "Attributes",
    mac: str,
    failures: Expr | int,
    if_: Expr | Mapping[str, int],
    now_ms: int,
) -> Counted:
    """Store a new count if a condition applies, else raise ``RefusedError``."""
    swept_at = now_ms // 1000 + Identifier.RETENTION
    changes = {
        "mac": mac,
        "failures": failures,
        "attempted_at": now_ms,
        "expires_at": Expr("if_not_exists(kept_until, :swept_at)", {":swept_at": swept_at}),
    }
    return kind.from_item(table.write(update(at, changes, if_=if_)))
