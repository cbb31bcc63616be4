"""Many requests at one moment for what can happen only once, or only so often."""

import time
from collections import Counter

import pytest

from tests.world.client import AT_ONCE, Answer, Client, in_parallel, outcomes
from tests.world.direct import HOUR, Direct, Moment
from tests.world.journey import (
    account_holder,
    another_device,
    logged_in,
    moved_email,
    signed_up,
)
from tests.world.mailbox import EMAIL_CHANGE, RECOVERY, Mailbox
from tests.world.people import PASSWORD, contact_form, new_person

pytestmark = pytest.mark.stack


@pytest.fixture
def _warm(client: Client) -> None:
    """Start as many processes as there will be requests: cold ones start one by one."""
    in_parallel(lambda _: client.another().set_password("x"), AT_ONCE)
    in_parallel(lambda _: client.another().undo_email("x"), AT_ONCE)


@pytest.mark.usefixtures("_warm")
def test_one_recovery_link(client: Client, mailbox: Mailbox) -> None:
    """Of many resets with one link exactly one is done: the one whose password logs in."""
    person = account_holder(client, mailbox)
    client.recover(person.email)
    token = mailbox.token_titled(person.email, RECOVERY)
    passwords = [f"{PASSWORD}-{number}" for number in range(2 * AT_ONCE)]
    answers = in_parallel(
        lambda number: client.another().set_password(token, passwords[number]), len(passwords)
    )
    assert outcomes(answers) == {(204, ""): 1, (404, "link-unknown"): len(passwords) - 1}
    (winner,) = (number for number, answer in enumerate(answers) if answer.status == 204)
    assert client.log_in(person.email, passwords[winner]).status == 200
    assert client.log_in(person.nir, passwords[winner]).status == 200


@pytest.mark.usefixtures("_warm")
def test_one_undo_link(client: Client, mailbox: Mailbox) -> None:
    """Of many undos with one link exactly one is done, and none gives a 5xx."""
    person = logged_in(client, mailbox)
    _, token = moved_email(client, mailbox, person)
    answers = in_parallel(lambda _: client.another().undo_email(token), AT_ONCE)
    assert outcomes(answers) == {(204, ""): 1, (410, "link-expired"): AT_ONCE - 1}
    answers = in_parallel(lambda _: client.another().set_password(token, f"{PASSWORD}+"), AT_ONCE)
    assert outcomes(answers) == {(204, ""): 1, (404, "link-unknown"): AT_ONCE - 1}
    assert client.log_in(person.email, f"{PASSWORD}+").status == 200


