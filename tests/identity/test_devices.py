"""Known devices, and the notice of a login from an unknown one."""

import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import aws, keys
from portal.core.keyring import LookupKeys
from portal.core.problems import THROTTLED, UNAUTHENTICATED
from portal.identity import devices
from portal.identity.problems import INVALID_CREDENTIALS
from tests.world.refusals import refused
from tests.world.use_cases import CHANGED, EMAIL, WRONG
from tests.world.world import NOW, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.identity.opening import Opened
    from tests.world.functions import Gateway
    from tests.world.world import World

NIR = "2940375120005"
OTHER = {"email": "other@example.fr", "nir": "294032A120005", "siret": None}
RING = LookupKeys({1: b"a" * 64})
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW_DEVICE = "Nouvelle connexion à votre compte"


def block(world: "World", identifier: str = EMAIL, at: int = NOW) -> None:
    """Fail logins until the identifier must wait."""
    for _ in range(5):
        refused(INVALID_CREDENTIALS, lambda: world.log_in(identifier, WRONG, at))
    refused(THROTTLED, lambda: world.log_in(identifier, now=at))


# The cookie


def test_a_cookie_is_of_one_account_and_one_trust() -> None:
    """A cookie is recognised for its account, as long as the account's trust is not replaced."""
    cookie = devices.new_cookie(RING, "account", "trust")
    assert len(cookie) == 64
    assert devices.recognise(RING, cookie, "account", "trust")
    assert devices.recognise(RING, cookie, "other", "trust") is None
    assert devices.recognise(RING, cookie, "account", "") is None
    assert devices.recognise(RING, cookie, "account", devices.new_trust()) is None


def test_every_flipped_bit_is_another_device() -> None:
    """A cookie with one bit changed, in its id or its tag, is not recognised."""
    raw = base64.urlsafe_b64decode(devices.new_cookie(RING, "account", "trust"))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(changed).decode()
        assert devices.recognise(RING, text, "account", "trust") is None, bit


@given(st.one_of(st.text(max_size=100), st.from_regex(r"[A-Za-z0-9_-]{64}", fullmatch=True)))
def test_any_other_text_is_no_device(text: str) -> None:
    """Any other text in the cookie is an unknown device, never an error."""
    assert devices.recognise(RING, text, "account", "") is None


def test_a_cookie_outlives_a_rotation() -> None:
    """The oldest lookup key, and no other, signs devices after a rotation."""
    cookie = devices.new_cookie(RING, "account", "")
    assert devices.recognise(LookupKeys({1: b"a" * 64, 2: b"b" * 64}), cookie, "account", "")
    assert devices.recognise(LookupKeys({1: b"b" * 64}), cookie, "account", "") is None


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (FIREFOX, "Firefox 140, Linux"),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
            ),
            "Edge 140, Windows",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/140.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome 140, Android",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
            ),
            "Safari 18, iPhone",
        ),
        (
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
                "Gecko) Version/18.6 Safari/605.1.15"
            ),
            "Safari 18, macOS",
        ),
        ("Firefox/2940375120005 Linux", "Firefox, Linux"),
        ("Firefox/x", "Firefox, système inconnu"),
        ("", "Navigateur inconnu, système inconnu"),
        ("<script>2940375120005", "Navigateur inconnu, système inconnu"),
    ],
)
def test_a_device_in_a_few_words(user_agent: str, label: str) -> None:
    """Devices are named in our own words; nothing that was sent is repeated."""
    assert devices.describe(user_agent) == label


# New devices


def test_the_first_login_is_not_notified(world: "World") -> None:
    """The first login sends no mail and adds no feed entry."""
    account_id = world.open_account()
    world.deliver()
    assert world.log_in(EMAIL, user_agent=FIREFOX).device_cookie
    assert world.deliver() == []
    assert world.kinds(account_id) == []


