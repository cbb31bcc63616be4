"""A person declares a period, corrects it, declares zero, declares late."""

import json
from typing import Any

import pytest

from portal.core import aws
from portal.declarations.records import Declaration
from tests.functions.test_costs import write_units
from tests.world.businesses import BUSINESS
from tests.world.declarant import Declarant, paris, slug
from tests.world.functions import Gateway
from tests.world.world import NOW, World

CODE = "2026-08"
DUE = paris("2026-09-30 12:00:00")


def test_a_declaration_is_stored_and_told(world: World, declarant: Declarant) -> None:
    """The answer has the amounts, by the rates of the period; feed, mail and event follow."""
    answer = declarant.declare(CODE, 100, 2400)
    assert answer.status == 200, answer.text
    period = answer.json
    assert (period["state"], period["version"], period["amounts"]["acre"]) == ("declared", 1, True)
    assert period["amounts"]["total"] == 263
    assert [each["rate"] for each in period["amounts"]["lines"]] == ["6.2", "10.6"]
    assert period == declarant.period(CODE)
    (mail,) = world.deliver()
    assert mail.subject == "Votre déclaration est enregistrée"
    assert "août 2026" in mail.text
    assert "2\u202f500" not in mail.text, "no figure leaves the account"
    assert "2\u202f500\u00a0€" in world.feed(declarant.account_id)[0].body
    (event,) = [each for each in world.events() if each["DetailType"] == "TurnoverDeclared"]
    assert json.loads(event["Detail"]) == {"account_id": declarant.account_id}


def test_round_trips_and_write_units(world: World, declarant: Declarant) -> None:
    """Reading takes two round trips, the session's check included; declaring three and 8 units."""
    for path in ("", f"/{CODE}", ".ics"):
        start = len(world.calls.all)
        assert declarant.ask("GET", f"/api/me/periods{path}").status == 200
        made = [each.operation for each in world.calls.all[start + 1 :]]
        assert made == ["GetItem", "Query"], path
    start = len(world.calls.all)
    assert declarant.declare(CODE, 0, 2400).status == 200
    asked = world.calls.all[start + 1 :]  # the first one opens the session
    assert [each.operation for each in asked] == ["GetItem", "Query", "TransactWriteItems"]
    assert sum(map(write_units, asked)) == 8
    (item,) = (item for item in world.items("DECLARATION#") if "#" in item["sk"]["S"])
    assert len(json.dumps(item)) < 1024, "a write unit is 1 KB"


def test_zero_is_a_declaration(declarant: Declarant) -> None:
    """Zero is declared like any figure, costs nothing, and is settled once it is due."""
    assert declarant.declare(CODE).json["amounts"]["total"] == 0
    assert declarant.state(CODE, DUE - 1) == ("declared", None)
    assert declarant.state(CODE, DUE) == ("settled", None)


@pytest.mark.guards("version-as-it-was-seen")
def test_a_correction_keeps_what_it_replaces(world: World, declarant: Declarant) -> None:
    """Each version stays with its author, instant, lines and rates; the newest counts."""
    declarant.declare(CODE, 0, 2400)
    corrected = declarant.declare(CODE, 100, 2400, version=1, at=NOW + 60).json
    assert [each["version"] for each in corrected["versions"]] == [1, 2]
    assert [each["amounts"]["total"] for each in corrected["versions"]] == [257, 263]
    assert {each["actor_id"] for each in corrected["versions"]} == {declarant.account_id}
    assert corrected["versions"][1]["declared_at"] == "2026-09-21T14:14:20.000Z"
    assert corrected["amounts"]["total"] == 263
    assert world.kinds(declarant.account_id)[0] == "declaration-corrected"
    stale = declarant.declare(CODE, 7, 7, version=1)
    assert (stale.status, slug(stale)) == (409, "stale-version")
    assert declarant.period(CODE)["version"] == 2


def test_equal_content_is_the_same_version(world: World, declarant: Declarant) -> None:
    """The same figures again, as from a double click, change and tell nothing."""
    first = declarant.declare(CODE, 0, 2400)
    stored = len(world.items())
    for version in (0, 1):
        again = declarant.declare(CODE, 0, 2400, version=version, at=NOW + 1)
        assert (again.status, again.json) == (200, first.json)
    assert len(world.items()) == stored


