"""The time of an answer does not show whether somebody has an account."""

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.people import contact_form, new_person

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

WARM_UP = 10
SHARE, SECONDS = 0.05, 0.005
"""What the medians may differ by: 5 %, or 5 ms."""
TURNS = 10
"""How often more is measured while a difference may be chance: those of a busy machine disappear
among more samples, and one that shows who has an account stays."""


def measure(
    calls: tuple[Callable[[int], None], Callable[[int], None]],
    samples: int,
    first: int,
    times: tuple[list[float], list[float]],
) -> None:
    """Make two calls in turns, numbered from ``first``, and add the time of each one."""
    for number in range(first, first + WARM_UP + samples):
        # The order changes, so that neither always follows the other.
        for which in (0, 1) if number % 2 else (1, 0):
            started = time.perf_counter()
            calls[which](number)
            if number >= first + WARM_UP:
                times[which].append(time.perf_counter() - started)


def median(times: list[float]) -> tuple[float, float]:
    """Return a median, and by how much chance may move it: the notch of a box plot."""
    low, middle, high = statistics.quantiles(times, n=4)
    return middle, 1.57 * (high - low) / math.sqrt(len(times))


@pytest.mark.guards("hash-for-nobody", only="login-300")
@pytest.mark.parametrize(
    ("request_", "samples"),
    [("sign-up", 300), ("resend", 300), ("recovery", 300), ("contact", 100), ("login", 300)],
)
def test_known_and_unknown(
    client: Client,
    mailbox: Mailbox,
    direct: Direct,
    request_: str,
    samples: int,
) -> None:
    """Hundreds of requests about a holder and about nobody take the same time by the median.

    They are sent in turns to one warm function, so that nothing else differs. They pass when the
    medians are as near as promised, and fail when they are further apart than that and chance
    together explain; until then more are sent.
    """
    holder, stranger = account_holder(client, mailbox), new_person()
    start = time.time()

    def call(
        function: str, path: str, bodies: tuple[list[Any], list[Any]], status: int, step: int = 0
    ) -> Any:
        def send(which: int) -> Callable[[int], None]:
            def once(number: int) -> None:
                body = bodies[which][number % len(bodies[which])]
                # The moment moves, and each comes from an address of its own, so that neither the
                # delays of guesses nor the limit of an address turns it into another request.
                answer = direct.invoke(function, "POST", path, body, at=start + number * step)
                assert answer.status == status, answer.text

            return once

        return send(0), send(1)

    somebody, nobody = (holder.email, holder.nir), (stranger.email, stranger.nir)
    password = "Faux-mot-de-passe-1"
    calls = {
        "sign-up": lambda: call("Signup", "/api/signup", ([holder.form()], [stranger.form()]), 202),
        "resend": lambda: call(
            "Signup",
            "/api/signup/resend",
            ([{"email": holder.email}], [{"email": stranger.email}]),
            202,
        ),
        "recovery": lambda: call(
            "RecoverPassword",
            "/api/password-recovery",
            (
                [{"identifier": each} for each in somebody],
                [{"identifier": each} for each in nobody],
            ),
            202,
        ),
        "contact": lambda: call(
            "Contact", "/api/contact", ([contact_form(holder)], [contact_form(stranger)]), 202
        ),
        "login": lambda: call(
            "Login",
            "/api/login",
            (
                [{"identifier": each, "password": password} for each in somebody],
                [{"identifier": each, "password": password} for each in nobody],
            ),
            401,
            1000,
        ),
    }
    asked = calls[request_]()
    times: tuple[list[float], list[float]] = ([], [])
    excess = 0.0
    for turn in range(TURNS):
        measure(asked, samples, turn * (WARM_UP + samples), times)
        (known, chance), (unknown, more_chance) = map(median, times)
        excess = abs(known - unknown) - max(SHARE * unknown, SECONDS)
        print(  # noqa: T201
            f"{request_}: known {known * 1e3:.2f} ms, unknown {unknown * 1e3:.2f} ms,"
            f" chance {(chance + more_chance) * 1e3:.2f} ms, {len(times[0])} samples"
        )
        if not 0 < excess <= chance + more_chance:
            break
    assert excess <= 0
