"""From the sign-up to the end of a session, over HTTP."""

import time
from datetime import datetime

import pytest

from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder, signed_up
from tests.world.mailbox import VALIDATION, Mailbox
from tests.world.people import PASSWORD, new_person

pytestmark = pytest.mark.stack


def test_from_numbers_to_logout(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A person signs up, validates twice, chooses a password, logs in both ways, logs out."""
    person = new_person()
    numbers = {"siret": person.siret, "nir": person.nir, "nir_key": person.nir_key}
    start = int(time.time())
    assert client.post("/api/signup/identifiers", numbers).status == 204

    answer = client.sign_up(person)
    assert (answer.status, answer.json["email_masked"]) == (202, "m••••••t@example.fr")

    mail = mailbox.wait(person.email)
    assert mail.subject == VALIDATION
    token = mailbox.token(person.email)
    first, second = client.validate(token), client.another().validate(token)
    assert first.status == second.status == 200
    assert first.json == second.json
    assert first.json["first_name"] == person.first_name
    assert first.json["email_masked"] == "m••••••t@example.fr"
    issued = direct.issued(token)
    assert start <= issued <= time.time()
    assert datetime.fromisoformat(first.json["expires_at"]).timestamp() == issued + 3600

    assert client.log_in(person.email).status == 401
    saved = client.set_password(token)
    assert (saved.status, saved.body) == (204, b"")

    before = int(time.time())
    answer = client.log_in(person.email)
    after = time.time()
    assert answer.status == 200
    assert answer.json == {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "previous_login_at": None,
    }
    session, device = answer.headers["set-cookie"]
    protected = {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"}
    assert session.startswith("__Host-session=")
    assert set(session.split("; ")[1:]) == protected
    assert device.startswith("__Host-device=")
    assert set(device.split("; ")[1:]) == protected | {"Max-Age=31536000"}

    feed = client.activity().json
    assert feed["previous_login_at"] is None
    assert [each["kind"] for each in feed["entries"]] == ["welcome", "affiliation-requested"]
    assert person.last_name.upper() in feed["entries"][0]["body"]

    other_device = client.another()
    again = other_device.log_in(person.nir)
    assert again.status == 200
    previous = datetime.fromisoformat(again.json["previous_login_at"]).timestamp()
    assert before <= previous <= after
    assert other_device.activity().json["previous_login_at"] == again.json["previous_login_at"]
    assert other_device.session != client.session

    bye = client.log_out()
    assert (bye.status, bye.body) == (204, b"")
    assert {'"cache"', '"storage"'} <= set(bye.header("clear-site-data").split(", "))
    assert bye.header("set-cookie").startswith("__Host-session=;")
    assert client.activity().status == 401
    assert client.activity().slug == "unauthenticated"
    assert other_device.activity().status == 200


def test_numbers_as_people_type_them(client: Client, mailbox: Mailbox) -> None:
    """Spaces, dots and no-break spaces in numbers are ignored, capitals in an e-mail too."""
    person = new_person()
    spaced = "\u00a0".join([person.nir[:1], person.nir[1:7], person.nir[7:]])
    answer = client.sign_up(
        person,
        nir=f"{spaced}\u202f{person.nir_key}",
        nir_key=None,
        siret=f" {person.siret[:9]} {person.siret[9:]}",
        mobile_phone=f"+33 {person.mobile_phone[1:4]}.{person.mobile_phone[4:]}",
        email_confirmation=f" {person.email.upper()} ",
    )
    assert answer.status == 202, answer.text
    assert client.set_password(mailbox.token(person.email)).status == 204
    assert client.log_in(f" {person.email.upper()} ").status == 200
    assert client.log_in(f"{spaced} {person.nir_key}").status == 200
    assert client.log_in(person.siret).status == 422, "a Siret is named, and tried by nobody"


def test_without_numbers(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Several people without any number can get an account."""
    for _ in range(2):
        person = new_person()
        answer = client.sign_up(person, nir=None, nir_key=None, siret=None, is_agent=True)
        assert answer.status == 202, answer.text
        assert client.set_password(mailbox.token(person.email)).status == 204
        assert client.log_in(person.email).status == 200
        (account,) = direct.accounts(email=person.email)
        assert "nir_mac" not in account
        assert "siret" not in account
        assert account["is_agent"] == {"BOOL": True}


def test_a_holder_who_signs_up_again(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A holder's new sign-up sends « vous avez déjà un compte », no link, and changes nothing."""
    person = account_holder(client, mailbox)
    direct.forget_mails_to(person.email)
    answer = client.sign_up(person, last_name="Autrenom")
    assert answer.status == 202
    mail = mailbox.wait(person.email, 2)
    assert mail.subject != VALIDATION
    assert "vous avez déjà un compte" in mail.text.replace("\u00a0", " ")
    assert "#" not in mail.text
    assert "Autrenom" not in mail.text + mail.html
    assert client.log_in(person.email).json["last_name"] == person.last_name


def test_several_open_sign_ups(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The first of several sign-ups of an address to complete wins; the others are refused."""
    person, first_token = signed_up(client, mailbox)
    direct.forget_mails_to(person.email)
    assert client.sign_up(person, first_name="Second").status == 202
    second_token = mailbox.token(person.email, 2)
    assert client.validate(first_token).json["first_name"] == person.first_name
    assert client.validate(second_token).json["first_name"] == "Second"
    assert client.set_password(second_token).status == 204
    refused = client.set_password(first_token)
    assert (refused.status, refused.slug) == (409, "identity-conflict")
    assert client.log_in(person.email).json["first_name"] == "Second"


def test_resend_sends_the_sign_up_again(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """« Renvoyer » sends the link of the sign-up again; the older link still works."""
    person, token = signed_up(client, mailbox)
    direct.forget_mails_to(person.email)
    assert client.resend(person.email.upper()).status == 202
    fresh = mailbox.token(person.email, 2)
    assert client.validate(token).status == 200
    assert client.set_password(fresh).status == 204
    assert (client.validate(token).status, client.validate(token).slug) == (409, "already-active")


def test_password_rules(client: Client, mailbox: Mailbox) -> None:
    """One answer names every broken rule by its code, and the link stays valid."""
    person, token = signed_up(client, mailbox)
    form = {"token": token, "password": "é", "confirmation": "è"}
    answer = client.call("PUT", "/api/password", form)
    assert answer.status == 422
    assert answer.errors == {
        ("password", "too-short"),
        ("password", "no-uppercase"),
        ("password", "no-digit"),
        ("password", "no-special"),
        ("confirmation", "confirmation-differs"),
    }
    for password, code in {
        "ROSEAU-72-FLAMBE": "no-lowercase",
        "Motdepasse-2026": "too-common",
        "Aa1-" + "x" * 47: "too-long",
        f"Aa1-{person.last_name}": "contains-identity",
        f"Aa1-{person.email.partition('@')[0]}": "contains-identity",
        f"Aa-{person.nir}": "contains-identity",
        f"Aa-{person.siret}": "contains-identity",
    }.items():
        answer = client.set_password(token, password)
        assert (answer.status, answer.errors) == (422, {("password", code)}), code
    assert client.set_password(token, f"{PASSWORD} \u0301é").status == 204


def test_feed_page_by_page(client: Client, mailbox: Mailbox) -> None:
    """Pages of any size give the complete feed, newest first."""
    person = account_holder(client, mailbox)
    client.log_in(person.email)
    whole = client.activity().json
    assert whole["next_cursor"] is None
    first = client.activity("?limit=1").json
    second = client.activity(f"?limit=1&cursor={first['next_cursor'].replace('#', '%23')}").json
    assert second["next_cursor"] is None
    assert first["entries"] + second["entries"] == whole["entries"]


def test_a_session_ends_idle_or_old(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A session ends after 30 idle minutes, and after 12 hours in any case."""
    person = account_holder(client, mailbox)
    client.log_in(person.email)
    (session,) = _sessions(direct, person.email)
    direct.change(session, expires_at=int(session["seen_at"]["N"]) - 1)
    assert client.activity().status == 401
    born = int(session["created_at"]["N"]) - 12 * 3600 + 20 * 60  # longer than a test lasts
    direct.change(session, created_at=born, seen_at=born, expires_at=born + 12 * 3600)
    assert client.activity().status == 200
    (session,) = _sessions(direct, person.email)
    assert int(session["expires_at"]["N"]) == born + 12 * 3600


def test_ten_sessions_at_once(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """An eleventh login ends the oldest session and no other."""
    person = account_holder(client, mailbox)
    devices = [client.another() for _ in range(11)]
    assert {each.log_in(person.email).status for each in devices} == {200}
    assert [each.activity().status for each in devices] == [401] + [200] * 10
    assert len(_sessions(direct, person.email)) == 10


def _sessions(direct: Direct, email: str) -> list[dict[str, dict[str, str]]]:
    (account,) = direct.accounts(email=email)
    return list(direct.items(f"SESSION#{account['id']['S']}"))
