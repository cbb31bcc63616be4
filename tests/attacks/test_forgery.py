"""Forged tokens and cookies."""

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from portal.core.links import Purpose, Token, seal, unseal
from portal.identity import purposes
from tests.world.client import Answer, Client
from tests.world.direct import Direct, Moment
from tests.world.journey import (
    account_holder,
    another_device,
    logged_in,
    moved_email,
    signed_up,
)
from tests.world.mailbox import EMAIL_CHANGE, NEW_DEVICE, RECOVERY, Mailbox
from tests.world.people import new_person

pytestmark = pytest.mark.stack

NEW_PASSWORD = "Six-chats-gris-66"


def flipped(text: str) -> list[str]:
    """Return a base64url text once for each of its bytes, with one bit of that byte changed."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    changed = (
        raw[:at] + bytes([byte ^ 1 << secrets.randbelow(8)]) + raw[at + 1 :]
        for at, byte in enumerate(raw)
    )
    return [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in changed]


OF_MAILS = [
    purposes.EMAIL_VALIDATION,
    purposes.PASSWORD_RECOVERY,
    purposes.EMAIL_CHANGE,
    purposes.EMAIL_UNDO,
]


def uses(client: Client) -> dict[Purpose, Callable[[str], Answer]]:
    """Return the requests that accept a link of each purpose."""
    return {
        purposes.EMAIL_VALIDATION: client.validate,
        purposes.PASSWORD_RECOVERY: lambda token: client.set_password(token, NEW_PASSWORD),
        purposes.EMAIL_CHANGE: client.confirm_email,
        purposes.EMAIL_UNDO: client.undo_email,
    }


def links(client: Client, mailbox: Mailbox, direct: Direct) -> dict[Purpose, str]:
    """Return a valid link of each purpose, the last three of the client's account."""
    _, validation = signed_up(client.another(), mailbox)
    person = logged_in(client, mailbox)
    email, undo = moved_email(client, mailbox, person)
    client.recover(email)
    recovery = mailbox.token_titled(email, RECOVERY)
    next_email = new_person().email
    assert client.change_email(next_email).status == 202
    change = mailbox.token_titled(next_email, EMAIL_CHANGE)
    found = {
        purposes.EMAIL_VALIDATION: validation,
        purposes.PASSWORD_RECOVERY: recovery,
        purposes.EMAIL_CHANGE: change,
        purposes.EMAIL_UNDO: undo,
    }
    assert {
        unseal(direct.tokens, text, *purposes.PURPOSES).purpose for text in found.values()
    } == set(found)
    return found


