"""A forgotten password: a link, then a new password that replaces the old one."""

import time
from itertools import pairwise

import pytest

from portal.core.identifiers import mailbox_mac
from portal.identity.recovery import RECOVERY_MAIL
from tests.world.client import Client
from tests.world.direct import Direct, Moment
from tests.world.journey import another_device, logged_in, moved_email, signed_up
from tests.world.mailbox import EMAIL_CHANGE, PASSWORD_CHANGED, RECOVERY, Mailbox
from tests.world.people import PASSWORD, new_person

pytestmark = pytest.mark.stack

NEW_PASSWORD = "Cinq-chats-blancs-5"
HALF_AN_HOUR = 1800


@pytest.mark.parametrize("by", ["email", "nir"])
def test_reset(client: Client, mailbox: Mailbox, by: str) -> None:
    """A link asked for by e-mail or NIR sets a password, ends every session and is notified."""
    person = logged_in(client, mailbox)
    other = another_device(client, person)
    asking = client.another()
    answer = asking.recover(getattr(person, by))
    assert (answer.status, answer.json) == (202, {})
    token = mailbox.token_titled(person.email, RECOVERY)
    weak = asking.set_password(token, "faible")
    assert weak.status == 422
    assert asking.set_password(token, NEW_PASSWORD).status == 204
    mailbox.wait_titled(person.email, PASSWORD_CHANGED)
    assert (client.me().status, other.me().status) == (401, 401)
    assert client.log_in(person.email).status == 401
    for identifier in (person.email, person.nir):
        assert client.another().log_in(identifier, NEW_PASSWORD).status == 200
    again = asking.set_password(token, PASSWORD)
    assert (again.status, again.slug) == (404, "link-unknown")
    mails = mailbox.titled(person.email, RECOVERY)
    assert len(mails) == 1


def test_nobody(client: Client, mailbox: Mailbox) -> None:
    """A stranger and an open sign-up get the same answer and no mail."""
    pending, _ = signed_up(client, mailbox)
    stranger = new_person()
    for person in (pending, stranger):
        for identifier in (person.email, person.nir, "n’importe quoi"):
            answer = client.recover(identifier)
            assert (answer.status, answer.json) == (202, {})
    mailbox.settle()
    assert mailbox.of(stranger.email) == []
    assert mailbox.titled(pending.email, RECOVERY) == []


def test_half_an_hour(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A recovery link is valid for exactly 1800 seconds."""
    person = logged_in(client, mailbox)
    client.recover(person.email)
    token = mailbox.token_titled(person.email, RECOVERY)
    recovery_id = direct.account(person.email)["recovery_id"]["S"]
    (row,) = direct.items(f"TOKEN#{recovery_id}")
    issued = int(row["issued_at"]["N"])
    assert int(row["expires_at"]["N"]) - issued == HALF_AN_HOUR
    body = {"token": token, "password": NEW_PASSWORD, "confirmation": NEW_PASSWORD}

    def reset(age: int) -> int:
        return direct.invoke("SetPassword", "PUT", "/api/password", body, at=issued + age).status

    assert reset(HALF_AN_HOUR) == 410
    assert reset(HALF_AN_HOUR - 1) == 204


def test_the_newest_only(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A second link ends the first."""
    person = logged_in(client, mailbox)
    client.recover(person.email)
    first = mailbox.token_titled(person.email, RECOVERY)
    direct.forget_mails_to(person.email)
    client.recover(person.nir)
    second = mailbox.token_titled(person.email, RECOVERY, 2)
    refused = client.set_password(first, NEW_PASSWORD)
    assert (refused.status, refused.slug) == (410, "link-expired")
    assert client.set_password(second, NEW_PASSWORD).status == 204


@pytest.mark.guards("losing-recovery-is-told")
def test_a_losing_link_says_so_at_its_opening(
    client: Client, mailbox: Mailbox, direct: Direct
) -> None:
    """Whether a link is good is told before a password is typed, as often as it is asked."""
    person = logged_in(client, mailbox)
    links: list[str] = []
    for count, identifier in enumerate((person.email, person.nir), 1):
        direct.forget_mails_to(person.email)
        client.recover(identifier)
        links.append(mailbox.token_titled(person.email, RECOVERY, count))
    opened = [client.open_recovery_link(each) for each in (*links, links[1], "x")]
    assert [each.status for each in opened] == [410, 204, 204, 404]
    assert opened[0].slug == "link-expired"
    assert client.set_password(links[1], NEW_PASSWORD).status == 204
    assert client.open_recovery_link(links[1]).slug == "link-unknown"
    _, undo = moved_email(client, mailbox, logged_in(client, mailbox))
    assert client.open_recovery_link(undo).status == 404, "it undid nothing yet"
    assert client.undo_email(undo).status == 204
    assert client.open_recovery_link(undo).status == 204


def test_a_change_kills_the_link(client: Client, mailbox: Mailbox) -> None:
    """A change of password or of address ends a recovery link."""
    for change in ("password", "email"):
        person = logged_in(client, mailbox)
        client.recover(person.nir)
        token = mailbox.token_titled(person.email, RECOVERY)
        if change == "password":
            assert client.change_password(f"{PASSWORD}+").status == 204
        else:
            email = new_person().email
            assert client.change_email(email).status == 202
            confirmation = mailbox.token_titled(email, EMAIL_CHANGE)
            assert client.confirm_email(confirmation).status == 204
        assert client.set_password(token, NEW_PASSWORD).status == 404, change


def test_recovery_stays_open_while_login_waits(
    client: Client, mailbox: Mailbox, direct: Direct
) -> None:
    """Failed guesses delay the login, not the recovery; a reset ends the delay."""
    person = logged_in(client, mailbox)
    now = Moment(direct)
    now.lock(person.email)
    owner = client.another()
    assert owner.recover(person.email).status == 202
    token = mailbox.token_titled(person.email, RECOVERY)
    assert owner.set_password(token, NEW_PASSWORD).status == 204
    assert now.log_in(person.email, NEW_PASSWORD).status == 200
    assert owner.log_in(person.email, NEW_PASSWORD).status == 200


def test_few_mails(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Repeated requests, by either identifier, send one mail a minute, three an hour."""
    person, start = logged_in(client, mailbox), int(time.time())
    sent = 0
    for later, more in [(0, 1), (30, 0), (61, 1), (122, 1), (300, 0)]:
        for identifier in (person.email, person.nir):
            body = {"identifier": identifier}
            answer = direct.invoke(
                "RecoverPassword", "POST", "/api/password-recovery", body, at=start + later
            )
            assert answer.status == 202
        sent += more
        mailbox.settle()
        # What is sent is counted by the clock of the sending, which no request can move: on a slow
        # machine a minute may pass there.
        mails, times = mailbox.titled(person.email, RECOVERY), sent_at(direct, person.email)
        assert 1 <= len(mails) == len(times) <= min(3, 2 * sent), f"after {later} s"
        assert all(after - before >= 60 for before, after in pairwise(times)), times


def sent_at(direct: Direct, email: str) -> list[int]:
    """Return when recovery mails to an address were sent, as their limit stores it."""
    slots = direct.items(f"MAIL#{mailbox_mac(direct.lookup, email)}")
    (slot,) = (each for each in slots if each["sk"] == {"S": RECOVERY_MAIL})
    times = (int(slot[name]["N"]) for name in slot if name.startswith("sent"))
    return sorted(each for each in times if each)  # 0 is never