@pytest.mark.guards("new-device-is-told")
def test_another_device_is_notified(world: "World") -> None:
    """A login without a valid cookie is notified by mail and feed, with the device's name."""
    account_id = world.open_account()
    world.log_in(EMAIL)
    world.deliver()
    assert world.log_in(NIR, now=NOW + 60, user_agent=FIREFOX).device_cookie
    (mail,) = world.deliver(NOW + 60)
    assert (mail.to, mail.subject) == ([EMAIL], NEW_DEVICE)
    assert "Firefox 140, Linux" in mail.text
    (entry,) = world.feed(account_id)[:-2]
    assert entry.kind == "new-device"
    assert "Firefox 140, Linux" in entry.body


@pytest.mark.parametrize("identifier", [EMAIL, NIR])
def test_a_known_device_is_not_notified(world: "World", identifier: str) -> None:
    """A known device logs in by either identifier without notice and keeps its cookie."""
    account_id = world.open_account()
    cookie = world.log_in(EMAIL).device_cookie
    assert cookie
    world.deliver()
    assert world.log_in(identifier, now=NOW + 60, device_cookie=cookie).device_cookie is None
    assert world.deliver(NOW + 60) == []
    assert world.kinds(account_id) == []


def test_a_cookie_of_another_account_is_a_new_device(world: "World") -> None:
    """A cookie of another account, a forged or a cut one, is an unknown device."""
    world.open_account()
    other = world.open_account(**OTHER)
    theirs = world.log_in(EMAIL).device_cookie or ""
    world.log_in("other@example.fr")
    for n, cookie in enumerate((theirs, "A" * 64, theirs[:-1], "")):
        opened = world.log_in("other@example.fr", now=NOW + 1 + n, device_cookie=cookie)
        assert opened.device_cookie
        assert len(world.kinds(other)) == n + 1


# Guesses from elsewhere


@pytest.mark.guards("known-device-passes")
@pytest.mark.parametrize("identifier", [EMAIL, NIR])
def test_nobody_can_lock_a_known_device_out(world: "World", identifier: str) -> None:
    """While an identifier must wait, a known device can log in; others cannot."""
    world.open_account()
    cookie = world.log_in(EMAIL).device_cookie or ""
    block(world, identifier)
    refused(THROTTLED, lambda: world.log_in(identifier, device_cookie="A" * 64))
    assert world.log_in(identifier, device_cookie=cookie)


@pytest.mark.guards("device-of-its-account")
def test_a_cookie_of_another_account_does_not_pass(world: "World") -> None:
    """A cookie of another account does not avoid the wait."""
    world.open_account()
    world.open_account(**OTHER)
    theirs = world.log_in("other@example.fr").device_cookie or ""
    block(world)
    refused(THROTTLED, lambda: world.log_in(EMAIL, device_cookie=theirs))
    assert not [item for item in world.items("LOGIN#") if "DEVICE#" in item["sk"]["S"]]


@pytest.mark.guards("known-device-is-counted")
def test_a_device_has_its_own_count(world: "World") -> None:
    """A stolen device has five free failures, then its delays double."""
    world.open_account()
    cookie = world.log_in(EMAIL).device_cookie or ""
    block(world)
    for _ in range(5):
        refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG, device_cookie=cookie))
    assert refused(THROTTLED, lambda: world.log_in(EMAIL, device_cookie=cookie)).retry_after == 1
    (bucket,) = (item for item in world.items("LOGIN#") if "DEVICE#" in item["sk"]["S"])
    assert "account_id" not in bucket
    assert bucket["expires_at"]["N"] == str(NOW + 86400), "TTL removes it"


def test_a_wrong_password_from_a_known_device_is_refused(world: "World") -> None:
    """A known device may try, but only the right password logs in."""
    world.open_account()
    cookie = world.log_in(EMAIL).device_cookie or ""
    block(world)
    refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG, device_cookie=cookie))
    assert len(world.items("SESSION#")) == 1


def test_success_clears_both_counts(world: "World") -> None:
    """A login from a known device clears the identifier's count and the device's."""
    world.open_account()
    cookie = world.log_in(EMAIL).device_cookie or ""
    block(world)
    refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG, device_cookie=cookie))
    world.log_in(EMAIL, device_cookie=cookie)
    identifier = world.identifier(EMAIL)
    assert identifier
    assert identifier.failures == 0
    assert not [item for item in world.items("LOGIN#") if "DEVICE#" in item["sk"]["S"]]
    assert world.log_in(EMAIL, now=NOW + 1)


