"""The rules of sessions by the gateway's clock: idle, absolute, ten, ended."""

import pytest

from tests.world.client import Client
from tests.world.direct import HOUR, Direct
from tests.world.journey import another_device, logged_in, moved_email
from tests.world.mailbox import RECOVERY, Mailbox
from tests.world.people import PASSWORD

pytestmark = pytest.mark.stack

IDLE, ABSOLUTE, FRESH = 30 * 60, 12 * HOUR, 5 * 60


def reads(direct: Direct, client: Client, moment: float) -> int:
    """Return the status of a read of the account at a moment."""
    return direct.invoke("Account", "GET", "/api/me", None, at=moment, cookie=client.cookies).status


@pytest.mark.guards("idle")
def test_idle(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A session ends after 30 idle minutes; each use, noted once a minute, starts them again."""
    person = logged_in(client, mailbox)
    (row,) = direct.sessions(person.email)
    seen = int(row["seen_at"]["N"])
    assert reads(direct, client, seen + IDLE - 1) == 200
    (row,) = direct.sessions(person.email)
    seen = int(row["seen_at"]["N"])
    assert reads(direct, client, seen + IDLE) == 401
    assert reads(direct, client, seen + IDLE - 1) == 200


def test_looking_within_a_minute(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A session never ends before 29 idle minutes, however its uses are noted."""
    person = logged_in(client, mailbox)
    (row,) = direct.sessions(person.email)
    seen = int(row["seen_at"]["N"])
    assert reads(direct, client, seen + 59) == 200
    assert reads(direct, client, seen + 59 + IDLE - 60) == 200


def test_absolute(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A session that is always used ends twelve hours after its login."""
    person = logged_in(client, mailbox)
    (row,) = direct.sessions(person.email)
    born = int(row["created_at"]["N"])
    for moment in range(born, born + ABSOLUTE, IDLE - 60):
        assert reads(direct, client, moment) == 200, moment - born
    assert reads(direct, client, born + ABSOLUTE - 1) == 200
    assert reads(direct, client, born + ABSOLUTE) == 401


def test_late_by_a_second_for_what_needs_a_password(
    client: Client, mailbox: Mailbox, direct: Direct
) -> None:
    """Five minutes after the login an export asks for the password, not before."""
    person = logged_in(client, mailbox)
    (row,) = direct.sessions(person.email)
    born = int(row["created_at"]["N"])
    for age, status in ((FRESH, 200), (FRESH + 1, 403)):
        answer = direct.invoke(
            "Account", "GET", "/api/me/export", None, at=born + age, cookie=client.cookies
        )
        assert answer.status == status, age


def test_ten(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of fifteen logins only the ten newest sessions stay, in the list and in the table."""
    person = logged_in(client, mailbox)
    devices = [client, *(another_device(client, person) for _ in range(14))]
    assert [each.me().status for each in devices] == [401] * 5 + [200] * 10
    assert len(direct.sessions(person.email)) == 10
    assert len(devices[-1].open_sessions().json["sessions"]) == 10


@pytest.mark.guards("password-ends-sessions")
@pytest.mark.parametrize(
    "way", ["logout", "revoked", "password", "email", "undo", "recovery", "deletion", "login again"]
)
def test_ended_at_once(client: Client, mailbox: Mailbox, way: str) -> None:
    """A session ended in any way opens nothing from the next request on."""
    person = logged_in(client, mailbox)
    other = another_device(client, person)
    stolen = other.another()
    stolen.session = other.session
    assert stolen.me().status == 200
    if way == "logout":
        assert other.log_out().status == 204
    elif way == "revoked":
        (theirs,) = [
            each for each in client.open_sessions().json["sessions"] if not each["current"]
        ]
        assert client.end_session(theirs["id"]).status == 204
    elif way == "password":
        assert client.change_password(f"{PASSWORD}+").status == 204
    elif way in {"email", "undo"}:
        _, undo = moved_email(client, mailbox, person)
        if way == "undo":
            assert stolen.me().status == 401
            assert client.another().undo_email(undo).status == 204
            stolen.session = client.session
    elif way == "recovery":
        client.recover(person.email)
        token = mailbox.token_titled(person.email, RECOVERY)
        assert client.another().set_password(token, f"{PASSWORD}+").status == 204
        assert client.me().status == 401
    elif way == "deletion":
        assert client.call("DELETE", "/api/me", {}).status == 202
    else:
        assert other.log_in(person.email).status == 200
        assert other.me().status == 200
    for call in (stolen.me, stolen.activity, stolen.open_sessions):
        assert (call().status, call().slug) == (401, "unauthenticated")
    assert stolen.call("GET", "/api/me/export").status == 401
    assert stolen.change_password(f"{PASSWORD}!").status == 401


def test_another_account_s_session(client: Client, mailbox: Mailbox) -> None:
    """Nobody can end, list or read another account's sessions."""
    logged_in(client, mailbox)
    other = client.another()
    logged_in(other, mailbox)
    (theirs,) = other.open_sessions().json["sessions"]
    assert client.end_session(theirs["id"]).slug == "not-found"
    assert other.me().status == 200
    mine = client.activity("?limit=1").json
    cursor = mine["next_cursor"].replace("#", "%23")
    entries = other.activity(f"?cursor={cursor}").json["entries"]
    known = {each["id"] for each in client.activity("?limit=50").json["entries"]}
    assert known.isdisjoint(each["id"] for each in entries)


def test_logout_empties_the_browser(client: Client, mailbox: Mailbox) -> None:
    """A logout deletes the cookie and clears the browser's storage."""
    logged_in(client, mailbox)
    answer = client.log_out()
    assert answer.status == 204
    assert {'"cache"', '"storage"'} <= set(answer.header("clear-site-data").split(", "))
    (cookie,) = answer.headers["set-cookie"]
    assert "Max-Age=0" in cookie
    assert client.me().status == 401


@pytest.mark.guards("repeated-deletion-ends-sessions")
def test_a_second_deletion(client: Client, mailbox: Mailbox) -> None:
    """Who logs in again and asks for the deletion once more is logged out with the same answer."""
    person = logged_in(client, mailbox)
    first = client.call("DELETE", "/api/me", {})
    assert client.log_in(person.email).status == 200
    second = client.call("DELETE", "/api/me", {})
    assert (second.status, second.json) == (first.status, first.json) == (202, second.json)
    assert client.me().status == 401
