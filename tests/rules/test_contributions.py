"""Contributions: every row of contributions.csv, and what holds for any turnover.

The rows come from the published rates and, where these say the same, from the model that Urssaf
publishes; ``diff`` names the differences.
"""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.contributions import (
    CATEGORIES,
    MOST_EUROS,
    Business,
    Category,
    Nature,
    RatesUnknownError,
    Territory,
    acre_paid,
    acre_until,
    as_json,
    estimate,
    next_rates,
    rates_of,
    shares,
)
from portal.rules.periods import Span, span_of
from portal.rules.rates import book, part, percent

COLUMNS: dict[Category, str] = {
    "sales": "vente",
    "commercial_services": "bic",
    "other_services": "bnc",
    "furnished_tourism": "meuble",
}
NATURES: list[Nature] = ["commerciale", "artisanale", "liberale", "liberale_reglementee"]
TERRITORIES: list[Territory] = ["metropole", "alsace", "moselle", "drom"]
ROWS = list(csv.DictReader(Path(__file__).with_name("contributions.csv").read_text().splitlines()))

days = st.dates(date(2015, 1, 1), date(2027, 12, 31))
businesses = st.builds(
    Business,
    st.sampled_from(NATURES),
    st.sampled_from(TERRITORIES),
    days,
    st.booleans(),
    st.booleans(),
)
periods = st.builds(
    lambda day, quarter: span_of(
        f"{day.year}-Q{(day.month + 2) // 3}" if quarter else f"{day:%Y-%m}"
    ),
    days,
    st.booleans(),
)
euros = st.integers(0, MOST_EUROS)
turnovers = st.dictionaries(st.sampled_from(CATEGORIES), euros, min_size=1)


def business(
    nature: Nature = "commerciale", *, started_on: str = "2021-03-15", acre: bool = False
) -> Business:
    """Return a business of the mainland without versement libératoire."""
    return Business(nature, "metropole", date.fromisoformat(started_on), acre)


def rate(of: Business, category: Category, day: str) -> str:
    """Return the rate of contributions of a line, in percent."""
    return percent(rates_of(of, category, date.fromisoformat(day)).contributions)


@pytest.mark.guards("half-up", "acre-rounded-up", "acre-floor")
@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_each_row(row: dict[str, str]) -> None:
    """Rates and amounts are those of the row, line by line and in all."""
    of = Business(
        row["nature"],
        row["territory"],
        date.fromisoformat(row["start_date"]),
        acre=row["acre"] == "1",
        flat_tax=row["vl"] == "1",
    )
    turnover = {each: int(row[f"ca_{column}"]) for each, column in COLUMNS.items()}
    given_turnover = {each: amount for each, amount in turnover.items() if amount}
    amounts = as_json(estimate(of, span_of(row["period"]), given_turnover))
    assert {line["category"]: line["rate"] for line in amounts["lines"]} == {
        each: row[f"rate_{COLUMNS[each]}"] for each in given_turnover
    }
    assert [
        str(amounts[name])
        for name in ("contributions", "training", "chamber_tax", "income_tax", "total")
    ] == [row[name] for name in ("cotisations", "cfp", "tfc", "vl_amount", "total")]


def test_there_are_217_rows() -> None:
    """No row of the table was lost."""
    assert len(ROWS) == 217


@given(businesses, periods, turnovers)
def test_amounts_add_up_and_are_never_negative(
    of: Business, period: Span, turnover: dict[Category, int]
) -> None:
    """Each amount is a whole number from 0, and the lines sum to the total; or nothing is said."""
    try:
        amounts = as_json(estimate(of, period, turnover))
    except RatesUnknownError:
        return
    parts = ("contributions", "training", "chamber_tax", "income_tax")
    for name in parts:
        assert amounts[name] == sum(line[name] for line in amounts["lines"])
        assert all(line[name] >= 0 for line in amounts["lines"])
    assert amounts["total"] == sum(amounts[name] for name in parts)
    assert [line["category"] for line in amounts["lines"]] == [
        each for each in CATEGORIES if each in turnover
    ]


@given(businesses, periods, st.sampled_from(CATEGORIES), euros, euros)
def test_more_turnover_costs_no_less(
    of: Business, period: Span, category: Category, one: int, other: int
) -> None:
    """What is due grows with the turnover, and zero costs zero."""
    try:
        less, more = (estimate(of, period, {category: each}).total for each in sorted((one, other)))
    except RatesUnknownError:
        return
    assert less <= more
    assert estimate(of, period, {category: 0}).total == 0


