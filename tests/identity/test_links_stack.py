"""Links that are late, used, forged or repeated."""

import base64
import secrets

import pytest

from portal.core.links import Token, new_id, seal
from portal.identity import purposes
from tests.world.client import Answer, Client
from tests.world.direct import HOUR, Direct
from tests.world.journey import signed_up
from tests.world.mailbox import Mailbox

pytestmark = pytest.mark.stack

MASKED = "m••••••t@example.fr"


def test_late_by_the_clock(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A link is valid for an hour; then a click sends a new link, which works."""
    person, token = signed_up(client, mailbox)
    (row,) = direct.rows_of_links(person.email)
    assert int(row["expires_at"]["N"]) - int(row["issued_at"]["N"]) == HOUR
    issued = direct.issued(token)
    assert direct.validate_at(token, issued + HOUR - 1).status == 200
    assert_late(direct.validate_at(token, issued + HOUR))
    fresh = mailbox.token(person.email, 2)
    assert client.validate(fresh).status == 200
    assert client.set_password(fresh).status == 204
    assert direct.validate_at(token, issued + HOUR + 1).slug == "already-active"


def test_late_and_swept(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A link whose row TTL removed is late, not unknown."""
    person, token = signed_up(client, mailbox)
    (row,) = direct.rows_of_links(person.email)
    direct.delete(row)
    direct.forget_mails_to(person.email)
    assert_late(client.validate(token))
    assert client.set_password(mailbox.token(person.email, 2)).status == 204


@pytest.mark.guards("late-by-the-clock")
def test_late_and_not_yet_swept(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A late link is late even before TTL removes its row."""
    person, token = signed_up(client, mailbox)
    (row,) = direct.rows_of_links(person.email)
    direct.change(row, expires_at=int(row["issued_at"]["N"]) - 1)
    direct.forget_mails_to(person.email)
    assert_late(client.validate(token))
    assert client.set_password(mailbox.token(person.email, 2)).status == 204


def test_late_at_the_last_step(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A link that becomes late while the password is typed sends a new link too."""
    person, token = signed_up(client, mailbox)
    (row,) = direct.rows_of_links(person.email)
    direct.delete(row)
    direct.forget_mails_to(person.email)
    assert_late(client.set_password(token))
    assert direct.accounts(email=person.email) == []
    assert client.set_password(mailbox.token(person.email, 2)).status == 204


def test_late_clicks_do_not_flood(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Late clicks all get the same answer, and send one mail a minute, three a day at most."""
    person, token = signed_up(client, mailbox)
    issued = direct.issued(token)
    sent = 1
    for after, more in [
        (HOUR + 1, 1),
        (HOUR + 30, 0),
        (2 * HOUR, 1),
        (3 * HOUR, 1),
        (4 * HOUR, 0),
        (23 * HOUR, 0),
    ]:
        assert_late(direct.validate_at(token, issued + after))
        sent += more
        mailbox.settle()
        assert len(mailbox.of(person.email)) == sent, f"after {after} s"


def test_used(client: Client, mailbox: Mailbox) -> None:
    """A used link is answered « already active » when it is opened and when it is submitted."""
    _, token = signed_up(client, mailbox)
    assert client.set_password(token).status == 204
    for answer in (client.validate(token), client.set_password(token, "Quatre-chats-44")):
        assert (answer.status, answer.slug) == (409, "already-active")


def test_looking_uses_nothing_up(client: Client, mailbox: Mailbox) -> None:
    """A mail scanner that fetches the page and submits the link does not use the link up."""
    _, token = signed_up(client, mailbox)
    for method in ("GET", "HEAD"):
        assert client.call(method, "/valider").status == 200
        assert client.call(method, f"/valider?token={token}").status == 200
        assert client.call(method, f"/api/email-validation?token={token}").status >= 400
    assert {client.another().validate(token).status for _ in range(3)} == {200}
    assert client.set_password(token).status == 204


@pytest.mark.parametrize(
    "token",
    ["", "x", "A" * 95, "A" * 96, "A" * 97, "é" * 96, "A" * 95 + "=", "A" * 95 + "\n", "../" * 32],
)
def test_garbage(client: Client, token: str) -> None:
    """Any text that is not a link of ours is an unknown link, for both requests."""
    for answer in (client.validate(token), client.set_password(token)):
        assert (answer.status, answer.slug) == (404, "link-unknown")


def test_forged(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A changed link, or a well-signed one of nothing that exists, is unknown."""
    _, token = signed_up(client, mailbox)
    raw = base64.urlsafe_b64decode(token)
    forgeries = [
        base64.urlsafe_b64encode(raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]).decode()
        for at, bit in [
            (0, 1),
            (0, 2),
            (1, 1),
            (1, 3),
            (2, 1),
            (33, 128),
            (39, 1),
            (40, 1),
            (71, 1),
        ]
    ]
    forgeries.append(base64.urlsafe_b64encode(raw[:40] + secrets.token_bytes(32)).decode())
    forgeries.append(seal(direct.lookup, Token(purposes.EMAIL_VALIDATION, new_id(), 1)))
    forgeries.append(seal(direct.tokens, Token(purposes.EMAIL_VALIDATION, new_id(), 1)))
    for forgery in forgeries:
        answer = client.validate(forgery)
        assert (answer.status, answer.slug) == (404, "link-unknown")
    assert client.set_password(token).status == 204


def test_two_people(client: Client, mailbox: Mailbox) -> None:
    """Parts of two people's links do not make a valid link."""
    _, one = signed_up(client, mailbox)
    _, other = signed_up(client, mailbox)
    raw, signature = base64.urlsafe_b64decode(one), base64.urlsafe_b64decode(other)[40:]
    mixed = base64.urlsafe_b64encode(raw[:40] + signature).decode()
    assert client.set_password(mixed).slug == "link-unknown"


def assert_late(answer: Answer) -> None:
    """Check the answer to a late link."""
    assert (answer.status, answer.slug) == (410, "link-expired")
    assert answer.json["email_masked"] == MASKED
    assert "set-cookie" not in answer.headers
