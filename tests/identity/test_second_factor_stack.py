"""The second factor, over HTTP."""

import time

import pytest
from pyotp import TOTP

from tests.world.client import Client, in_parallel
from tests.world.direct import Direct
from tests.world.journey import another_device, logged_in
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, Person

pytestmark = pytest.mark.stack


def protected(client: Client, mailbox: Mailbox) -> tuple[Person, str, list[str]]:
    """Return somebody with a second factor, the secret of the app and the recovery codes."""
    person = logged_in(client, mailbox)
    secret = client.call("POST", "/api/me/totp").json["secret"]
    # The code of now is right for half a minute more: a slow machine does not matter.
    confirmed = client.call("PUT", "/api/me/totp", {"code": TOTP(secret).at(time.time())})
    assert confirmed.status == 204, confirmed.text
    codes = client.call("POST", "/api/me/recovery-codes")
    assert codes.status == 201
    return person, secret, codes.json["codes"]


def test_from_switching_on_to_removing(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Switched on, the password gives a ticket and a code the session; removed, it does alone."""
    person, secret, codes = protected(client, mailbox)
    mailbox.wait_titled(person.email, "La double vérification est activée")
    state = client.call("GET", "/api/me/totp").json
    assert state["since"]
    assert state["recovery_codes_left"] == 10

    other = client.another()
    due = other.log_in(person.email)
    assert (due.status, due.json["methods"]) == (202, ["totp", "recovery-code"])
    assert other.session == "", "no cookie before the code"
    assert other.me().status == 401
    ticket = due.json["ticket"]
    wrong = other.second_step(ticket, "0000-0000-0000-0000")
    assert (wrong.status, wrong.slug) == (401, "invalid-code")
    opened = other.second_step(ticket, codes[0].lower())
    assert (opened.status, opened.json["first_name"]) == (200, person.first_name)
    assert other.me().status == 200
    assert "recovery-code-used" in {each["kind"] for each in other.activity().json["entries"]}
    again = other.second_step(ticket, codes[1])
    assert (again.status, again.slug) == (410, "ticket-expired")

    later = time.time() + 90
    body = {"identifier": person.email, "password": PASSWORD}
    ticket = direct.invoke("Login", "POST", "/api/login", body, at=later).json["ticket"]
    body = {"ticket": ticket, "code": TOTP(secret).at(later)}
    answer = direct.invoke("SecondFactor", "POST", "/api/login/second-factor", body, at=later)
    assert answer.status == 200

    assert client.call("DELETE", "/api/me/totp").status == 204
    mailbox.wait_titled(person.email, "La double vérification est retirée")
    assert client.call("GET", "/api/me/totp").json == {"since": None, "recovery_codes_left": 0}
    another_device(client, person)


def test_it_is_told_after_the_password_only(client: Client, mailbox: Mailbox) -> None:
    """A wrong password gets the same answer whether or not there is a second factor."""
    person, _, _ = protected(client, mailbox)
    plain = logged_in(client.another(), mailbox)
    seen = {
        (answer.status, answer.slug, answer.json["detail"])
        for who in (person, plain)
        for answer in [client.another().log_in(who.email, "Faux-mot-de-passe-1")]
    }
    assert len(seen) == 1


def test_one_code_opens_one_session(client: Client, mailbox: Mailbox) -> None:
    """Of 8 requests at once with one ticket and one recovery code, one opens a session."""
    person, _, codes = protected(client, mailbox)
    ticket = client.another().log_in(person.email).json["ticket"]
    answers = in_parallel(lambda _: client.another().second_step(ticket, codes[0]), 4)
    assert [each.status for each in answers].count(200) == 1
    assert client.call("GET", "/api/me/totp").json["recovery_codes_left"] == 9


def test_few_guesses(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of 8 codes at one moment, with tickets of their own, 5 are looked at."""
    person, _, _ = protected(client, mailbox)
    tickets = [client.another().log_in(person.email).json["ticket"] for _ in range(8)]
    now = time.time() + 1

    def guess(number: int) -> int:
        body = {"ticket": tickets[number], "code": "0000-0000-0000-0000"}
        path = "/api/login/second-factor"
        return direct.invoke("SecondFactor", "POST", path, body, at=now).status

    assert sorted(in_parallel(guess, 8)) == [401] * 5 + [429] * 3