@pytest.mark.guards("signature")
def test_every_byte_of_a_link(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A link of any purpose with one bit of a byte changed is unknown; unchanged it works."""
    good = links(client, mailbox, direct)
    for purpose, use in uses(client).items():
        forgeries = flipped(good[purpose])
        if purpose is not purposes.EMAIL_VALIDATION:
            forgeries = forgeries[:2] + secrets.SystemRandom().sample(forgeries[2:], 12)
        for forgery in forgeries:
            answer = use(forgery)
            assert (answer.status, answer.slug) == (404, "link-unknown"), (purpose, forgery)
    assert client.confirm_email(good[purposes.EMAIL_CHANGE]).status == 204
    assert client.undo_email(good[purposes.EMAIL_UNDO]).status == 204
    assert client.set_password(good[purposes.EMAIL_VALIDATION]).status == 204


def test_links_of_another_purpose(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A link is refused for another purpose, even if it is signed again for it."""
    good = links(client, mailbox, direct)
    for purpose, use in uses(client).items():
        for other, token in good.items():
            if other is purpose:
                continue
            if (other, purpose) == (purposes.EMAIL_VALIDATION, purposes.PASSWORD_RECOVERY):
                continue  # PUT /api/password accepts both
            answer = use(token)
            assert (answer.status, answer.slug) == (404, "link-unknown"), (other, purpose)
            kept = unseal(direct.tokens, token, other)
            answer = use(seal(direct.tokens, Token(purpose, kept.id, kept.issued_at)))
            assert answer.status in {404, 410}, (other, purpose)
    assert client.me().status == 200


def test_an_older_or_newer_time(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A link signed for another time than the one sent has no row and changes nothing."""
    _, token = signed_up(client, mailbox)
    kept = unseal(direct.tokens, token, purposes.EMAIL_VALIDATION)
    moved = seal(direct.tokens, Token(kept.purpose, kept.id, kept.issued_at + 600))
    assert client.set_password(moved).slug == "link-expired"
    assert client.set_password(token).status == 204


@pytest.mark.parametrize("purpose", OF_MAILS)
def test_other_writings(client: Client, direct: Direct, purpose: Purpose) -> None:
    """A link that is cut, padded, spaced or encoded otherwise is unknown."""
    token = seal(direct.tokens, Token(purpose, secrets.token_urlsafe(32), int(time.time())))
    raw = base64.urlsafe_b64decode(token)
    writings = [
        token[:-1],
        token[:-4],
        token[4:],
        token + "A",
        token + "====",
        f" {token}",
        f"{token}\n",
        f"#{token}",
        token.swapcase(),
        token[::-1],
        raw.hex(),
        base64.b32encode(raw).decode(),
        base64.b64encode(raw + b"\xff").decode(),
        "%41" + token[1:],
        token.translate(str.maketrans("AB", "ＡＢ")) if set("AB") & set(token) else "Ａ" * 96,
        token[:48] + "\u200b" + token[48:],
        token[:95] + "\0",
        base64.urlsafe_b64encode(bytes([2]) + raw[1:]).decode(),
        base64.urlsafe_b64encode(raw[:40]).decode(),
        base64.urlsafe_b64encode(raw[:40] + bytes(32)).decode(),
        token * 100,
    ]
    use = uses(client)[purpose]
    expected = 404 if purpose is not purposes.EMAIL_CHANGE else 401
    for writing in writings:
        answer = use(writing)
        # Without a session a change of address goes no further than that.
        assert answer.status in {404, expected}, writing
        assert answer.slug in {"link-unknown", "unauthenticated"}


def test_a_link_of_another_account(client: Client, mailbox: Mailbox) -> None:
    """The link that confirms an address only works in a session of its own account."""
    logged_in(client, mailbox)
    email = new_person().email
    assert client.change_email(email).status == 202
    token = mailbox.token_titled(email, EMAIL_CHANGE)
    thief = client.another()
    victim_of_theft = logged_in(thief, mailbox)
    answer = thief.confirm_email(token)
    assert (answer.status, answer.slug) == (410, "link-expired")
    assert thief.change_email(email).status == 202
    assert thief.confirm_email(token).status == 410
    assert thief.me().json["email"] == victim_of_theft.email
    assert client.confirm_email(token).status == 204


def test_every_byte_of_a_session(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A session cookie with one bit of a byte changed, or with other parts, opens nothing."""
    person = logged_in(client, mailbox)
    good = client.session
    other = client.another()
    logged_in(other, mailbox)
    mine, theirs = (base64.urlsafe_b64decode(each.session + "==") for each in (client, other))
    (row,) = direct.sessions(person.email)
    parts = [
        mine[:16] + theirs[16:],
        theirs[:17] + mine[17:],
        mine[:16] + bytes([255]) + mine[17:],
        mine[:17] + row["secret_sha256"]["B"],
        mine[:17] + bytes(32),
        bytes(49),
    ]
    forgeries = flipped(good) + [
        base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts
    ]
    forgeries += [good + "A", good[:-1], good + "==", f'"{good}"', good.swapcase(), good * 50]
    for forgery in forgeries:
        client.session = forgery
        answer = client.me()
        assert (answer.status, answer.slug) == (401, "unauthenticated"), forgery
        assert client.log_out().status == 204
    client.session = good
    assert client.me().status == 200
    assert other.me().status == 200


@pytest.mark.guards("known-device-passes")
def test_a_device_that_logged_in_before(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Another's guesses do not delay a known device; its own guesses do."""
    person = logged_in(client, mailbox)
    now = Moment(direct)
    for identifier in (person.email, person.nir):
        now.lock(identifier)
        assert now.log_in(identifier).status == 429
        assert now.log_in(identifier, device=client.device).status == 200
    # A stolen cookie gives five guesses and no more.
    now.lock(person.nir)
    guesses = [now.log_in(person.nir, "Faux-mot-de-passe-1", client.device) for _ in range(7)]
    assert [each.status for each in guesses] == [401] * 5 + [429] * 2
    assert now.log_in(person.nir, device=client.device).status == 429


@pytest.mark.guards("password-forgets-devices")
def test_a_device_known_before_a_recovery(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """After a recovery a thief's device has no guesses of its own, and is notified when it logs in.

    The holder's own device is forgotten too, and known again from its next login on.
    """
    person = logged_in(client, mailbox)
    thief = another_device(client, person)
    mailbox.wait_titled(person.email, NEW_DEVICE)
    client.recover(person.email)
    token = mailbox.token_titled(person.email, RECOVERY)
    assert client.set_password(token, NEW_PASSWORD).status == 204
    now = Moment(direct)
    now.lock(person.email)
    assert now.log_in(person.email, NEW_PASSWORD, thief.device).status == 429
    assert thief.log_in(person.nir, NEW_PASSWORD).status == 200
    mailbox.wait_titled(person.email, NEW_DEVICE, 2)
    now.lock(person.nir)
    assert now.log_in(person.nir, NEW_PASSWORD, thief.device).status == 200


@pytest.mark.guards("recovery-withdraws-changes")
def test_what_trust_does_at_a_change_of_address_and_a_recovery(
    client: Client, mailbox: Mailbox
) -> None:
    """One's own change of address leaves the device known; a recovery withdraws what was asked for.

    The thief's session asked for an address before; its link confirms nothing after the recovery.
    """
    person = logged_in(client, mailbox)
    device = client.device
    email, _ = moved_email(client, mailbox, person)
    assert client.log_in(email).status == 200
    assert client.device == device
    mailbox.settle()
    assert mailbox.titled(email, NEW_DEVICE) == []
    theirs = new_person().email
    assert client.change_email(theirs).status == 202
    pending = mailbox.token_titled(theirs, EMAIL_CHANGE)
    owner = client.another()
    owner.recover(email)
    token = mailbox.token_titled(email, RECOVERY)
    assert owner.set_password(token, NEW_PASSWORD).status == 204
    assert owner.log_in(email, NEW_PASSWORD).status == 200
    assert owner.me().json["new_email_masked"] is None
    assert client.confirm_email(pending).status == 401
    assert owner.confirm_email(pending).status == 410
    assert owner.me().json["email"] == email


def test_forged_devices(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A device cookie that was changed, or of another account, avoids no delay."""
    person = logged_in(client, mailbox)
    other = client.another()
    logged_in(other, mailbox)
    good, theirs = client.device, other.device
    now = Moment(direct)
    now.lock(person.email)
    changed = secrets.SystemRandom().sample(flipped(good), 12)
    for forgery in (
        *changed,
        theirs,
        good[:22] + theirs[22:],
        theirs[:20] + good[20:],
        good[:-1],
        good + "A",
        "A" * 64,
        good.swapcase(),
        "",
    ):
        assert now.log_in(person.email, device=forgery).status == 429, forgery
    assert now.log_in(person.email, device=good).status == 200


def test_a_device_cookie_is_no_session(client: Client, mailbox: Mailbox) -> None:
    """A device cookie opens nothing, in either cookie's place."""
    person = account_holder(client, mailbox)
    client.log_in(person.email)
    session, client.session = client.session, ""
    assert client.me().status == 401
    client.session = client.device
    assert client.me().status == 401
    client.session, client.device = "", session
    assert client.me().status == 401


def test_a_stranger_who_signs_up_with_an_address(
    client: Client, mailbox: Mailbox, direct: Direct
) -> None:
    """The owner who presses « Renvoyer » confirms their own numbers, not a stranger's.

    The stranger types the owner's address and name with other numbers, before and after; each
    mail shows, masked, what it confirms, and the account has the owner's numbers only.
    """
    owner = new_person()
    stranger = replace(new_person(), email=owner.email, last_name=owner.last_name)
    assert client.another().sign_up(stranger).status == 202
    mailbox.token(owner.email)
    answer = client.sign_up(owner)
    assert answer.status == 202
    assert client.another().sign_up(stranger).status == 202
    direct.forget_mails_to(owner.email)
    handle = answer.json["registration"]
    assert client.resend(owner.email, registration=handle).status == 202
    mail = mailbox.wait(owner.email, 2)
    shown = client.validate(mailbox.token(owner.email, 2)).json
    for masked, number in ((shown["nir_masked"], owner.nir), (shown["siret_masked"], owner.siret)):
        assert masked in mail.text
        assert (masked[0], masked[-2:]) == (number[0], number[-2:])
        assert number not in mail.text
    assert client.set_password(mailbox.token(owner.email, 2)).status == 204
    assert client.log_in(owner.email).status == 200
    assert client.me().json["siret"] == owner.siret
    assert client.another().log_in(stranger.nir).status == 401
    assert client.another().log_in(owner.nir).status == 200


def test_a_thief_who_has_the_account_deleted(client: Client, mailbox: Mailbox) -> None:
    """An undo cancels the deletion that a thief asked for from the address that is undone."""
    person = logged_in(client, mailbox)
    _, undo = moved_email(client, mailbox, person)
    assert client.call("DELETE", "/api/me").status == 202
    assert client.another().undo_email(undo).status == 204
    owner = client.another()
    assert owner.set_password(undo, NEW_PASSWORD).status == 204
    assert owner.log_in(person.email, NEW_PASSWORD).status == 200
    assert owner.me().json["deletion_at"] is None
    assert "deletion-cancelled" in {each["kind"] for each in owner.activity().json["entries"]}


@pytest.mark.guards("ended-password")
def test_a_thief_whose_change_is_undone(client: Client, mailbox: Mailbox) -> None:
    """After « it was not me » the thief's password logs in by nothing; the owner's new one does.

    The thief changed address and password; the owner undoes the change by the link in the
    former mailbox, then sets a password with that same link.
    """
    person = logged_in(client, mailbox)
    email, undo = moved_email(client, mailbox, person)
    assert client.change_password(NEW_PASSWORD).status in {200, 204}
    thief = client.another()
    assert thief.log_in(person.nir, NEW_PASSWORD).status == 200
    assert thief.set_password(undo, NEW_PASSWORD).status in {404, 410}, "it undid nothing yet"
    assert client.another().undo_email(undo).status == 204
    for typed in (person.nir, person.email, email):
        assert client.another().log_in(typed, NEW_PASSWORD).status == 401
        assert client.another().log_in(typed).status == 401
    assert thief.me().status == client.me().status == 401
    owner, chosen = client.another(), f"{NEW_PASSWORD}-bis"
    assert owner.set_password(undo, chosen).status == 204
    assert owner.set_password(undo, NEW_PASSWORD).status == 404
    assert owner.log_in(person.nir, chosen).status == 200
    assert client.another().log_in(person.nir, NEW_PASSWORD).status == 401
    assert client.another().log_in(email, chosen).status == 401
