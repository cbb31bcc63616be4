"""Estimates over HTTP: the amounts of the contract, and what is refused."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.rules.test_contributions import COLUMNS, ROWS
from tests.world.use_cases import ESTIMATED

if TYPE_CHECKING:
    from tests.world.functions import Answer, Gateway
    from tests.world.world import World

LINE = {
    "category": "commercial_services",
    "turnover": 2400,
    "rate": "21.2",
    "contributions": 509,
    "training_rate": "0.1",
    "training": 2,
    "chamber_rate": "0.044",
    "chamber_tax": 1,
    "income_tax_rate": "1.7",
    "income_tax": 41,
}


@pytest.fixture
def ask(world: "World", gateway: "Gateway") -> Any:
    """Return a way to ask for an estimate that differs from the usual one."""

    def ask(**different: object) -> "Answer":
        return gateway.ask("estimate", "POST", "/api/estimates", ESTIMATED | different)

    assert world.items() == []
    return ask


def slug(answer: "Answer") -> str:
    """Return the end of a problem's type."""
    return str(answer.json["type"].rpartition("/")[2])


def errors(answer: "Answer") -> set[tuple[str, str]]:
    """Return the fields that were refused, with their codes."""
    assert (answer.status, slug(answer)) == (422, "invalid-request")
    return {(each["field"], each["code"]) for each in answer.json["errors"]}


def test_an_estimate(ask: Any) -> None:
    """An estimate has a line for each category that was given, zero included, and the sums."""
    answer = ask()
    nothing = {name: 0 for name, value in LINE.items() if isinstance(value, int)}
    rates = {"rate": "12.3", "chamber_rate": "0.015", "income_tax_rate": "1"}
    assert (answer.status, answer.json) == (
        200,
        {
            "period": "2026-10",
            "lines": [{**LINE, **nothing, "category": "sales", **rates}, LINE],
            "contributions": 509,
            "training": 2,
            "chamber_tax": 1,
            "income_tax": 41,
            "total": 553,
            "acre": False,
        },
    )


def test_every_row_of_the_table(gateway: "Gateway", world: "World") -> None:
    """Each declaration of contributions.csv is answered with its amounts."""
    for number, row in enumerate(ROWS):
        asked = {
            "period": row["period"],
            "nature": row["nature"],
            "territory": row["territory"],
            "started_on": row["start_date"],
            "acre": row["acre"] == "1",
            "flat_tax": row["vl"] == "1",
            "turnover": {each: int(row[f"ca_{column}"]) for each, column in COLUMNS.items()},
        }
        if row["territory"] == "drom":  # no rate of furnished lodgings is known there
            del asked["turnover"]["furnished_tourism"]
        if row["period"] < "2020-06":  # nor before this month
            asked["turnover"].pop("furnished_tourism", None)
        now = 1_790_000_000 + 60 * number  # a request a minute
        answer = gateway.ask("estimate", "POST", "/api/estimates", asked, now=now)
        assert answer.status == 200, row["id"]
        assert str(answer.json["total"]) == row["total"], row["id"]
    assert {item["pk"]["S"].partition("#")[0] for item in world.items()} == {"RATE"}


def test_nothing_given_costs_nothing(ask: Any) -> None:
    """What is left out counts as zero: without any turnover there is no line."""
    answer = ask(turnover={})
    assert (answer.status, answer.json["lines"], answer.json["total"]) == (200, [], 0)


def test_acre_says_whether_it_applies(ask: Any) -> None:
    """The answer says whether the rates are reduced: until the end of the third quarter after."""
    assert ask(acre=True).json["acre"] is True
    assert ask(acre=True, period="2027-01").json["acre"] is False
    assert ask(acre=True, territory="drom").json["acre"] is False
    assert ask(acre=True, started_on="1998-05-04").json["acre"] is False


@pytest.mark.parametrize(
    "different",
    [
        {"period": "2014-Q4", "started_on": "2012-01-01"},
        {"period": "2028-01"},
        {"territory": "mayotte"},
        {"territory": "drom", "turnover": {"furnished_tourism": 1}},
        {"territory": "drom", "turnover": {"sales": 1}, "period": "2022-09"}
        | {"started_on": "2022-01-01"},
    ],
)
def test_rates_that_are_not_known(ask: Any, different: dict[str, Any]) -> None:
    """Nothing is computed without rates: a problem of its own says so."""
    answer = ask(**different)
    assert (answer.status, slug(answer)) == (422, "rates-unknown")


@pytest.mark.guards("start-before-the-period")
def test_a_business_that_starts_after_the_period(ask: Any) -> None:
    """A start on the last day of the period is in it, one day later is not."""
    assert ask(started_on="2026-10-31").status == 200
    assert errors(ask(started_on="2026-11-01")) == {("started_on", "after-period")}


@pytest.mark.guards("bounded-turnover")
@pytest.mark.parametrize(
    ("different", "expected"),
    [
        ({"period": "2026-13"}, ("period", "invalid-period")),
        ({"period": "2026-Q12345"}, ("period", "too-long")),
        ({"period": None}, ("period", "invalid-type")),
        ({"nature": "agricole"}, ("nature", "invalid-choice")),
        ({"territory": "corse"}, ("territory", "invalid-choice")),
        ({"started_on": "2026-02-29"}, ("started_on", "invalid-date")),
        ({"started_on": "20260301"}, ("started_on", "invalid-date")),
        ({"started_on": "0001-01-01"}, ("started_on", "invalid-date")),
        ({"acre": "false"}, ("acre", "invalid-type")),
        ({"flat_tax": None}, ("flat_tax", "invalid-type")),
        ({"turnover": 2400}, ("turnover", "invalid-type")),
        ({"turnover": {"sales": -1}}, ("turnover.sales", "out-of-range")),
        ({"turnover": {"sales": 10_000_000}}, ("turnover.sales", "out-of-range")),
        ({"turnover": {"sales": 1.5}}, ("turnover.sales", "invalid-type")),
        ({"turnover": {"sales": "12"}}, ("turnover.sales", "invalid-type")),
        ({"turnover": {"sales": None}}, ("turnover.sales", "invalid-type")),
        ({"turnover": {"sales": True}}, ("turnover.sales", "invalid-type")),
        ({"turnover": {"crypto": 1}}, ("turnover.crypto", "unknown-field")),
        ({"turnover": {"camille.martin@example.fr": 1}}, ("turnover", "unknown-field")),
        ({"lines": []}, ("lines", "unknown-field")),
    ],
)
def test_what_is_refused(ask: Any, different: dict[str, Any], expected: tuple[str, str]) -> None:
    """Each field that is refused is named, that of the turnover by its category."""
    assert errors(ask(**different)) == {expected}


def test_what_is_missing(gateway: "Gateway") -> None:
    """Every field but the categories must be given."""
    answer = gateway.ask("estimate", "POST", "/api/estimates", {})
    assert errors(answer) == {(field, "required") for field in ESTIMATED}


def test_large_amounts(ask: Any) -> None:
    """The largest turnover of every line is computed as exactly as a small one."""
    most = dict.fromkeys(COLUMNS, 9_999_999)
    answer = ask(turnover=most, nature="artisanale", flat_tax=True)
    assert answer.json["contributions"] == 1_230_000 + 2_120_000 + 2_560_000 + 600_000
    assert answer.json["total"] == sum(
        answer.json[name] for name in ("contributions", "training", "chamber_tax", "income_tax")
    )
