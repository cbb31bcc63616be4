"""Accounts without login for two years: told twice, then deleted, without a scan."""

import json
import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from portal.core.problems import UNAUTHENTICATED
from portal.core.records import DAY
from portal.identity import deletion
from portal.identity.feed import UNUSED
from portal.identity.unused import look_at_unused
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL, HELD, OTHER
from tests.world.world import NOW

if TYPE_CHECKING:
    from portal.core.settings import Unused
    from tests.world.world import World

AFTER = 730
"""Days, as all numbers here: since the account was opened."""
SUBJECT = "Votre compte inutilisé sera supprimé"


def run(world: "World", day: float, unused: "Unused | None" = None, back: int = 31) -> Counter[str]:
    """Run the daily function's work once, some days after the account was opened."""
    now = NOW + round(day * DAY)
    looked = look_at_unused(world.table, HELD, unused or world.settings.unused, now, back)
    deletion.delete_due(world.table, HELD, now, back)
    return looked


def days(world: "World", first: int, last: int) -> dict[int, list[str]]:
    """Run the work of these days; return the subjects of the mails to the holder, by day.

    Days on which no look is due are left out: their runs only read.
    """
    sent: dict[int, list[str]] = {}
    day = first
    while day <= last:
        run(world, day, back=1)
        mails = world.deliver(NOW + day * DAY)
        if mails:
            assert {each.to[0] for each in mails} == {EMAIL}
            sent[day] = [each.subject for each in mails]
        looks = [int(each["use_check_at"]["N"]) for each in world.items("USE#")]
        day = max(day + 1, min((math.ceil((at - NOW) / DAY) for at in looks), default=last + 1))
    return sent


@pytest.mark.guards("told-twice")
def test_an_unused_account_is_told_twice_then_deleted(world: "World") -> None:
    """Mails go out 30 and 7 days before the date that they give; then the account is deleted."""
    account_id = world.open_account()
    world.deliver()
    assert days(world, 1, AFTER - 1) == {AFTER - 30: [SUBJECT], AFTER - 7: [SUBJECT]}
    assert world.kinds(account_id) == [UNUSED.name] * 2
    assert world.account(account_id)
    mail = world.mails()[-1]
    assert "supprimés le 20/09/2028" in mail.text
    run(world, AFTER)
    world.deliver(NOW + AFTER * DAY)
    assert json.loads(world.events()[-1]["Detail"]) == {"account_id": account_id}
    assert world.events()[-1]["DetailType"] == "AccountDeleted"
    left = [each["pk"]["S"].partition("#")[0] for each in world.items()]
    assert set(left) <= {"REGISTRATION", "EMAIL", "MAIL", "RATE", "TOKEN"}
    assert world.open_account(NOW + AFTER * DAY) != account_id, "its identifiers are free"


def test_a_login_costs_nothing_more(world: "World") -> None:
    """A login writes nothing about the next look at the account."""
    world.open_account()
    before = world.items("USE#")
    world.log_in(EMAIL, now=NOW + DAY)
    assert world.items("USE#") == before


@pytest.mark.guards("login-keeps-the-account")
@pytest.mark.parametrize("last", [AFTER - 29, AFTER - 1])
def test_a_login_starts_the_two_years_again(world: "World", last: int) -> None:
    """A login before the date keeps the account; two years later its holder is told twice again."""
    world.open_account()
    world.deliver()
    days(world, 1, last)
    world.log_in(EMAIL, now=NOW + last * DAY)
    world.deliver(NOW + last * DAY)
    assert days(world, last + 1, last + AFTER - 31) == {}
    assert run(world, last + AFTER - 30) == {"told": 1}
    assert run(world, last + AFTER - 7) == {"told": 1}
    assert run(world, last + AFTER - 1) == {}
    assert run(world, last + AFTER) == {"deleted": 1}


@pytest.mark.guards("login-wins")
def test_a_login_during_the_deletion_wins(world: "World") -> None:
    """A login between the run's read and its write keeps the account."""
    account_id = world.open_account()
    world.deliver()
    days(world, 1, AFTER - 1)
    looked = overtaken(
        lambda: world.log_in(EMAIL, now=NOW + AFTER * DAY - 1), lambda: run(world, AFTER)
    )
    assert looked == {"changed": 1}
    assert world.account(account_id)
    assert run(world, AFTER + 1) == {"used": 1}


