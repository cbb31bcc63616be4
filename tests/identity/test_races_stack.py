"""Many requests at the same moment: one wins, the others are refused with the reason.

Each request runs in a process of its own, so these races are real. How long they take depends on
the machine.
"""

import time
from collections import Counter
from dataclasses import replace

import pytest

from portal.core.identifiers import nir_mac
from tests.world.bus import decision_event
from tests.world.client import AT_ONCE, Answer, Client, in_parallel, outcomes
from tests.world.direct import Direct, Moment
from tests.world.journey import account_holder, signed_up
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, Person, new_person

pytestmark = pytest.mark.stack


@pytest.fixture
def _warm(client: Client) -> None:
    """Start as many processes as there will be requests: cold ones start one by one."""
    in_parallel(lambda _: client.another().set_password("x"), AT_ONCE)
    in_parallel(lambda _: client.another().log_in("x"), AT_ONCE)


@pytest.mark.guards("one-mail")
def test_identical_sign_ups(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """20 identical sign-ups at once are all accepted, and one mail is sent."""
    person, arrival = new_person(), time.time()

    def sign_up(_: int) -> Answer:
        form, address = person.form(), client.address
        return direct.invoke("Signup", "POST", "/api/signup", form, at=arrival, address=address)

    answers = in_parallel(sign_up, 20)
    assert outcomes(answers) == {(202, ""): 20}
    mailbox.wait(person.email)
    mailbox.settle()
    assert len(mailbox.of(person.email)) == 1
    assert client.validate(mailbox.token(person.email)).status == 200


@pytest.mark.guards("atomic-consumption")
@pytest.mark.usefixtures("_warm")
def test_one_link_and_many_passwords(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of 50 passwords sent with one link exactly one is stored, and it logs in."""
    person, token = signed_up(client, mailbox)
    passwords = [f"{PASSWORD}-{number}" for number in range(50)]
    answers = in_parallel(
        lambda number: client.another().set_password(token, passwords[number]), 50
    )
    assert outcomes(answers) == {(204, ""): 1, (409, "already-active"): 49}
    (winner,) = (number for number, answer in enumerate(answers) if answer.status == 204)
    assert client.log_in(person.email, passwords[winner]).status == 200
    assert client.log_in(person.email, passwords[winner - 1]).status == 401
    assert len(direct.accounts(email=person.email)) == 1


@pytest.mark.usefixtures("_warm")
def test_one_address_and_many_sign_ups(client: Client, direct: Direct) -> None:
    """Of 20 sign-ups with one e-mail, completed at once, one gets the account."""
    email = new_person().email
    people = [replace(new_person(), email=email) for _ in range(20)]
    tokens = [link_of(client, direct, each) for each in people]
    answers = in_parallel(lambda number: client.another().set_password(tokens[number]), 20)
    assert outcomes(answers) == {(204, ""): 1, (409, "identity-conflict"): 19}
    assert len(direct.accounts(email=email)) == 1
    (winner,) = (number for number, answer in enumerate(answers) if answer.status == 204)
    assert client.validate(tokens[winner]).slug == "already-active"
    assert client.log_in(email).status == 200


@pytest.mark.guards("one-account-per-identifier", "one-account-per-siret")
@pytest.mark.usefixtures("_warm")
def test_one_nir_and_siret_and_many_sign_ups(client: Client, direct: Direct) -> None:
    """Of 20 sign-ups with one NIR and Siret, completed at once, all get an account, one has both.

    Both numbers are claimed in one transaction: the account that gets one gets the other.
    """
    first = new_person()
    people = [replace(new_person(), nir=first.nir, siret=first.siret) for _ in range(20)]
    tokens = [link_of(client, direct, each) for each in people]
    answers = in_parallel(lambda number: client.another().set_password(tokens[number]), 20)
    assert outcomes(answers) == {(204, ""): 20}
    accounts = [direct.account(each.email) for each in people]
    for number in ("nir", "siret"):
        statuses = Counter(each[f"{number}_status"]["S"] for each in accounts)
        assert statuses == {"own": 1, "claimed": 19}, number
    (owner,) = (each for each in accounts if each["nir_status"]["S"] == "own")
    (login,) = direct.find("LOGIN#", mac=nir_mac(direct.lookup, first.nir))
    assert login["account_id"] == owner["id"]
    assert client.log_in(first.nir).status == 200


def test_two_confirmations_at_once(client: Client, direct: Direct) -> None:
    """Accounts that claim one number, confirmed at once: one has it, the others dispute it."""
    squatter = new_person()
    claimants = [replace(new_person(), nir=squatter.nir, siret=squatter.siret) for _ in range(4)]
    for each in (squatter, *claimants):
        assert client.set_password(link_of(client, direct, each)).status == 204
    ids = [direct.account(each.email)["id"]["S"] for each in claimants]
    now = time.time()
    in_parallel(
        lambda number: direct.hand(
            "Affiliation", decision_event("AffiliationConfirmed", ids[number], now)
        ),
        len(ids),
    )
    accounts = [direct.account(each.email) for each in claimants]
    for number in ("nir", "siret"):
        statuses = Counter(each[f"{number}_status"]["S"] for each in accounts)
        assert statuses == {"own": 1, "disputed": 3}, number
        assert direct.account(squatter.email)[f"{number}_status"]["S"] == "claimed"
    assert {each["affiliation"]["S"] for each in accounts} == {"confirmed"}


def test_wrong_guesses(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of 8 guesses of a password at once, from 8 addresses, 5 are evaluated."""
    person = account_holder(client, mailbox)
    now = Moment(direct)
    in_parallel(lambda _: now.log_in(new_person().email), AT_ONCE)  # so that processes are ready
    answers = in_parallel(lambda number: now.log_in(person.email, f"{PASSWORD}-{number}"), AT_ONCE)
    assert outcomes(answers) == {(401, "invalid-credentials"): 5, (429, "throttled"): AT_ONCE - 5}
    assert all(each.header("retry-after") == "1" for each in answers if each.status == 429)


@pytest.mark.guards("counted-before-the-hash")
def test_very_many_wrong_guesses(direct: Direct) -> None:
    """Of 200 guesses at one moment, 5 are evaluated, however long the others wait."""
    email = new_person().email
    now = Moment(direct)
    answers = in_parallel(lambda number: now.log_in(email, f"{PASSWORD}-{number}"), 200)
    assert outcomes(answers) == {(401, "invalid-credentials"): 5, (429, "throttled"): 195}


@pytest.mark.usefixtures("_warm")
def test_logins_at_once(client: Client, mailbox: Mailbox) -> None:
    """5 devices that log in at the same moment each get their own session."""
    person = account_holder(client, mailbox)
    devices = [client.another() for _ in range(5)]
    answers = in_parallel(
        lambda number: devices[number].log_in((person.email, person.nir)[number % 2]), 5
    )
    assert outcomes(answers) == {(200, ""): 5}
    assert {each.activity().status for each in devices} == {200}


def link_of(client: Client, direct: Direct, person: Person) -> str:
    """Sign up, and return the token of a link without waiting for its mail."""
    answer = client.sign_up(person)
    assert answer.status == 202
    return direct.new_link(answer.json["registration"])