@pytest.mark.guards("due-at-noon", "corrected-until-due")
@pytest.mark.parametrize(
    ("code", "due"),
    [
        ("2026-08", "2026-09-30 12:00:00"),  # summer
        ("2026-09", "2026-11-02 12:00:00"),  # a week after the change of hour
        ("2027-02", "2027-03-31 12:00:00"),  # three days after the change of hour
    ],
)
def test_noon_of_the_due_day(declarant: Declarant, code: str, due: str) -> None:
    """At 11:59:59 a correction is in time, at 12:00:00 it is not, by the time of arrival."""
    noon = paris(due)
    assert declarant.state(code, noon - 1) == ("open", None)
    assert declarant.state(code, noon) == ("overdue-undeclared", None)
    assert declarant.declare(code, 0, 100, at=noon - 2).status == 200
    assert declarant.declare(code, 0, 200, version=1, at=noon - 0.001).status == 200
    late = declarant.declare(code, 0, 300, version=2, at=noon)
    assert (late.status, slug(late)) == (409, "period-closed")
    assert "Nous contacter" in late.json["detail"]
    assert declarant.state(code, noon - 1) == ("declared", None)
    assert declarant.state(code, noon) == ("due-unpaid", None)
    again = declarant.declare(code, 0, 200, version=1, at=noon + 5)
    assert again.status == 200, "an answer that was lost may be asked for again"


def test_midnight_of_the_opening(declarant: Declarant) -> None:
    """A period opens at midnight in Paris of the day after it, not a second before."""
    opens = paris("2026-10-01 00:00:00")
    early = declarant.declare("2026-09", at=opens - 1)
    assert (early.status, slug(early), early.json["reason"]) == (409, "period-not-open", "running")
    assert "01/10/2026" in early.json["detail"]
    assert declarant.state("2026-09", opens - 1) == ("upcoming", "running")
    assert declarant.declare("2026-09", at=opens).status == 200


@pytest.mark.guards("late-for-a-year")
def test_a_first_declaration_may_be_late_by_a_year(declarant: Declarant) -> None:
    """A period never declared is declared until noon a year after its due day, once."""
    year = paris("2027-09-30 12:00:00")
    too_late = declarant.declare(CODE, 0, 100, at=year)
    assert (too_late.status, slug(too_late)) == (409, "period-closed")
    assert "plus d’un an" in too_late.json["detail"]
    assert declarant.state(CODE, year) == ("overdue-undeclared", "closed")
    late = declarant.declare(CODE, 0, 100, at=year - 1)
    assert (late.status, late.json["state"]) == (200, "due-unpaid")
    changed = declarant.declare(CODE, 0, 50, version=1, at=year - 1)
    assert slug(changed) == "period-closed", "a correction after the due instant is by message"


def test_the_first_group(declarant: Declarant) -> None:
    """The first four months open each on their own and are due together."""
    found = declarant.ask("GET", "/api/me/periods", to="2026-07").json["periods"]
    assert [(each["code"], each["opens_on"], each["due_on"]) for each in found] == [
        ("2026-03", "2026-04-01", "2026-07-31"),
        ("2026-04", "2026-05-01", "2026-07-31"),
        ("2026-05", "2026-06-01", "2026-07-31"),
        ("2026-06", "2026-07-01", "2026-07-31"),
        ("2026-07", "2026-08-01", "2026-08-31"),
    ]
    assert [each["first_group"] for each in found] == [True] * 4 + [False]
    assert found[0]["starts_on"] == "2026-03-15"


def test_an_affiliation_that_comes_late(world: World, gateway: Gateway) -> None:
    """Who is affiliated too late to declare in time is told so, for thirty days."""
    at = paris("2026-09-15 10:00:00")
    account_id = world.open_account(at)
    world.affiliate(account_id, at)
    late = Declarant(world, gateway, account_id)
    assert late.state("2026-07", at + 60) == ("overdue-undeclared", "affiliation-late")
    assert late.state("2026-07", at + 31 * 86400) == ("overdue-undeclared", None)
    assert late.declare("2026-07", 0, 10, at=at + 60).status == 200


