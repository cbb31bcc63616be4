"""Passkeys, over HTTP."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.world.authenticator import Authenticator
from tests.world.client import Answer, Client, in_parallel
from tests.world.journey import logged_in, moved_email
from tests.world.mailbox import Mailbox
from tests.world.people import Person
from tools.stack.stack import DOMAIN

if TYPE_CHECKING:
    from tests.world.direct import Direct

pytestmark = pytest.mark.stack


def with_passkey(
    client: Client, mailbox: Mailbox, **about: Any
) -> tuple[Person, Authenticator, Answer]:
    """Return somebody with a passkey, its authenticator, and the answer to its addition."""
    person = logged_in(client, mailbox)
    return person, *added(client, **about)


def added(client: Client, **about: Any) -> tuple[Authenticator, Answer]:
    """Add a passkey to the client's account."""
    authenticator = Authenticator(origin=f"http://{DOMAIN}:{client.port}", **about)
    asked = client.call("POST", "/api/me/passkeys/options")
    assert asked.status == 201, asked.text
    made = {"credential": authenticator.create(asked.json["public_key"])}
    answer = client.post("/api/me/passkeys", made)
    assert answer.status == 201, answer.text
    return authenticator, answer


def options(client: Client, *, confirm: bool = False) -> Any:
    """Ask what a passkey signs."""
    asked = client.post("/api/login/passkey/options", {"confirm": confirm})
    assert asked.status == 201, asked.text
    return asked.json["public_key"]


def sign_in(client: Client, credential: Any) -> Answer:
    """Log in with what a passkey signed."""
    return client._keep(client.post("/api/login/passkey", {"credential": credential}))


def test_from_adding_to_removing(client: Client, mailbox: Mailbox) -> None:
    """A passkey opens a session of another device, confirms, and opens nothing once removed."""
    person, authenticator, passkey = with_passkey(client, mailbox, counts=True)
    mailbox.wait_titled(person.email, "Une clé d’accès a été ajoutée à votre compte")
    other = client.another()
    opened = sign_in(other, authenticator.sign(options(other)))
    assert (opened.status, opened.json["first_name"]) == (200, person.first_name)
    assert other.me().json["ways"] == ["password", "passkey"]
    (current,) = (
        each for each in other.call("GET", "/api/me/sessions").json["sessions"] if each["current"]
    )
    assert current["methods"] == ["passkey"]
    confirmed = sign_in(other, authenticator.sign(options(other, confirm=True)))
    assert confirmed.status == 200
    assert other.call("DELETE", f"/api/me/passkeys/{passkey.json['id']}").status == 204
    assert client.me().status == 401, "other sessions end"
    mailbox.wait_titled(person.email, "Une clé d’accès a été retirée de votre compte")
    refused = sign_in(other.another(), authenticator.sign(options(other)))
    assert (refused.status, refused.slug) == (401, "invalid-credentials")


def test_one_challenge_opens_one_session(client: Client, mailbox: Mailbox) -> None:
    """Of 8 requests at once with one signature, one opens a session."""
    _, authenticator, _ = with_passkey(client, mailbox)
    signed = authenticator.sign(options(client))
    answers = in_parallel(lambda _: sign_in(client.another(), signed), 8)
    statuses = [each.status for each in answers]
    assert (statuses.count(200), statuses.count(401)) == (1, 7)


def test_ten_at_once_stay_ten(client: Client, mailbox: Mailbox) -> None:
    """Passkeys that are added at once get places of their own; none is lost, none too many."""
    logged_in(client, mailbox)

    def add(_: int) -> int:
        authenticator = Authenticator(origin=f"http://{DOMAIN}:{client.port}")
        asked = client.call("POST", "/api/me/passkeys/options")
        if asked.status != 201:
            return asked.status
        made = {"credential": authenticator.create(asked.json["public_key"])}
        return client.post("/api/me/passkeys", made).status

    statuses = in_parallel(add, 12)
    found = client.call("GET", "/api/me/passkeys").json["passkeys"]
    assert len(found) == statuses.count(201) <= 10
    assert set(statuses) <= {201, 409, 503}


@pytest.mark.guards("ended-passkeys")
def test_it_was_not_me(client: Client, mailbox: Mailbox, direct: "Direct") -> None:
    """Undoing a change of address ends the passkeys, the thief's and the holder's."""
    person, authenticator, _ = with_passkey(client, mailbox)
    account_id = direct.account(person.email)["id"]["S"]
    _, undo = moved_email(client, mailbox, person)
    thief, _ = added(client)
    assert client.another().undo_email(undo).status == 204
    for each in (authenticator, thief):
        other = client.another()
        refused = sign_in(other, each.sign(options(other)))
        assert (refused.status, refused.slug) == (401, "invalid-credentials")
    assert direct.find("PASSKEYS#", account_id=account_id) == []
