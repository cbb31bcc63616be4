"""What requests cost, as far as it is known without a clock: docs/performance.md promises it."""

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.world import ENVIRONMENT
from tests.world.cloud import ROOT
from tests.world.use_cases import EMAIL, PERSON
from tests.world.world import NOW, PASSWORD

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
