"""A person's own account, over HTTP: read, changed, secured, exported, deleted and kept."""

import time
from datetime import UTC, datetime

import pytest

from portal.core.links import Token, new_id, seal
from portal.identity import purposes
from tests.world.client import Answer, Client
from tests.world.direct import HOUR, Direct, be_due
from tests.world.journey import another_device, logged_in, moved_email, signed_up
from tests.world.mailbox import (
    ACCOUNT_EXISTS,
    DELETION,
    EMAIL_CHANGE,
    EMAIL_CHANGED,
    EMAIL_RESTORED,
    NEW_DEVICE,
    PASSWORD_CHANGED,
    Mailbox,
)
from tests.world.people import PASSWORD, new_person

pytestmark = pytest.mark.stack

NEW_PASSWORD = "Quatre-chats-noirs-4"
FRESH = 5 * 60
DAY = 24 * HOUR


def test_profile(client: Client, mailbox: Mailbox) -> None:
    """The account shows the data of the sign-up, the NIR masked, and the open services."""
    person = logged_in(client, mailbox)
    answer = client.me()
    assert answer.status == 200
    profile = answer.json
    assert person.nir not in answer.text
    assert profile["nir_masked"].endswith(person.nir[-3:]) or "•" in profile["nir_masked"]
    assert {name: profile[name] for name in ("first_name", "last_name", "email", "siret")} == {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "siret": person.siret,
    }
    assert profile["mobile_phone"] == f"+33{person.mobile_phone[1:]}"
    assert profile["email_receives"] is True
    assert profile["affiliation"] == {"status": "pending", "at": None, "reason": None}
    closed = {each["id"] for each in profile["services"] if not each["open"]}
    assert closed == {"declare-and-pay", "payments", "documents", "messages"}
    assert client.another().me().slug == "unauthenticated"


def test_phone(client: Client, mailbox: Mailbox) -> None:
    """The phone is changed at once, stored in one format, and the feed shows the change."""
    logged_in(client, mailbox)
    answer = client.call("PATCH", "/api/me", {"mobile_phone": "06 99 99\u00a099.99"})
    assert (answer.status, answer.json["mobile_phone"]) == (200, "+33699999999")
    assert "phone-changed" in kinds(client)
    for body, code in (
        ({"mobile_phone": "01 23 45 67 89"}, ("mobile_phone", "not-mobile")),
        ({"affiliation": "confirmed"}, ("affiliation", "unknown-field")),
    ):
        refused = client.call("PATCH", "/api/me", body)
        assert (refused.status, refused.errors) == (422, {code})
    assert client.me().json["mobile_phone"] == "+33699999999"


def test_password(client: Client, mailbox: Mailbox) -> None:
    """A new password ends only the other sessions, is notified by mail, and replaces the old."""
    person = logged_in(client, mailbox)
    other = another_device(client, person)
    assert client.change_password(NEW_PASSWORD).status == 204
    mailbox.wait_titled(person.email, PASSWORD_CHANGED)
    assert (client.me().status, other.me().status) == (200, 401)
    assert "password-changed" in kinds(client)
    for identifier in (person.email, person.nir):
        assert client.another().log_in(identifier).status == 401
        assert client.another().log_in(identifier, NEW_PASSWORD).status == 200


def test_password_rules(client: Client, mailbox: Mailbox) -> None:
    """A weak new password, or two that differ, is refused with its reasons."""
    person = logged_in(client, mailbox)
    answer = client.call(
        "PUT", "/api/me/password", {"password": person.nir, "confirmation": "autre"}
    )
    assert answer.status == 422
    assert {code for _, code in answer.errors} >= {
        "no-lowercase",
        "no-uppercase",
        "no-special",
        "contains-identity",
        "confirmation-differs",
    }
    assert client.another().log_in(person.email).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/me/export", None),
        ("DELETE", "/api/me", {}),
        ("PUT", "/api/me/email", {"email": "autre@example.fr"}),
        ("PUT", "/api/me/password", {"password": NEW_PASSWORD, "confirmation": NEW_PASSWORD}),
    ],
)
def test_a_password_typed_long_ago(
    client: Client, mailbox: Mailbox, direct: Direct, method: str, path: str, body: object
) -> None:
    """Requests that could take over an account ask for the password after five minutes."""
    person = logged_in(client, mailbox)
    (row,) = direct.sessions(person.email)
    moment = int(row["created_at"]["N"]) + FRESH + 1
    late = direct.invoke("Account", method, path, body, at=moment, cookie=client.cookies)
    assert (late.status, late.slug) == (403, "reauthentication-required")
    assert direct.account(person.email)["email"] == {"S": person.email}
    session = client.session
    assert client.log_in(person.email).status == 200
    assert client.session != session
    old = client.another()
    old.session = session
    assert old.me().status == 401
    assert client.call(method, path, body).status in {200, 202, 204}