@pytest.mark.parametrize(
    ("turnover", "errors"),
    [
        ({"sales": 1}, {("turnover.commercial_services", "required")}),
        ({}, {("turnover.sales", "required"), ("turnover.commercial_services", "required")}),
        (
            {"sales": 1, "commercial_services": 1, "other_services": 1},
            {("turnover.other_services", "not-your-activity")},
        ),
    ],
)
def test_exactly_the_activities(declarant: Declarant, turnover: Any, errors: Any) -> None:
    """Each activity is given and no other: empty is not zero."""
    answer = declarant.put(CODE, turnover)
    assert (answer.status, slug(answer)) == (422, "invalid-request")
    assert {(each["field"], each["code"]) for each in answer.json["errors"]} == errors
    assert declarant.period(CODE)["version"] == 0


@pytest.mark.guards("strict-types")
@pytest.mark.parametrize("wrong", [-1, 10_000_000, 1.5, 1.0, True, "12", None, [], 10**40])
def test_whole_euros_only(declarant: Declarant, wrong: Any) -> None:
    """What is no whole number of euros from 0 to 9,999,999 is refused, and not repeated."""
    answer = declarant.declare(CODE, wrong, 0)
    assert (answer.status, slug(answer)) == (422, "invalid-request")
    assert str(10**40) not in answer.text
    assert declarant.declare(CODE, 9_999_999, 9_999_999).status == 200


@pytest.mark.parametrize("wrong", [-1, 1.0, True, "0", None, 10**5])
def test_the_version_is_a_number(declarant: Declarant, wrong: Any) -> None:
    """What is no version number is refused."""
    turnover = {"sales": 0, "commercial_services": 0}
    assert declarant.put(CODE, turnover, version=wrong).status == 422


@pytest.mark.parametrize("code", ["2026-02", "2025-12", "2026-Q3", "2026-13", "26-08", "BUSINESS"])
def test_an_unknown_period(declarant: Declarant, code: str) -> None:
    """What is no period of the business is not found, whatever its code."""
    for answer in (declarant.declare(code), declarant.ask("GET", f"/api/me/periods/{code}")):
        assert answer.status in {404, 422}, answer.text


def test_another_account_s_period(world: World, gateway: Gateway, declarant: Declarant) -> None:
    """A session reads and declares its own account's periods only."""
    declarant.declare(CODE, 0, 2400)
    world.deliver()
    other_id = world.open_account(NOW, email="other@example.fr", nir=None, siret=None)
    world.affiliate(other_id, NOW)
    other = Declarant(world, gateway, other_id)
    assert other.period(CODE)["version"] == 0
    assert other.declare(CODE, 1, 1).status == 200
    assert declarant.period(CODE)["amounts"]["total"] == 257
    assert declarant.period(CODE)["version"] == 1


@pytest.mark.guards("declares-once-affiliated")
def test_services_are_closed(world: World, gateway: Gateway) -> None:
    """Without confirmed affiliation or known business nothing is declared, and why is said."""
    account_id = world.open_account()
    nobody = Declarant(world, gateway, account_id)

    def reason() -> str:
        answer = nobody.ask("GET", "/api/me/periods")
        assert (answer.status, slug(answer)) == (403, "services-closed")
        assert slug(nobody.declare(CODE)) == "services-closed"
        return str(answer.json["reason"])

    def decided(kind: str, at: str, **detail: Any) -> None:
        event = {"detail-type": kind, "time": at, "detail": {"account_id": account_id, **detail}}
        gateway.invoke("affiliation", event)

    assert reason() == "affiliation-pending"
    decided("AffiliationConfirmed", "2026-09-21T10:00:00Z")
    assert reason() == "business-unknown"
    decided("AffiliationConfirmed", "2026-09-21T11:00:00Z", business=BUSINESS)
    assert nobody.ask("GET", "/api/me/periods").status == 200
    decided("AffiliationRejected", "2026-09-21T12:00:00Z")
    assert reason() == "affiliation-rejected"


@pytest.mark.parametrize(("figure", "status"), [(2400, 200), (99, 409)])
def test_two_first_declarations_at_once(declarant: Declarant, figure: int, status: int) -> None:
    """Of two tabs one declares; the other is refused, unless it says the same."""
    answers: list[Any] = []
    events = aws.dynamodb().meta.events

    def faster(**_: Any) -> None:
        events.unregister("before-call.dynamodb.TransactWriteItems", faster)
        answers.append(declarant.declare(CODE, 0, 2400))

    events.register_first("before-call.dynamodb.TransactWriteItems", faster)
    slower = declarant.declare(CODE, 0, figure)
    assert (answers[0].status, slower.status) == (200, status), slower.text
    assert declarant.period(CODE)["version"] == 1