@given(businesses, periods, st.sampled_from(CATEGORIES))
def test_acre_never_costs_more(of: Business, period: Span, category: Category) -> None:
    """Acre lowers the contributions, or leaves them, and nothing else."""
    try:
        full = rates_of(of._replace(acre=False), category, period.starts_on)
    except RatesUnknownError:
        return
    reduced = rates_of(of._replace(acre=True), category, period.starts_on)
    assert reduced.contributions <= full.contributions
    assert reduced[1:] == full[1:]


@pytest.mark.guards("half-up")
@pytest.mark.parametrize(
    ("amount", "rate_in_percent", "expected"),
    [(3, 12_300, 0), (5, 10_000, 1), (1_700, 44, 1), (1_136, 44, 0), (1_137, 44, 1)],
)
def test_half_a_euro_is_rounded_up(amount: int, rate_in_percent: int, expected: int) -> None:
    """An amount is rounded to the nearest euro, half a euro up, without floats."""
    assert part(amount, rate_in_percent) == expected


@pytest.mark.parametrize(
    ("nature", "category", "started_on", "day", "expected"),
    [
        ("commerciale", "sales", "2026-07-01", "2026-07-01", "9.3"),
        ("liberale", "other_services", "2026-07-01", "2027-07-01", "25.6"),
        ("liberale_reglementee", "other_services", "2026-07-01", "2026-07-01", "17.4"),
        ("liberale_reglementee", "sales", "2026-06-30", "2026-07-01", "13.4"),
        ("liberale_reglementee", "other_services", "2020-04-01", "2020-04-01", "12.1"),
        ("commerciale", "furnished_tourism", "2026-06-30", "2026-07-01", "3"),
        ("commerciale", "furnished_tourism", "2026-07-01", "2026-07-01", "4.5"),
        ("commerciale", "sales", "2020-03-31", "2020-03-01", "3.2"),
        ("commerciale", "sales", "2019-04-01", "2020-04-01", "9.6"),
        ("commerciale", "sales", "2019-04-01", "2021-04-01", "11.6"),
        ("commerciale", "sales", "2019-03-31", "2020-01-01", "6.4"),
        ("commerciale", "commercial_services", "2018-04-01", "2020-04-01", "19.8"),
        ("commerciale", "sales", "2018-03-31", "2020-01-01", "9.6"),
        ("commerciale", "sales", "2018-03-31", "2021-01-01", "12.8"),
    ],
)
def test_acre_by_the_day_of_the_start(
    nature: Nature, category: Category, started_on: str, day: str, expected: str
) -> None:
    """Each cohort pays its fraction, rounded up to a tenth, never below the Cipav's floor."""
    assert rate(business(nature, started_on=started_on, acre=True), category, day) == expected