def test_email(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Once confirmed, only the new address logs in, and the other sessions end."""
    person = logged_in(client, mailbox)
    other = another_device(client, person)
    email = new_person().email
    answer = client.change_email(email)
    assert (answer.status, set(answer.json)) == (202, {"email_masked"})
    assert client.me().json["email"] == person.email
    assert client.me().json["new_email_masked"] == answer.json["email_masked"]
    token = mailbox.token_titled(email, EMAIL_CHANGE)
    assert mailbox.titled(person.email, EMAIL_CHANGED) == []
    assert client.another().confirm_email(token).status == 401
    assert client.confirm_email(token).status == 204
    mailbox.wait_titled(person.email, EMAIL_CHANGED)
    assert (client.me().json["email"], client.me().json["new_email_masked"]) == (email, None)
    assert other.me().status == 401
    assert client.another().log_in(person.email).status == 401
    for identifier in (email, person.nir):
        assert client.another().log_in(identifier).status == 200
    again = client.confirm_email(token)
    assert (again.status, again.slug) == (410, "link-expired")
    assert kinds(client).count("email-changed") == 1
    assert direct.find("LOGIN#", email=person.email) == []


def test_only_the_newest_change_of_address(client: Client, mailbox: Mailbox) -> None:
    """A new request corrects a mistyped address at once and ends the first link."""
    logged_in(client, mailbox)
    first, second = new_person().email, new_person().email
    assert client.change_email(first).status == 202
    token = mailbox.token_titled(first, EMAIL_CHANGE)
    assert client.change_email(second).status == 202
    assert client.confirm_email(token).status == 410
    assert client.confirm_email(mailbox.token_titled(second, EMAIL_CHANGE)).status == 204


def test_confirmation_in_time(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The link to a new address is valid for an hour."""
    logged_in(client, mailbox)
    email = new_person().email
    assert client.change_email(email).status == 202
    token = mailbox.token_titled(email, EMAIL_CHANGE)
    (row,) = direct.find("TOKEN#", email=email)
    assert int(row["expires_at"]["N"]) - int(row["issued_at"]["N"]) == HOUR
    direct.change(row, expires_at=int(time.time()) - 1)
    late = client.confirm_email(token)
    assert (late.status, late.slug) == (410, "link-expired")


def test_an_address_in_use(client: Client, mailbox: Mailbox) -> None:
    """A used address gets the same answer; its holder is notified, the asker is not."""
    holder = logged_in(client.another(), mailbox)
    logged_in(client, mailbox)
    taken = client.change_email(holder.email)
    mailbox.wait_titled(holder.email, ACCOUNT_EXISTS)  # none is sent once another is asked for
    free = client.change_email(new_person().email)
    assert taken.status == free.status == 202
    assert taken.json == free.json
    assert mailbox.titled(holder.email, EMAIL_CHANGE) == []


def test_the_same_address(client: Client, mailbox: Mailbox) -> None:
    """The current address, in any letter case, is refused as unchanged."""
    person = logged_in(client, mailbox)
    answer = client.change_email(person.email.upper())
    assert (answer.status, answer.errors) == (422, {("email", "unchanged")})


def test_undo(client: Client, mailbox: Mailbox) -> None:
    """The former address can undo the change once, without login; all sessions end."""
    person = logged_in(client, mailbox)
    email, undo = moved_email(client, mailbox, person)
    assert client.another().undo_email(undo).status == 204
    mailbox.wait_titled(person.email, EMAIL_RESTORED)
    assert client.me().status == 401
    assert client.log_in(email).status == client.log_in(person.email).status == 401
    assert client.set_password(undo, NEW_PASSWORD).status == 204
    assert client.log_in(person.email, NEW_PASSWORD).status == 200
    assert client.me().json["email"] == person.email
    assert "email-restored" in kinds(client)
    again = client.another().undo_email(undo)
    assert (again.status, again.slug) == (410, "link-expired")


def test_undo_in_time(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The former address can undo the change for exactly seven days."""
    person = logged_in(client, mailbox)
    email, undo = moved_email(client, mailbox, person)
    body = {"token": undo}
    end = direct.issued(undo) + 7 * DAY
    late = direct.invoke("Account", "POST", "/api/email-undo", body, at=end)
    assert (late.status, late.slug) == (410, "link-expired")
    assert client.me().json["email"] == email
    in_time = direct.invoke("Account", "POST", "/api/email-undo", body, at=end - 1)
    assert in_time.status == 204


def test_nobody_takes_an_address_that_an_undo_restores(client: Client, mailbox: Mailbox) -> None:
    """While a change can be undone, no other account gets the former address."""
    person = logged_in(client, mailbox)
    email, undo = moved_email(client, mailbox, person)
    newcomer = client.another()
    assert logged_in(newcomer, mailbox)
    assert newcomer.change_email(person.email).status == 202
    token = mailbox.token_titled(person.email, EMAIL_CHANGE)
    refused = newcomer.confirm_email(token)
    assert (refused.status, refused.slug) == (409, "identity-conflict")
    assert client.me().json["email"] == email
    assert client.another().undo_email(undo).status == 204
    assert newcomer.me().json["email"] != person.email
    assert client.another().log_in(person.email).status == 401, "a new password is chosen first"


def test_sessions(client: Client, mailbox: Mailbox) -> None:
    """Each device is listed by its name; a session that is ended is closed at once."""
    client.user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Firefox/130.0"
    person = logged_in(client, mailbox)
    other = client.another()
    other.user_agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Safari/604.1"
    assert other.log_in(person.email).status == 200
    sessions = client.open_sessions().json["sessions"]
    assert [each["current"] for each in sessions].count(True) == 1
    devices = {each["device"]: each["id"] for each in sessions}
    assert set(devices) == {"Firefox 130, Windows", "Safari 17, iPhone"}
    assert client.end_session(devices["Safari 17, iPhone"]).status == 204
    assert other.me().status == 401
    assert len(client.open_sessions().json["sessions"]) == 1
    again = client.end_session(devices["Safari 17, iPhone"])
    assert (again.status, again.slug) == (404, "not-found")
    assert "session-ended" in kinds(client)
    others = [client.another() for _ in range(2)]
    assert [each.log_in(person.email).status for each in others] == [200, 200]
    assert client.end_other_sessions().status == 204
    assert [each.me().status for each in (*others, client)] == [401, 401, 200]
    assert "other-sessions-ended" in kinds(client)
    assert client.end_session(devices["Firefox 130, Windows"]).status == 204
    assert client.me().status == 401


def test_new_device(client: Client, mailbox: Mailbox) -> None:
    """A login from an unknown device is notified by mail and feed; from a known one it is not."""
    person = logged_in(client, mailbox)
    assert client.log_in(person.nir).status == 200
    assert "new-device" not in kinds(client)
    other = client.another()
    other.user_agent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36"
    assert other.log_in(person.nir).status == 200
    mail = mailbox.wait_titled(person.email, NEW_DEVICE)
    assert "Chrome 126, Linux" in mail.text
    assert "new-device" in kinds(client)
    assert other.log_in(person.email).status == 200
    mailbox.settle()
    assert len(mailbox.titled(person.email, NEW_DEVICE)) == 1


def test_export(client: Client, mailbox: Mailbox) -> None:
    """The export is one file with all data of a person, the full NIR and the feed included."""
    person = logged_in(client, mailbox)
    answer = client.call("GET", "/api/me/export")
    assert answer.status == 200
    assert answer.header("content-disposition") == 'attachment; filename="mon-compte.json"'
    assert answer.header("cache-control") == "no-store"
    exported = answer.json
    assert exported["account"]["nir"] == person.nir
    assert exported["account"]["siret"] == person.siret
    assert exported["account"]["email"] == person.email
    assert [each["kind"] for each in exported["activity"]] == kinds(client)
    assert len(exported["sessions"]) == 1
    for secret in (PASSWORD, client.session, client.device, "argon2"):
        assert secret not in answer.text


def test_deletion(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The account and its data are deleted 30 days after the request, not before."""
    person = logged_in(client, mailbox)
    other = another_device(client, person)
    account_id = direct.account(person.email)["id"]["S"]
    before = int(time.time())
    answer = client.call("DELETE", "/api/me", {})
    after = time.time()
    assert answer.status == 202
    asked_at = datetime.fromisoformat(answer.json["deletion_at"]).timestamp() - 30 * DAY
    assert before <= asked_at <= after
    mailbox.wait_titled(person.email, DELETION)
    assert (client.me().status, other.me().status) == (401, 401)
    direct.hand("DeleteAccounts", {})
    assert client.log_in(person.email).status == 200
    assert client.me().json["deletion_at"] == answer.json["deletion_at"]
    be_due(direct, account_id)
    direct.hand("DeleteAccounts", {})
    assert client.me().status == 401
    for identifier in (person.email, person.nir):
        assert client.another().log_in(identifier).status == 401
    mailbox.settle()
    left_behind = [item["pk"]["S"] for item in direct.items() if account_id in repr(item)]
    assert [each for each in left_behind if not each.startswith("REGISTRATION#")] == []
    # The identifiers can be used again.
    direct.forget_mails_to(person.email)
    before = len(mailbox.of(person.email))
    assert client.sign_up(person).status == 202
    token = mailbox.token(person.email, before + 1)
    assert client.set_password(token).status == 204


def test_keeping(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A cancelled deletion keeps the account after its date has passed."""
    person = logged_in(client, mailbox)
    account_id = direct.account(person.email)["id"]["S"]
    assert client.call("DELETE", "/api/me", {}).status == 202
    assert client.log_in(person.email).status == 200
    kept = client.call("PATCH", "/api/me", {"deletion_at": None})
    assert (kept.status, kept.json["deletion_at"]) == (200, None)
    assert {"deletion-cancelled", "deletion-scheduled"} <= set(kinds(client))
    (noted,) = direct.find("DELETION#", account_id=account_id)
    direct.delete(noted)
    due = int(time.time()) - 1
    noted["pk"] = {"S": f"DELETION#{datetime.fromtimestamp(due, UTC):%Y-%m-%d}"}
    noted["deletion_at"] = {"N": str(due)}
    direct.dynamodb.put_item(TableName=direct.table, Item=noted)
    direct.hand("DeleteAccounts", {})
    assert client.me().status == 200
    assert direct.find("DELETION#", account_id=account_id) == []


def test_links_of_another_kind(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A well-signed link that was never sent confirms and undoes nothing."""
    logged_in(client, mailbox)
    _, validation = signed_up(client.another(), mailbox)
    now = int(time.time())
    for call, purpose in (
        (client.confirm_email, purposes.EMAIL_CHANGE),
        (client.undo_email, purposes.EMAIL_UNDO),
    ):
        assert refusal(call(validation)) == (404, "link-unknown")
        made_up = seal(direct.tokens, Token(purpose, new_id(), now))
        assert refusal(call(made_up)) == (410, "link-expired")


def kinds(client: Client) -> list[str]:
    """Return the kinds of the entries of a feed, newest first."""
    return [each["kind"] for each in client.activity("?limit=50").json["entries"]]


def refusal(answer: Answer) -> tuple[int, str]:
    """Return a problem's status and slug."""
    return answer.status, answer.slug
