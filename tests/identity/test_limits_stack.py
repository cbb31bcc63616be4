"""Limits on guesses, requests and mails, as the deployed functions apply them."""

import time
from collections import Counter

import pytest

from tests.world.client import Answer, Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, contact_form, new_person

pytestmark = pytest.mark.stack

MINUTES = 10
"""More than any test may last."""
LIMITED = {
    "signup": ("Signup", "POST", "/api/signup"),
    "signup-resend": ("Signup", "POST", "/api/signup/resend"),
    "signup-delivery": ("Signup", "POST", "/api/signup/delivery"),
    "email-validation": ("ValidateEmail", "POST", "/api/email-validation"),
    "password": ("SetPassword", "PUT", "/api/password"),
    "password-link": ("SetPassword", "POST", "/api/password-recovery/link"),
    "login": ("Login", "POST", "/api/login"),
    "password-recovery": ("RecoverPassword", "POST", "/api/password-recovery"),
    "contact": ("Contact", "POST", "/api/contact"),
    "email-undo": ("Account", "POST", "/api/email-undo"),
}


@pytest.mark.guards("requests-a-minute")
@pytest.mark.parametrize("endpoint", LIMITED)
def test_requests_of_an_address(client: Client, direct: Direct, endpoint: str) -> None:
    """An IP address is refused above its requests a minute; another one is not.

    The count starts again with each minute of the gateway's clock. So the counted requests all
    arrive at one moment, and the others, which the gateway times, find every minute full.
    """
    function, method, path = LIMITED[endpoint]
    body = {
        "signup": new_person().form(),
        "signup-resend": {"email": new_person().email},
        "signup-delivery": {"registration": "r" * 42 + "w"},
        "email-validation": {"token": "x"},
        "password": {"token": "x", "password": "x", "confirmation": "x"},
        "password-link": {"token": "x"},
        "login": {"identifier": new_person().email, "password": "x"},
        "password-recovery": {"identifier": new_person().email},
        "contact": contact_form(new_person()),
        "email-undo": {"token": "x"},
    }[endpoint]
    assert client.call(method, path, body).status != 429
    (counter,) = direct.requests_of(endpoint, client.address)
    assert counter["hits"] == {"N": "1"}
    limit = direct.limit("REQUESTS_PER_MINUTE")
    minute = int(counter["sk"]["S"])
    direct.change(counter, hits=limit - 2)

    def request() -> Answer:
        moment, address = 60 * minute + 20, client.address
        return direct.invoke(function, method, path, body, at=moment, address=address)

    answers = [request() for _ in range(4)]
    assert [each.status == 429 for each in answers] == [False, False, True, True]
    for each in range(minute, minute + MINUTES):
        direct.change(counter | {"sk": {"S": str(each)}}, hits=limit)
    through_gateway = client.call(method, path, body)
    assert through_gateway.status == 429
    for answer in (*answers[2:], through_gateway):
        assert answer.slug == "throttled"
        assert 1 <= int(answer.header("retry-after")) <= 60
    assert {each.header("retry-after") for each in answers[2:]} == {"40"}
    assert client.another().call(method, path, body).status != 429


@pytest.mark.parametrize("known", [True, False])
def test_guesses_of_an_identifier(
    client: Client, mailbox: Mailbox, direct: Direct, *, known: bool
) -> None:
    """After 5 failures each further one doubles the delay, also for an unknown identifier."""
    person = account_holder(client, mailbox) if known else new_person()

    def guess(at: float, password: str) -> tuple[int, str]:
        body = {"identifier": person.email, "password": password}
        answer = direct.invoke("Login", "POST", "/api/login", body, at=at)
        return answer.status, answer.header("retry-after")

    moment = time.time()
    assert Counter(guess(moment, "x") for _ in range(5)) == {(401, ""): 5}
    for delay in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        status, wait = guess(moment, PASSWORD)
        assert (status, 0 < int(wait) <= delay) == (429, True), delay
        assert guess(moment + delay / 2, PASSWORD)[0] == 429
        moment += delay + 0.5
        assert guess(moment, "x")[0] == 401
    assert guess(moment + 901, PASSWORD)[0] == (200 if known else 401)


def test_success_clears_failures(client: Client, mailbox: Mailbox) -> None:
    """A login gives a person all free tries again."""
    person = account_holder(client, mailbox)
    for _ in range(3):
        assert [client.log_in(person.email, "x").status for _ in range(4)] == [401] * 4
        assert client.log_in(person.email).status == 200


def test_mails_to_an_address(mailbox: Mailbox, direct: Direct) -> None:
    """Requests above the limits on mails get the same answer and send nothing."""
    person, start = new_person(), int(time.time())
    answer = direct.invoke("Signup", "POST", "/api/signup", person.form(), at=start)
    assert answer.status == 202
    mailbox.wait(person.email)
    sent = 1
    for later, more in [
        (30, 0),
        (61, 1),
        (90, 0),
        (122, 1),
        (300, 0),
        (3500, 0),
        (3662, 1),
        (7300, 1),
        (10900, 1),
        (14500, 0),
        (80000, 0),
    ]:
        body = {"email": person.email}
        answer = direct.invoke("Signup", "POST", "/api/signup/resend", body, at=start + later)
        assert answer.status == 202
        sent += more
        mailbox.settle()
        assert len(mailbox.of(person.email)) == sent, f"after {later} s"