# Trust follows the credential


def after_recovery(world: "World", _: "Opened") -> str:
    """Recover the password; return it."""
    world.recover(EMAIL, NOW + 60)
    world.reset(world.deliver(NOW + 60)[-1].token, CHANGED, NOW + 60)
    return CHANGED


def after_change(world: "World", opened: "Opened") -> str:
    """Change the password; return it."""
    world.change_password(world.authenticate(opened.cookie), CHANGED, NOW + 60)
    return CHANGED


def after_undo(world: "World", opened: "Opened") -> str:
    """Change the address, undo that from the former one, set a password; return it."""
    session = world.authenticate(opened.cookie)
    world.deliver()
    world.request_email(session, "new@example.fr")
    world.confirm_email(session, world.deliver()[-1].token)
    undo = next(mail for mail in world.deliver() if "annuler-changement" in mail.text)
    world.undo_email(undo.token, NOW + 60)
    world.reset(undo.token, CHANGED, NOW + 60)
    return CHANGED


@pytest.mark.guards("password-forgets-devices", "undo-forgets-devices")
@pytest.mark.parametrize("happens", [after_recovery, after_change, after_undo])
def test_devices_are_forgotten_with_the_credential(
    world: "World", happens: "Callable[[World, Opened], str]"
) -> None:
    """After a recovery, a new password or an undone change no device is known.

    It has no guesses of its own any more, and a login from it is notified again.
    """
    account_id = world.open_account()
    world.log_in(EMAIL)
    opened = world.log_in(EMAIL)
    device = opened.device_cookie or ""
    password = happens(world, opened)
    world.deliver(NOW + 60)
    before = world.kinds(account_id).count("new-device")
    again = world.log_in(EMAIL, password, NOW + 61, device_cookie=device)
    assert again.device_cookie, "it gets another cookie"
    assert [mail.subject for mail in world.deliver(NOW + 61)] == [NEW_DEVICE]
    assert world.kinds(account_id).count("new-device") == before + 1
    block(world, at=NOW + 62)
    refused(THROTTLED, lambda: world.log_in(EMAIL, password, NOW + 62, device_cookie=device))
    renewed = again.device_cookie
    assert world.log_in(EMAIL, password, NOW + 62, device_cookie=renewed).device_cookie is None


def test_who_changes_the_password_stays_known(world: "World", gateway: "Gateway") -> None:
    """The browser that changes the password gets a device cookie that is good from then on."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    sent = {
        "Cookie": [f"__Host-session={cookie}"],
        "Content-Type": ["application/json"],
    }
    form = {"password": CHANGED, "confirmation": CHANGED}
    answer = gateway.ask("account", "PUT", "/api/me/password", form, headers=sent)
    (given,) = answer.headers["Set-Cookie"]
    name, _, value = given.partition(";")[0].partition("=")
    assert (answer.status, name) == (204, "__Host-device")
    world.deliver()
    assert world.log_in(EMAIL, CHANGED, NOW + 1, device_cookie=value).device_cookie is None
    assert world.deliver(NOW + 1) == []


def test_a_change_of_address_leaves_devices_known(world: "World") -> None:
    """A known device logs in with the account's new address without notice, even after guesses."""
    world.open_account()
    opened = world.log_in(EMAIL)
    device = opened.device_cookie or ""
    session = world.authenticate(opened.cookie)
    world.request_email(session, "new@example.fr")
    world.confirm_email(session, world.deliver()[-1].token)
    world.deliver()
    again = world.log_in("new@example.fr", now=NOW + 1, device_cookie=device)
    assert again.device_cookie is None
    assert world.deliver(NOW + 1) == []
    block(world, "new@example.fr", NOW + 2)
    assert world.log_in("new@example.fr", now=NOW + 2, device_cookie=device)


# Logging in again


@pytest.mark.guards("new-value-at-login")
def test_logging_in_again_replaces_the_session(world: "World") -> None:
    """A login replaces this browser's session of the account by a new one."""
    world.open_account()
    first = world.log_in(EMAIL)
    second = world.log_in(NIR, now=NOW + 1, session_cookie=first.cookie)
    assert second.cookie != first.cookie
    assert world.authenticate(second.cookie, NOW + 2)
    refused(UNAUTHENTICATED, lambda: world.authenticate(first.cookie, NOW + 2))
    assert len(world.items("SESSION#")) == 1