@pytest.mark.parametrize(
    ("started_on", "until"),
    [
        ("2026-03-01", "2026-12-31"),
        ("2026-08-15", "2027-06-30"),
        ("2026-12-31", "2027-09-30"),
        ("2019-05-01", "2022-03-31"),
    ],
)
def test_acre_ends_with_a_quarter(started_on: str, until: str) -> None:
    """Acre ends with the third civil quarter after that of the start, once with the eleventh."""
    of, last = business(started_on=started_on, acre=True), date.fromisoformat(until)
    assert acre_until(of) == last
    assert acre_paid(of, last.replace(day=1))
    assert acre_paid(of, date(last.year + last.month // 12, last.month % 12 + 1, 1)) is None


@pytest.mark.guards("acre-or-overseas")
def test_acre_does_not_add_to_the_rates_overseas() -> None:
    """Overseas, Acre changes nothing, and the amounts say that they have none."""
    of = Business("commerciale", "drom", date(2026, 2, 1), acre=True)
    amounts = estimate(of, span_of("2026-05"), {"sales": 2000})
    assert (amounts.acre, amounts.contributions) == (False, 42)
    assert acre_until(of) is None


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-04-01", "6.2"), ("2026-12-01", "6.2"), ("2027-01-01", "8.2")],
)
def test_the_rates_overseas_have_three_times(day: str, expected: str) -> None:
    """Eight quarters, then to the end of the third civil year, then the last rate."""
    of = Business("commerciale", "drom", date(2024, 4, 1))
    assert rate(of, "sales", "2026-03-01") == "2.1"
    assert rate(of, "sales", day) == expected


def test_eight_quarters_may_pass_the_third_year() -> None:
    """Who started on the last day of a year has the second rates for one quarter only."""
    of = Business("commerciale", "drom", date(2024, 12, 31))
    assert [rate(of, "sales", day) for day in ("2026-09-01", "2026-10-01", "2027-01-01")] == [
        "2.1",
        "6.2",
        "8.2",
    ]


@pytest.mark.guards("no-rate-guessed")
@pytest.mark.parametrize(
    ("of", "category", "day"),
    [
        (business(started_on="2014-01-01"), "sales", "2014-12-01"),
        (business(), "sales", "2028-01-01"),
        (business(), "furnished_tourism", "2020-05-01"),
        (Business("commerciale", "drom", date(2022, 1, 1)), "sales", "2022-09-01"),
        (Business("commerciale", "drom", date(2026, 1, 1)), "furnished_tourism", "2026-05-01"),
    ],
)
def test_no_rate_is_guessed(of: Business, category: Category, day: str) -> None:
    """Before the first row, after the last known day, or without a cell, nothing is computed."""
    with pytest.raises(RatesUnknownError):
        rate(of, category, day)


@pytest.mark.parametrize(
    ("of", "category", "day", "training", "chamber"),
    [
        (business("artisanale"), "commercial_services", "2026-01-01", "0.3", "0.48"),
        (business("artisanale"), "other_services", "2026-01-01", "0.2", "0"),
        (business("liberale"), "other_services", "2021-12-01", "0.1", "0"),
        (business("liberale"), "sales", "2026-01-01", "0.1", "0"),
        (business()._replace(territory="moselle"), "sales", "2026-01-01", "0.1", "0.015"),
        (
            business("artisanale")._replace(territory="alsace"),
            "sales",
            "2026-01-01",
            "0.3",
            "0.29",
        ),
        (
            business("artisanale")._replace(territory="alsace"),
            "commercial_services",
            "2016-12-01",
            "0.176",
            "0.65",
        ),
    ],
)
def test_training_and_chambers(
    of: Business, category: Category, day: str, training: str, chamber: str
) -> None:
    """Training is by nature and line; the chambers of crafts of Alsace and Moselle have rates."""
    rates = rates_of(of, category, date.fromisoformat(day))
    assert (percent(rates.training), percent(rates.chamber_tax)) == (training, chamber)


def test_next_rates() -> None:
    """The end of Acre is a change with its day; without Acre none is known."""
    acre = business(started_on="2026-08-15", acre=True)
    changes = list(next_rates(acre, ("sales",), date(2026, 11, 28)))
    assert [(day, percent(rates["sales"].contributions)) for day, rates in changes] == [
        (date(2027, 7, 1), "12.3")
    ]
    assert list(next_rates(business(), ("sales",), date(2026, 11, 28))) == []


@given(st.sampled_from(NATURES), st.sampled_from(CATEGORIES[:3]), euros)
def test_shares_add_up(nature: Nature, category: Category, contributions: int) -> None:
    """What contributions are for adds up to them, to the euro."""
    found = shares(nature, category, date(2026, 10, 1), contributions)
    assert found is not None
    assert sum(found) == contributions
    assert min(found) >= 0
    assert shares(nature, category, date(2025, 10, 1), contributions) is None


def test_each_row_of_the_rates_has_a_source() -> None:
    """Each row says from when it holds, where it was read and when; rows are in order."""
    tables = [rows for name, rows in book().items() if name not in {"known", "training", "chamber"}]
    tables += [*book()["training"].values(), *book()["chamber"].values(), [book()["known"]]]
    for rows in tables:
        for row in rows:
            assert row["source"].startswith("https://")
            assert isinstance(row["read"], date)
        starts = [row["from"] for row in rows if "from" in row]
        assert starts == sorted(set(starts))


@pytest.mark.parametrize("row", book()["shares"])
def test_shares_are_the_whole(row: dict[str, list[int]]) -> None:
    """The shares of each line are 100 %."""
    for name in ("sales", "commercial_services", "other_services", "regulated"):
        assert percent(sum(row[name])) == "100"