@pytest.mark.usefixtures("_warm")
def test_one_confirmation_link(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of many confirmations with one link exactly one is done, and sends one mail."""
    person = logged_in(client, mailbox)
    email = new_person().email
    client.change_email(email)
    token = mailbox.token_titled(email, EMAIL_CHANGE)
    answers = in_parallel(lambda _: client.confirm_email(token), AT_ONCE)
    assert outcomes(answers) == {(204, ""): 1, (410, "link-expired"): AT_ONCE - 1}
    assert client.me().json["email"] == email
    account_id = direct.account(email)["id"]["S"]
    assert len(direct.find("LOGIN#", account_id=account_id)) == 2, (
        "one login by each identifier: e-mail and NIR"
    )
    assert client.another().log_in(person.email).status == 401


@pytest.mark.usefixtures("_warm")
def test_one_address_and_many_accounts(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of several accounts that confirm one address at once, one gets it; others keep theirs."""
    email = new_person().email
    clients = [client.another() for _ in range(3)]
    people = [logged_in(each, mailbox) for each in clients]
    tokens: list[str] = []
    for number, each in enumerate(clients, 1):
        assert each.change_email(email).status == 202
        tokens.append(mailbox.token_titled(email, EMAIL_CHANGE, number))
        direct.forget_mails_to(email)
    answers = in_parallel(lambda number: clients[number].confirm_email(tokens[number]), 3)
    assert outcomes(answers) == {(204, ""): 1, (409, "identity-conflict"): 2}
    for each, person, answer in zip(clients, people, answers, strict=True):
        assert each.me().json["email"] == (email if answer.status == 204 else person.email)
        assert client.another().log_in(each.me().json["email"]).status == 200


@pytest.mark.usefixtures("_warm")
def test_a_sign_up_against_a_change(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of a sign-up and a change to the same address at once, only one gets it."""
    newcomer, validation = signed_up(client, mailbox)
    holder = logged_in(client, mailbox)
    assert client.change_email(newcomer.email).status == 202
    confirmation = mailbox.token_titled(newcomer.email, EMAIL_CHANGE)
    calls = [
        lambda: client.another().set_password(validation),
        lambda: client.confirm_email(confirmation),
    ]
    answers = in_parallel(lambda number: calls[number](), 2)
    assert outcomes(answers) == {(204, ""): 1, (409, "identity-conflict"): 1}
    assert len(direct.accounts(email=newcomer.email)) == 1
    assert client.another().log_in(holder.nir).status == 200


@pytest.mark.parametrize("endpoint", ["resend", "recovery", "contact", "email-change"])
def test_one_mail(client: Client, mailbox: Mailbox, direct: Direct, endpoint: str) -> None:
    """Many requests for a mail at one moment get the same answer and send one mail.

    The moment is the same for all: a mail may be asked for again a minute later.
    """
    person, _ = signed_up(client, mailbox) if endpoint == "resend" else (new_person(), "")
    if endpoint in {"recovery", "email-change"}:
        holder = logged_in(client, mailbox)
    if endpoint == "recovery":
        person = holder
    direct.forget_mails_to(person.email)
    before = len(mailbox.of(person.email))
    function, method, path, body = {
        "resend": ("Signup", "POST", "/api/signup/resend", {"email": person.email}),
        "recovery": (
            "RecoverPassword",
            "POST",
            "/api/password-recovery",
            {"identifier": person.email},
        ),
        "contact": ("Contact", "POST", "/api/contact", contact_form(person)),
        "email-change": ("Account", "PUT", "/api/me/email", {"email": person.email}),
    }[endpoint]
    arrival = time.time()

    def ask(_: int) -> Answer:
        return direct.invoke(function, method, path, body, at=arrival, cookie=client.cookies)

    answers = in_parallel(ask, 2 * AT_ONCE, 4)
    assert {each.status for each in answers} == {202}
    mailbox.wait(person.email, before + 1)
    mailbox.settle()
    assert len(mailbox.of(person.email)) == before + 1


def test_changes_at_once(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Changes of one account at the same moment are all answered, and one of them applies."""
    logged_in(client, mailbox)
    phones = [f"06999999{number:02}" for number in range(AT_ONCE)]
    answers = in_parallel(
        lambda number: client.call("PATCH", "/api/me", {"mobile_phone": phones[number]}), AT_ONCE
    )
    assert {each.status for each in answers} == {200}
    assert client.me().json["mobile_phone"] in {f"+33{each[1:]}" for each in phones}
    answers = in_parallel(lambda number: client.change_password(f"{PASSWORD}{number}"), AT_ONCE)
    assert {each.status for each in answers} == {204}
    email = client.me().json["email"]
    # Each guess is an hour after the last, so that none has to wait.
    now = time.time()
    logins = [
        Moment(direct, now + HOUR * number).log_in(email, f"{PASSWORD}{number}").status
        for number in range(AT_ONCE)
    ]
    assert sorted(logins) == [200] + [401] * (AT_ONCE - 1)
    answers = in_parallel(lambda _: client.call("DELETE", "/api/me", {}), AT_ONCE)
    assert {each.status for each in answers} <= {202, 401}


def test_logins_while_the_account_is_deleted(client: Client, mailbox: Mailbox) -> None:
    """Logins at the moment of a deletion are answered 200 or 401, and none gives a 5xx."""
    person = logged_in(client, mailbox)
    others = [another_device(client, person) for _ in range(3)]

    def request(number: int) -> int:
        if number % 2:
            return client.another().log_in(person.email).status
        return others[number // 2 % 3].call("DELETE", "/api/me").status

    answers = Counter(in_parallel(request, AT_ONCE))
    assert answers.keys() <= {200, 202, 401}, answers
    assert answers[202]
    assert client.log_in(person.email).status == 200
    assert client.me().json["deletion_at"]


@pytest.mark.guards("one-count-for-all-spellings")
def test_guesses_spelt_differently(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Other spellings of an identifier, with capitals, spaces or a key, give no more guesses."""
    person = account_holder(client, mailbox)
    nir, key = person.nir, person.nir_key
    spellings = {
        person.email: [
            person.email,
            person.email.upper(),
            f" {person.email}",
            person.email.title(),
            f"{person.email}\u00a0",
            person.email.replace("example", "EXAMPLE"),
            person.email.replace("example.fr", "\uff45xample.fr"),
            person.email.replace("example.fr", "example\u3002fr"),
        ],
        nir: [
            nir,
            nir + key,
            f"{nir[:1]} {nir[1:7]} {nir[7:]} {key}",
            f"{nir}{key}\u00a0",
            f" {nir}",
            "\u00a0".join(nir),
            ".".join(nir),
            f"{nir}\u200b",
        ],
    }
    for identifier, spelt in spellings.items():
        now = Moment(direct)
        answers = in_parallel(
            lambda number, now=now, spelt=spelt: now.log_in(spelt[number], "Faux-mot-1"), len(spelt)
        )
        evaluated = {(401, "invalid-credentials"): 5, (429, "throttled"): len(spelt) - 5}
        assert outcomes(answers) == evaluated, identifier
        assert now.log_in(identifier).status == 429


def test_more_logins_than_places(client: Client, mailbox: Mailbox) -> None:
    """More logins at once than places leave ten sessions, all of them valid."""
    person = account_holder(client, mailbox)
    devices = [client.another() for _ in range(12)]
    answers = in_parallel(lambda number: devices[number].log_in(person.email), len(devices))
    assert {each.status for each in answers} <= {200, 429}
    open_now = [each for each in devices if each.session and each.me().status == 200]
    assert 1 <= len(open_now) <= 10
    assert len(open_now[0].open_sessions().json["sessions"]) == len(open_now)