def test_logging_in_again_leaves_the_others(world: "World") -> None:
    """A login leaves other browsers' sessions, and other accounts' sessions, open."""
    world.open_account()
    world.open_account(**OTHER)
    elsewhere = world.log_in(EMAIL)
    other = world.log_in("other@example.fr")
    world.log_in(EMAIL, now=NOW + 1, session_cookie=other.cookie)
    world.log_in(EMAIL, now=NOW + 2, session_cookie="A" * 66)
    assert world.authenticate(elsewhere.cookie, NOW + 3)
    assert world.authenticate(other.cookie, NOW + 3)


def test_a_replaced_session_in_the_same_place(world: "World") -> None:
    """Replacing a session does not end the new one when both have the same place."""
    world.open_account()
    first = world.log_in(EMAIL)
    for n in range(1, 10):
        world.log_in(EMAIL, now=NOW + n)
    again = world.log_in(EMAIL, now=NOW + 10, session_cookie=first.cookie)
    assert world.authenticate(again.cookie, NOW + 11)
    assert len(world.items("SESSION#")) == 10


def test_a_refused_login_ends_nothing(world: "World") -> None:
    """A wrong password does not end the browser's session."""
    world.open_account()
    first = world.log_in(EMAIL)
    refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG, session_cookie=first.cookie))
    assert world.authenticate(first.cookie)


# Failed logins are published


def ask(gateway: "Gateway", identifier: str, password: str = WRONG) -> int:
    """Log in by the function; return the status."""
    body = {"identifier": identifier, "password": password}
    return gateway.ask("login", "POST", "/api/login", body).status


def test_failed_logins_are_published(world: "World", gateway: "Gateway") -> None:
    """A refused login is published at once, with its account if there is one."""
    account_id = world.open_account()
    for identifier, published_id in (
        (EMAIL, account_id),
        (NIR, account_id),
        ("nobody@example.fr", None),
    ):
        assert ask(gateway, identifier) == 401
        event = world.events()[-1]
        assert (event["Source"], event["DetailType"]) == ("portal.account", "LoginFailed")
        assert json.loads(event["Detail"]) == {"account_id": published_id}
        assert event["EventBusName"] == world.settings.event_bus
    assert ask(gateway, EMAIL, PASSWORD) == 200
    assert len(world.events()) == 3, "and nothing else is"


def test_known_and_unknown_failures_cost_the_same(world: "World", gateway: "Gateway") -> None:
    """A wrong password and an unknown identifier make the same calls, events included."""
    world.open_account()
    keys.pepper_keys()
    costs: list[list[str]] = []
    for identifier in (EMAIL, "nobody@example.fr"):
        start = len(world.calls.all)
        ask(gateway, identifier)
        costs.append([call.operation for call in world.calls.all[start:]])
    assert costs == [["UpdateItem", "UpdateItem", "BatchGetItem", "PutEvents"]] * 2


@pytest.mark.parametrize(
    "refusal",
    [
        (500, {"Error": {"Code": "InternalException"}}),
        (200, {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}),
    ],
    ids=["error", "refused entry"],
)
@pytest.mark.parametrize("identifier", [EMAIL, "nobody@example.fr"])
def test_a_bus_that_is_down_loses_nothing(
    world: "World", gateway: "Gateway", refusal: tuple[int, dict[str, object]], identifier: str
) -> None:
    """While the bus fails, the answer is the same and the event waits in the outbox."""
    account_id = world.open_account()
    world.deliver()
    status, content = refusal
    with world.answering(aws.event_bridge(), "PutEvents", content, status):
        assert ask(gateway, identifier) == 401
    (message,) = world.messages()
    published_id = account_id if identifier == EMAIL else None
    assert (message.kind, message.about.get("account_id")) == ("LoginFailed", published_id)
    world.deliver()
    assert json.loads(world.events()[-1]["Detail"]) == {"account_id": published_id}
    assert not world.messages()
