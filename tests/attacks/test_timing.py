"""How long an answer takes says nothing of whether somebody has an account."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.client import Client, new_address
from tests.integration.direct import Direct
from tests.integration.journey import account_holder
from tests.integration.mailbox import Mailbox
from tests.integration.people import contact_form, new_person

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]

WARM_UP = 10
SHARE, SECONDS = 0.05, 0.005
"""What the medians may differ by: 5 %, or 5 ms."""
TIMES = 3
"""How often it is measured before a difference is believed: a busy machine makes some, by chance,
and what tells people apart makes one each time."""


def medians(
    known: Callable[[int], None], unknown: Callable[[int], None], samples: int, first: int
) -> tuple[float, float]:
    """Return the median seconds of two calls, made in turns and numbered from ``first``."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(first, first + WARM_UP + samples):
        # Which one comes first changes, so that neither always follows the other.
        for which in (0, 1) if number % 2 else (1, 0):
            started = time.perf_counter()
            (known, unknown)[which](number)
            if number >= first + WARM_UP:
                times[which].append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


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
    """Hundreds of requests about a holder and about nobody, in turns, take as long by the median.

    They are given to one warm function, one after the other: nothing else makes them differ.
    """
    holder, stranger = account_holder(client, mailbox), new_person()
    address = new_address()

    def call(
        function: str, path: str, bodies: tuple[list[Any], list[Any]], status: int, step: int = 0
    ) -> Any:
        def send(which: int) -> Callable[[int], None]:
            def once(number: int) -> None:
                body = bodies[which][number % len(bodies[which])]
                # The moment moves, so that neither the delays of guesses nor the limit of
                # requests of an address turns it into another request.
                answer = direct.invoke(
                    function, "POST", path, body, later=number * step, address=address
                )
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
    differs = True
    for turn in range(TIMES):
        known, unknown = medians(*asked, samples, turn * (WARM_UP + samples))
        print(f"{request_}: known {known * 1e3:.2f} ms, unknown {unknown * 1e3:.2f} ms")  # noqa: T201
        differs = abs(known - unknown) > max(SHARE * unknown, SECONDS)
        if not differs:
            break
    assert not differs
