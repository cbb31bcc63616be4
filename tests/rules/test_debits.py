"""The days of debits and their cut-off: TARGET days, noon in Paris, both changes of hour."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.days import day_in_paris
from portal.rules.debits import (
    bank_day_before,
    bank_day_from,
    cut_off,
    debit_day,
    is_bank_day,
    last_final_day,
)

DAY = 24 * 3600
DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))
TIMES = st.integers(1_577_880_000, 2_870_000_000)


def at(text: str) -> int:
    """Return a time in seconds since the epoch."""
    return int(datetime.fromisoformat(text).timestamp())


def day(text: str) -> date:
    """Return a day."""
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    "closed",
    [
        *("2026-01-01", "2026-05-01", "2026-12-25", "2026-12-26", "2026-11-28", "2026-11-29"),
        *("2026-04-03", "2026-04-06", "2027-03-26", "2027-03-29"),
    ],
)
def test_days_on_which_nothing_is_settled(closed: str) -> None:
    """Week-ends, New Year, Good Friday, Easter Monday, 1 May, Christmas and the day after."""
    assert not is_bank_day(day(closed))


@pytest.mark.parametrize(
    "open_", ["2026-07-14", "2026-05-08", "2026-11-11", "2026-05-14", "2026-05-25", "2027-11-01"]
)
def test_french_holidays_are_bank_days(open_: str) -> None:
    """Holidays of France alone change nothing for banks."""
    assert is_bank_day(day(open_))


@pytest.mark.guards("cut-off-at-noon", "two-bank-days")
@pytest.mark.parametrize(
    ("due", "now", "debit", "late"),
    [
        ("2026-11-30", "2026-11-02T09:00:00+01:00", "2026-11-30", False),
        # The eve of Monday 30 November is Friday 27, at noon to the second.
        ("2026-11-30", "2026-11-27T11:59:59+01:00", "2026-11-30", False),
        ("2026-11-30", "2026-11-27T12:00:00+01:00", "2026-12-01", True),
        ("2026-11-30", "2026-11-28T10:00:00+01:00", "2026-12-01", True),
        ("2026-11-30", "2026-11-30T11:00:00+01:00", "2026-12-02", True),
        # Long overdue: two bank days, whatever the hour.
        ("2026-08-31", "2026-11-26T08:00:00+01:00", "2026-11-30", True),
        ("2026-08-31", "2026-11-26T23:00:00+01:00", "2026-11-30", True),
        # Due on Thursday 30 April: the debit may be ordered until Wednesday at noon.
        ("2026-04-30", "2026-04-29T11:59:59+02:00", "2026-04-30", False),
        ("2026-04-30", "2026-04-29T12:00:00+02:00", "2026-05-04", True),
        # Easter: Friday and Monday are closed.
        ("2026-03-31", "2026-04-02T10:00:00+02:00", "2026-04-08", True),
        # Saturday 26 December is closed; banks work between Christmas and New Year.
        ("2026-12-25", "2026-12-24T11:59:59+01:00", "2026-12-28", False),
        ("2026-12-25", "2026-12-24T12:00:00+01:00", "2026-12-29", True),
        # Late in the evening it is already tomorrow in Paris.
        ("2026-08-31", "2026-11-25T23:30:00+00:00", "2026-11-30", True),
    ],
)
def test_when_an_order_is_debited(due: str, now: str, debit: str, late: bool) -> None:  # noqa: FBT001
    """On the due day until noon of the bank day before it; then two bank days after the order."""
    assert debit_day(day(due), at(now)) == (day(debit), late)


@pytest.mark.parametrize(
    ("debit", "instant"),
    [
        ("2026-10-26", "2026-10-23T10:00:00Z"),  # Friday, before the hour changes on the 25th
        ("2026-10-27", "2026-10-26T11:00:00Z"),
        (
            "2027-03-30",
            "2027-03-25T11:00:00Z",
        ),  # Thursday: Easter, and the hour of summer on the 28th
        ("2027-03-31", "2027-03-30T10:00:00Z"),
        ("2026-07-15", "2026-07-14T10:00:00Z"),
    ],
)
def test_the_cut_off_is_noon_in_paris(debit: str, instant: str) -> None:
    """Noon of the last bank day before, in winter and in summer."""
    assert datetime.fromtimestamp(cut_off(day(debit)), UTC) == datetime.fromisoformat(instant)


@given(DAYS)
def test_bank_days_around_a_day(given_: date) -> None:
    """A bank day is always near, and nothing is between it and the day."""
    following, before = bank_day_from(given_), bank_day_before(given_)
    assert is_bank_day(following)
    assert is_bank_day(before)
    assert before < given_ <= following
    assert following - before <= timedelta(days=5)


@given(DAYS, TIMES)
def test_an_order_is_never_final_when_it_is_given(due: date, now: int) -> None:
    """Whatever the day and the hour, the debit is a bank day that can still be cancelled."""
    debit, late = debit_day(due, now)
    assert is_bank_day(debit)
    assert debit >= due or late
    assert now < cut_off(debit)
    assert (debit == bank_day_from(due)) != late
    assert not late or debit >= day_in_paris(now) + timedelta(days=2)


@given(TIMES)
def test_the_last_final_day(now: int) -> None:
    """Its cut-off passed; that of the next bank day did not."""
    last = last_final_day(now)
    assert is_bank_day(last)
    assert cut_off(last) <= now < cut_off(bank_day_from(last + timedelta(days=1)))
    assert abs((last - day_in_paris(now)).days) <= 6