@pytest.mark.guards("twenty-versions-a-day")
def test_a_declaration_changes_twenty_times_a_day(declarant: Declarant) -> None:
    """Versions are kept and told, so there are twenty a day; the next day there may be more."""
    for version in range(20):
        assert declarant.declare(CODE, version, version=version).status == 200
    refused = declarant.declare(CODE, 99, version=20)
    assert (refused.status, slug(refused)) == (429, "throttled")
    assert 0 < int(refused.headers["Retry-After"][0]) <= 86400
    assert declarant.declare(CODE, 99, version=20, at=NOW + 86401).status == 200


def test_a_correction_uses_the_rates_of_its_period(declarant: Declarant) -> None:
    """Late in 2027, without Acre, the rates of August 2026 are those with Acre."""
    late = declarant.declare(CODE, 0, 1000, at=paris("2027-09-01 10:00:00"))
    assert [each["rate"] for each in late.json["amounts"]["lines"]] == ["6.2", "10.6"]


@pytest.mark.guards("acre-base")
def test_acre_covers_a_base(declarant: Declarant) -> None:
    """Once the year's turnover exceeds the base of Acre, the next period has the full rate."""
    assert declarant.period(CODE)["acre"] is True
    first = declarant.declare("2026-07", 0, 100_000, at=paris("2026-08-20 10:00:00"))
    assert first.json["amounts"]["acre"] is True
    assert declarant.period(CODE)["acre"] is False
    assert declarant.period("2026-07")["acre"] is True
    then = declarant.declare(CODE, 0, 1000)
    assert then.json["amounts"]["acre"] is False
    assert then.json["amounts"]["lines"][1]["rate"] == "21.2"


@pytest.mark.parametrize(
    ("query", "first", "last", "count"),
    [
        ({}, "2026-03", "2027-03", 13),
        ({"from_": "2026-08", "to": "2026-09"}, "2026-08", "2026-09", 2),
        ({"from_": "2026-01", "to": "2035-12"}, "2026-03", "2031-02", 60),
        ({"to": "2026-04"}, "2026-03", "2026-04", 2),
        ({"state": "open"}, "2026-08", "2026-08", 1),
    ],
)
def test_which_periods(declarant: Declarant, query: Any, first: str, last: str, count: int) -> None:
    """Periods overlap the months, both included; by default a year back and half a year ahead."""
    found = [
        each["code"] for each in declarant.ask("GET", "/api/me/periods", **query).json["periods"]
    ]
    assert (found[0], found[-1], len(found)) == (first, last, count)


@pytest.mark.parametrize(
    "query",
    [
        {"from_": "2026-13"},
        {"from_": "2026-1"},
        {"to": "août"},
        {"from_": "2026-09", "to": "2026-08"},
        {"state": "lost"},
        {"from_": "9999-12"},
    ],
)
def test_wrong_months(declarant: Declarant, query: Any) -> None:
    """What is no month, state or range is refused."""
    answer = declarant.ask("GET", "/api/me/periods", **query)
    assert (answer.status, slug(answer)) == (422, "invalid-request")


def test_a_business_of_the_future(world: World, gateway: Gateway) -> None:
    """A business whose rates are not known yet is shown without them, and declares nothing."""
    account_id = world.open_account()
    world.affiliate(account_id, started_on="2031-01-01")
    later = Declarant(world, gateway, account_id)
    shown = later.ask("GET", "/api/me/business").json
    assert (shown["started_on"], shown["rates"], shown["next_rates"]) == ("2031-01-01", [], [])
    at = paris("2031-02-01 10:00:00")
    assert later.state("2031-01", at) == ("upcoming", "rates-unknown")
    refused = later.declare("2031-01", at=at)
    assert (slug(refused), refused.json["reason"]) == ("period-not-open", "rates-unknown")


def test_a_declaration_shows_nothing_in_logs() -> None:
    """The ``repr`` of a declaration has no figure."""
    stored = Declaration(account_id="a", code=CODE, version=1, actor_id="a", at=0, lines=["x 12"])
    assert "12" not in repr(stored)
