"""What requests cost, as far as it can be told without a clock: guards of docs/performance.md."""

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
    """Return the write units of a call, each item up to 1 KB: two for each one of a transaction."""
    if call.operation == "TransactWriteItems":
        return 2 * len(call.asked["TransactItems"])
    return int(call.operation in {"PutItem", "UpdateItem", "DeleteItem"})


def test_a_sign_up_takes_three_round_trips_at_most(world: "World", gateway: "Gateway") -> None:
    """Two for the first; three for one whose address may not be written to again yet."""
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
    """Four and 10 write units when it succeeds, three and 2 when it is refused."""
    world.open_account()
    form = {"identifier": EMAIL, "password": password}
    start = len(world.calls.all)
    answer = gateway.ask("login", "POST", "/api/login", form, now=NOW + 60)
    made = [each for each in world.calls.all[start:] if each.service == "DynamoDB"]
    assert answer.status == status
    assert len(made) <= most, made
    assert sum(map(write_units, made)) <= units


def test_a_session_is_checked_in_one_round_trip(world: "World") -> None:
    """One read; a note that the session was seen once a minute."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    for later, operations in ((59, ["GetItem"]), (61, ["GetItem", "UpdateItem"])):
        with world.calls.counted() as made:
            world.authenticate(cookie, NOW + later)
        assert made == operations


def test_a_warm_login_stays_lean() -> None:
    """The Python calls of a warm login, counted in a process of its own, stay about what they are.

    A count, not a time: it grows when work is done twice, whatever the machine is busy with.
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
