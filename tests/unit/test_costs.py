"""What requests cost, as far as it can be told without a clock: guards of docs/performance.md."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.world import ENVIRONMENT
from tests.unit.conftest import NOW, PASSWORD
from tests.unit.use_cases import EMAIL, PERSON

if TYPE_CHECKING:
    from tests.unit.conftest import Gateway, World

ROOT = Path(__file__).resolve().parents[2]
PYTHON_CALLS = 11_000
"""A warm login makes 7,300, most of them botocore's."""


def test_a_sign_up_takes_three_round_trips_at_most(world: "World", gateway: "Gateway") -> None:
    """Two for the first; three for one whose address may not be written to again yet."""
    for most in (2, 3):
        with world.calls.counted() as made:
            answer = gateway.ask("signup", "POST", "/api/signup", PERSON)
        assert answer.status == 202
        assert len(made) <= most, made


@pytest.mark.parametrize(
    ("password", "status", "most"), [(PASSWORD, 200, 3), ("Wrong-Horse-77", 401, 2)]
)
def test_a_login_takes_few_round_trips(
    world: "World", gateway: "Gateway", password: str, status: int, most: int
) -> None:
    """Three when it succeeds; a refusal takes two, so that guessing costs no more."""
    world.open_account()
    form = {"identifier": EMAIL, "password": password}
    with world.calls.counted() as made:
        answer = gateway.ask("login", "POST", "/api/login", form, now=NOW + 60)
    assert answer.status == status
    assert len(made) <= most, made


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