def test_a_run_twice_changes_nothing_more(world: "World") -> None:
    """A day's second run tells nobody and deletes nothing."""
    world.open_account()
    world.deliver()
    days(world, 1, AFTER - 31)
    for day in (AFTER - 30, AFTER - 7):
        assert run(world, day) == {"told": 1}
        assert run(world, day) == {}
        assert len(world.deliver(NOW + day * DAY)) == 1
    assert run(world, AFTER) == {"deleted": 1}
    assert run(world, AFTER) == {}


@pytest.mark.guards("one-look-for-one-day")
def test_of_two_runs_at_once_one_tells(world: "World") -> None:
    """Of two runs at the same time one writes the notice, the other changes nothing."""
    account_id = world.open_account()
    world.deliver()
    days(world, 1, AFTER - 31)
    looked = overtaken(lambda: run(world, AFTER - 30), lambda: run(world, AFTER - 30))
    assert looked == {"changed": 1}
    assert len(world.deliver(NOW + (AFTER - 30) * DAY)) == 1
    assert world.kinds(account_id) == [UNUSED.name]
    assert len(world.items("USE#")) == 1


@pytest.mark.guards("days-to-come-back")
def test_late_runs_tell_later_dates(world: "World") -> None:
    """After missed runs a holder still has 30 days from the first mail, 7 from the second."""
    world.open_account()
    world.deliver()
    days(world, 1, AFTER - 31)
    late = AFTER - 10
    assert run(world, late) == {"told": 1}
    assert "supprimés le 10/10/2028" in world.deliver(NOW + late * DAY)[0].text
    assert days(world, late + 1, late + 25) == {late + 23: [SUBJECT]}
    later = late + 29
    assert run(world, later) == {}
    assert run(world, late + 30) == {"deleted": 1}


def test_a_second_mail_that_comes_late(world: "World") -> None:
    """A second notice after the date gives seven days from then."""
    world.open_account()
    world.deliver()
    days(world, 1, AFTER - 30)
    assert run(world, AFTER + 3) == {"told": 1}
    assert run(world, AFTER + 9) == {}
    assert run(world, AFTER + 10) == {"deleted": 1}


def test_the_settings_reach_every_account(world: "World") -> None:
    """A longer time keeps accounts whose holders were told; a shorter one counts in half a year."""
    world.open_account()
    world.deliver()
    days(world, 1, AFTER - 7)
    longer = replace(world.settings.unused, after=3 * 365 * DAY)
    assert run(world, AFTER, longer) == {"used": 1}
    shorter = replace(world.settings.unused, after=365 * DAY)
    assert run(world, AFTER + 180, shorter) == {"told": 1}


def test_a_deletion_asked_for_comes_first(world: "World") -> None:
    """An account whose deletion was asked for is deleted at that date, without a notice."""
    account_id = world.open_account()
    world.deliver()
    days(world, 1, AFTER - 31)
    deletion.schedule_deletion(world.table, world.acting(account_id, NOW + (AFTER - 31) * DAY))
    world.deliver(NOW + (AFTER - 31) * DAY)
    assert days(world, AFTER - 30, AFTER) == {}
    refused(
        UNAUTHENTICATED, lambda: deletion.schedule_deletion(world.table, world.acting(account_id))
    )
    assert not world.items("USE#")


def test_an_account_that_is_gone_is_looked_at_no_more(world: "World") -> None:
    """What is left of an interrupted deletion is removed, the feed too."""
    world.open_account()
    assert run(world, 179) == {}
    world.sweep("ACCOUNT#")
    assert run(world, 180) == {"gone": 1}
    assert not world.items("USE#")


def test_a_run_reads_few_days(world: "World") -> None:
    """A run reads the days that it may have missed, and nothing of accounts that are not due."""
    world.open_account()
    world.open_account(email=OTHER, nir=None, siret=None)
    with world.calls.counted() as made:
        look_at_unused(world.table, HELD, world.settings.unused, NOW + DAY)
    assert made == ["Query"] * 32
