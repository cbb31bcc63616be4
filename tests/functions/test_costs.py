"""What requests cost, as far as it is known without a clock: docs/performance.md promises it."""

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import cost_page, idle
from benchmarks.cost import costs
from benchmarks.prices import PRICES, SNAPSHOT
from benchmarks.world import ENVIRONMENT
from tests.world.cloud import ROOT
from tests.world.use_cases import EMAIL, PERSON
from tests.world.world import NOW, PASSWORD
from tools.transformed import transformed

if TYPE_CHECKING:
    from tests.world.cloud import Call
    from tests.world.functions import Gateway
    from tests.world.world import World

PYTHON_CALLS = 11_000
"""A warm login makes 7,300, most of them botocore's."""


def write_units(call: "Call") -> int:
    """Return the write units of a call, items up to 1 KB: two for each one in a transaction."""
    if call.operation == "TransactWriteItems":
        return 2 * len(call.asked["TransactItems"])
    return int(call.operation in {"PutItem", "UpdateItem", "DeleteItem"})


def test_a_sign_up_takes_three_round_trips_at_most(world: "World", gateway: "Gateway") -> None:
    """A sign-up makes two calls, and three while its address may get no mail."""
    for most in (2, 3):
        with world.calls.counted() as made:
            answer = gateway.ask("signup", "POST", "/api/signup", PERSON)
        assert answer.status == 202
        assert len(made) <= most, made


@pytest.mark.parametrize(
    ("password", "status", "most", "units"),
    [(PASSWORD, 200, 4, 10), ("Wrong-Horse-77", 401, 3, 2)],
)
def test_a_login_takes_few_round_trips(
    world: "World", gateway: "Gateway", password: str, status: int, most: int, units: int
) -> None:
    """A login makes four calls and 10 write units, a refused one three and 2."""
    world.open_account()
    form = {"identifier": EMAIL, "password": password}
    start = len(world.calls.all)
    answer = gateway.ask("login", "POST", "/api/login", form, now=NOW + 60)
    made = [each for each in world.calls.all[start:] if each.service == "DynamoDB"]
    assert answer.status == status
    assert len(made) <= most, made
    assert sum(map(write_units, made)) <= units


def test_a_session_is_checked_in_one_round_trip(world: "World") -> None:
    """A check is one read, and once a minute a note that the session was seen."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    for later, operations in ((59, ["GetItem"]), (61, ["GetItem", "UpdateItem"])):
        with world.calls.counted() as made:
            world.authenticate(cookie, NOW + later)
        assert made == operations


def test_a_warm_login_stays_lean() -> None:
    """A warm login makes about as many Python calls as before.

    It is a count, not a time: it grows when work is done twice, however busy the machine is. The
    calls are counted in a process of its own.
    """
    path = [ROOT / "functions" / "login", ROOT / "layers" / "shared", ROOT]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.in_process", "--count", "--no-hash", "login/login"],
        env=ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        check=True,
        capture_output=True,
        text=True,
    )
    (login,) = json.loads(done.stdout.splitlines()[-1]).values()
    assert login["status"] == 200
    assert 0 < login["python_calls"] <= PYTHON_CALLS


# Dollars, as docs/cost.md has them


def test_the_page_of_costs_is_what_the_template_costs() -> None:
    """docs/cost.md has the tables that its script makes of the template and the last report."""
    text = cost_page.PAGE.read_text()
    made = cost_page.tables()
    assert all(f"<!-- {name}: made by `make cost` -->" in text for name in made)
    assert cost_page.page(text) == text, "run make cost"


def test_the_costs_are_those_of_the_report() -> None:
    """docs/performance.md has the same costs of requests as docs/cost.md."""
    text = cost_page.report.DOCUMENT.read_text()
    assert cost_page.tables()["requests"] in text


def test_a_type_without_price_is_an_error() -> None:
    """What nobody priced is not counted as free; nor are metrics by method, or a cache."""
    stage: dict[str, Any] = {"Type": "AWS::ApiGateway::Stage", "Properties": {}}
    assert idle.monthly({"Stage": stage}) == []
    for resource in (
        {"Type": "AWS::EC2::NatGateway"},
        {**stage, "Properties": {"CacheClusterEnabled": True}},
        {**stage, "Properties": {"MethodSettings": [{"MetricsEnabled": True}]}},
    ):
        with pytest.raises(idle.UnpricedError):
            idle.monthly({"Resource": resource})


def test_gradual_deployments_are_priced_too() -> None:
    """What the template makes with every option has a price or is known to be free."""
    resources = transformed(GradualDeployment="true")["Resources"]
    assert any(each["Type"].startswith("AWS::CodeDeploy") for each in resources.values())
    assert idle.monthly(resources) == idle.monthly(transformed()["Resources"])


def test_snapshots_are_paid_by_memory() -> None:
    """A snapshot costs its function's memory all month; a function without one costs nothing."""
    functions = {"With": {"MemorySize": 2048, "SnapStart": {}}, "Without": {"MemorySize": 1024}}
    resources: dict[str, Any] = {
        name: {"Type": "AWS::Lambda::Function", "Properties": properties}
        for name, properties in functions.items()
    }
    for name in functions:
        version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": name}}}
        resources[f"{name}Version"] = version
    (line,) = idle.monthly(resources)
    assert (line.price, line.count) == (SNAPSHOT, 2 * 730 * 3600)
    assert line.dollars == pytest.approx(7.91, abs=0.01)


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        ("rate(5 minutes)", 8760),
        ("cron(0 3 * * ? *)", 730 / 24),
        ("cron(5 8,12 * * ? *)", 730 / 12),
    ],
)
def test_scheduled_runs_are_counted(schedule: str, runs: float) -> None:
    """A schedule costs its runs; a rule about events nothing."""
    rule: dict[str, Any] = {"ScheduleExpression": schedule, "Targets": [{"Arn": {"Ref": "Live"}}]}
    resources: dict[str, Any] = {
        "Rule": {"Type": "AWS::Events::Rule", "Properties": rule},
        "Other": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {}}},
        "Live": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 1024}},
    }
    by_name = {line.what: line.count for line in idle.monthly(resources)}
    assert by_name["scheduled runs"] == pytest.approx(runs)


def test_a_request_costs_each_of_its_parts() -> None:
    """A login pays gateway, firewall, its function, its units of the table, and what is logged."""
    login = costs(cost_page.warm_requests())["login"]
    assert (login.gateway, login.firewall) == pytest.approx((3.5, 0.6))
    assert login.table == pytest.approx(10 * 0.625 + 2 * 0.125)
    assert login.total == pytest.approx(
        login.gateway + login.firewall + login.function + login.table + login.others
    )


def test_each_price_has_a_page_and_a_day() -> None:
    """Each price is one row, with AWS's page about it and the day on which it was looked up."""
    assert len({price.what for price in PRICES}) == len(PRICES)
    for price in PRICES:
        assert price.page.startswith("https://aws.amazon.com/")
        assert price.what in cost_page.tables()["prices"]
