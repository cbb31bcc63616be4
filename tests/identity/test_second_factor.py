"""The second factor: switched on, asked for, used once, removed; recovery codes."""

import re
from collections.abc import Callable
from functools import partial

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import aws, held, keys
from portal.core.held import Reading
from portal.core.identifiers import decrypt_for_account, encrypt_for_account
from portal.core.problems import INVALID_REQUEST, LINK_UNKNOWN, THROTTLED, UNAUTHENTICATED
from portal.core.records import DAY, HOUR
from portal.core.session import Opened, end_sessions
from portal.identity import second_factor, second_factor_setup
from portal.identity.held import HELD
from portal.identity.problems import (
    CHANGE_EXPIRED,
    INVALID_CODE,
    INVALID_CREDENTIALS,
    SECOND_FACTOR_OFF,
    SECOND_FACTOR_ON,
    TICKET_EXPIRED,
)
from portal.identity.records import SecondFactor
from portal.identity.second_factor_removal import ask_removal, cancel_removal
from portal.identity.tickets import Due
from tests.world.functions import Gateway
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import CHANGED, EMAIL, OTHER, WRONG
from tests.world.world import FEED, NOW, World

STEP = 30
FIRST = NOW + 60
"""A time at which the code that switched the factor on is used and old."""
WRONG_CODE = "0000-0000-0000-0000"


@pytest.fixture
def secret(world: World) -> str:
    """Return the secret of the app of an account that has one since now."""
    return world.switch_on(world.open_account())


def code(secret: str, at: int) -> str:
    """Return what the app shows at a time."""
    return pyotp.TOTP(secret).at(at)


def stored(world: World) -> SecondFactor:
    """Return the only second factor of the table."""
    (item,) = (each for each in world.items("CREDENTIALS#") if each["sk"]["S"] == "SECOND-FACTOR")
    return SecondFactor.from_item(item)


@pytest.mark.guards("second-factor-is-asked")
def test_the_password_alone_opens_nothing(world: World, secret: str) -> None:
    """With a second factor, the right password gives a ticket; a ticket and a code, a session."""
    due = world.first_step(EMAIL, now=FIRST)
    assert isinstance(due, Due)
    assert due.expires_at == FIRST + 300
    assert len(world.items("SESSION#")) == 1, "only that of the person who switched it on"
    opened = world.second_step(due.ticket, code(secret, FIRST), FIRST)
    session = world.authenticate(opened.cookie, FIRST)
    assert (session.methods, session.proved_at) == (("password", "totp"), FIRST)


def test_a_wrong_password_says_nothing_of_it(world: World, secret: str) -> None:
    """Whether an account has a second factor is told only to who has its password."""
    assert secret
    refused(INVALID_CREDENTIALS, lambda: world.first_step(EMAIL, WRONG, FIRST))


@pytest.mark.guards("totp-of-its-secret", "totp-used-once")
def test_which_codes_are_right(world: World, secret: str) -> None:
    """The code of now and the one before, each once; none of the future, none that is older."""
    ticket = world.ticket(EMAIL, now=FIRST)
    for at in (FIRST - 2 * STEP, FIRST + STEP, FIRST + 2 * STEP):
        refused(INVALID_CODE, lambda at=at: world.second_step(ticket, code(secret, at), FIRST))
    refused(INVALID_CODE, lambda: world.second_step(ticket, "12345", FIRST))
    assert world.second_step(ticket, f" {code(secret, FIRST)[:3]} {code(secret, FIRST)[3:]}", FIRST)
    again = world.ticket(EMAIL, now=FIRST)
    for at in (FIRST, FIRST - STEP):
        refused(INVALID_CODE, lambda at=at: world.second_step(again, code(secret, at), FIRST))
    assert world.second_step(again, code(secret, FIRST + STEP), FIRST + STEP)


def test_the_code_before_is_right(world: World, secret: str) -> None:
    """Who types slowly sends a code that the app no longer shows: it is still right."""
    ticket = world.ticket(EMAIL, now=FIRST)
    assert world.second_step(ticket, code(secret, FIRST - STEP), FIRST)


def test_the_code_that_switched_it_on_is_used(world: World, secret: str) -> None:
    """The code that confirmed the app opens no session."""
    ticket = world.ticket(EMAIL)
    refused(INVALID_CODE, lambda: world.second_step(ticket, code(secret, NOW)))


@pytest.mark.guards("five-minutes-for-the-code", "ticket-ends", "ticket-used-once")
def test_a_ticket_is_short_and_used_once(world: World, secret: str) -> None:
    """A ticket ends after five minutes, by its first use, and was signed by us for this."""
    ticket = world.ticket(EMAIL, now=FIRST)
    late = FIRST + 300
    refused(TICKET_EXPIRED, lambda: world.second_step(ticket, code(secret, late), late))
    in_time = late - 1
    assert world.second_step(ticket, code(secret, in_time), in_time)
    later = in_time
    refused(TICKET_EXPIRED, lambda: world.second_step(ticket, code(secret, later + STEP), later))
    for text in ("", "A" * 96, "é" * 96, ticket[:-1], ticket.swapcase()):
        refused(TICKET_EXPIRED, lambda text=text: world.second_step(text, "123456", FIRST))


def test_a_link_is_no_ticket(world: World, secret: str) -> None:
    """The link of a mail opens no session, and a ticket sets no password."""
    world.recover(EMAIL, FIRST)
    link = world.deliver(FIRST)[-1].token
    refused(TICKET_EXPIRED, lambda: world.second_step(link, code(secret, FIRST), FIRST))
    ticket = world.ticket(EMAIL, now=FIRST)
    refused(LINK_UNKNOWN, lambda: world.reset(ticket, CHANGED, FIRST))
    refused(LINK_UNKNOWN, lambda: world.set_password(ticket, now=FIRST))


def test_a_second_step_takes_four_round_trips(world: World, secret: str) -> None:
    """The account, its credentials and its second factor are read together."""
    ticket = world.ticket(EMAIL, now=FIRST)
    with world.calls.counted() as made:
        world.second_step(ticket, code(secret, FIRST), FIRST)
    assert made == ["GetItem", "UpdateItem", "BatchGetItem", "TransactWriteItems"]


@pytest.mark.guards("ticket-used-once")
def test_a_ticket_used_meanwhile(world: World, secret: str) -> None:
    """Of two requests with one ticket and two good codes, one opens a session."""
    ticket = world.ticket(EMAIL, now=FIRST)
    renewed = renew(world)
    refused(
        TICKET_EXPIRED,
        lambda: overtaken(
            lambda: world.second_step(ticket, renewed[0], FIRST),
            lambda: world.second_step(ticket, code(secret, FIRST), FIRST),
        ),
    )


@pytest.mark.guards("code-used-once")
def test_a_code_used_meanwhile(world: World, secret: str) -> None:
    """Of two logins with one code, one opens a session."""
    one, other = world.ticket(EMAIL, now=FIRST), world.ticket(EMAIL, now=FIRST)
    typed = code(secret, FIRST)
    refused(
        INVALID_CODE,
        lambda: overtaken(
            lambda: world.second_step(one, typed, FIRST),
            lambda: world.second_step(other, typed, FIRST),
        ),
    )


@pytest.mark.guards("ticket-of-its-password")
@pytest.mark.parametrize("way", ["password", "recovery"])
def test_a_new_password_ends_tickets(world: World, secret: str, way: str) -> None:
    """A login that waits for its code ends with the password that it began with."""
    ticket = world.ticket(EMAIL, now=FIRST)
    if way == "password":
        session = world.with_session(stored(world).account_id, FIRST).session
        world.change_password(session, CHANGED, FIRST)
    else:
        world.recover(EMAIL, FIRST)
        world.reset(world.deliver(FIRST)[-1].token, CHANGED, FIRST)
    refused(TICKET_EXPIRED, lambda: world.second_step(ticket, code(secret, FIRST), FIRST))


def test_a_recovery_asks_for_the_code_too(world: World, secret: str) -> None:
    """Who can read the mails sets a password, and still needs the code."""
    world.recover(EMAIL, FIRST)
    world.reset(world.deliver(FIRST)[-1].token, CHANGED, FIRST)
    due = world.first_step(EMAIL, CHANGED, FIRST)
    assert isinstance(due, Due)
    assert world.second_step(due.ticket, code(secret, FIRST), FIRST)


@pytest.mark.guards("codes-are-counted")
def test_codes_are_counted_like_passwords(world: World, secret: str) -> None:
    """Five wrong codes are free, whatever ticket they come with; then delays grow."""
    for _ in range(5):
        ticket = world.ticket(EMAIL, now=FIRST)
        refused(INVALID_CODE, lambda ticket=ticket: world.second_step(ticket, WRONG_CODE, FIRST))
    ticket = world.ticket(EMAIL, now=FIRST)
    problem = refused(THROTTLED, lambda: world.second_step(ticket, code(secret, FIRST), FIRST))
    assert problem.retry_after == 1
    assert "mot de passe" not in problem.extensions["detail"]
    assert world.second_step(ticket, code(secret, FIRST + 1), FIRST + 1)
    assert world.failures == [stored(world).account_id] * 5
    again = world.ticket(EMAIL, now=FIRST + 60)
    for _ in range(5):
        refused(INVALID_CODE, lambda: world.second_step(again, WRONG_CODE, FIRST + 60))


def test_a_known_device_passes(world: World, secret: str) -> None:
    """Guesses from elsewhere do not shut out a device that logged in before."""
    ticket = world.ticket(EMAIL, now=FIRST)
    device = world.second_step(ticket, code(secret, FIRST), FIRST).device_cookie or ""
    ticket = world.ticket(EMAIL, now=FIRST + 60)
    for _ in range(5):
        refused(INVALID_CODE, lambda: world.second_step(ticket, WRONG_CODE, FIRST + 60))
    typed = code(secret, FIRST + 60)
    refused(THROTTLED, lambda: world.second_step(ticket, typed, FIRST + 60))
    assert world.second_step(ticket, typed, FIRST + 60, device_cookie=device)


# Recovery codes


def renew(world: World, at: int = FIRST) -> list[str]:
    """Make recovery codes."""
    acting = world.with_session(stored(world).account_id, at)
    return list(second_factor_setup.renew_codes(world.table, acting))


@pytest.mark.guards("bits-of-recovery-codes", "codes-are-hashed", "recovery-code-is-told")
def test_recovery_codes(world: World, secret: str) -> None:
    """Ten codes of 80 bits, stored hashed, each good once, as people copy them; the use is told."""
    assert secret
    codes = renew(world)
    assert len(set(codes)) == 10
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{16}", each) for each in codes)
    assert not any(each in str(world.items()) for each in codes)
    account_id = stored(world).account_id
    ticket = world.ticket(EMAIL, now=FIRST)
    typed = second_factor.shown(codes[3]).lower().replace("0", "o").replace("1", "l")
    opened = world.second_step(ticket, typed, FIRST)
    assert world.authenticate(opened.cookie, FIRST).methods == ("password", "recovery-code")
    assert len(stored(world).recovery_codes) == 9
    (told,) = (each for each in world.feed(account_id) if each.kind == "recovery-code-used")
    assert "Il vous en reste 9" in told.body
    assert "Un code de secours a été utilisé" in [each.subject for each in world.deliver(FIRST)]
    ticket = world.ticket(EMAIL, now=FIRST + 60)
    refused(INVALID_CODE, lambda: world.second_step(ticket, codes[3], FIRST + 60))
    assert world.second_step(ticket, codes[4], FIRST + 60)


def test_new_codes_replace_the_old(world: World, secret: str) -> None:
    """Making codes ends those before, and is told by mail."""
    assert secret
    old = renew(world)
    assert "Vos codes de secours ont changé" in [each.subject for each in world.deliver(FIRST)]
    new = renew(world)
    ticket = world.ticket(EMAIL, now=FIRST)
    refused(INVALID_CODE, lambda: world.second_step(ticket, old[0], FIRST))
    assert world.second_step(ticket, new[0], FIRST)


# Switching it on and off

type Encrypt = Callable[[str, str], bytes]
type Decrypt = Callable[[bytes, str], str]


@pytest.fixture
def encrypt(world: World) -> Encrypt:
    """Return what encrypts a secret for an account."""
    return partial(encrypt_for_account, aws.kms(), world.settings.data_key)


@pytest.fixture
def decrypt(world: World) -> Decrypt:
    """Return what decrypts a secret of an account."""
    return partial(decrypt_for_account, aws.kms(), world.settings.data_key)


@pytest.mark.guards("totp-secret-encrypted", "second-factor-is-told", "factor-ends-sessions")
def test_switching_on(world: World, encrypt: Encrypt, decrypt: Decrypt) -> None:
    """A secret counts once a code of the app confirms it; that is told, and ends other sessions."""
    account_id = world.open_account()
    other = world.log_in(EMAIL)
    acting = world.with_session(account_id)
    started = second_factor_setup.start(world.table, encrypt, acting)
    assert started.text not in str(world.items())
    assert pyotp.parse_uri(started.uri).secret == started.text
    opened = world.first_step(EMAIL, session_cookie=other.cookie)
    assert isinstance(opened, Opened), "not yet asked for"
    assert second_factor_setup.look(world.table, acting).since is None
    problem = refused(
        INVALID_REQUEST,
        lambda: second_factor_setup.confirm(world.table, decrypt, acting, "000000"),
    )
    assert [(each.field, each.code) for each in problem.errors] == [("code", "invalid-code")]
    second_factor_setup.confirm(world.table, decrypt, acting, code(started.text, NOW))
    assert isinstance(world.first_step(EMAIL), Due)
    refused(UNAUTHENTICATED, lambda: world.authenticate(opened.cookie))
    assert "second-factor-added" in world.kinds(account_id)
    assert "La double vérification est activée" in [each.subject for each in world.deliver()]
    assert second_factor_setup.look(world.table, acting).since is not None


@pytest.mark.guards("only-a-confirmed-app")
def test_an_unconfirmed_app_opens_nothing(world: World, secret: str, encrypt: Encrypt) -> None:
    """A ticket and the code of a secret that waits to be confirmed open no session."""
    ticket = world.ticket(EMAIL, now=FIRST)
    acting = world.with_session(stored(world).account_id, FIRST)
    second_factor_setup.remove(world.table, acting)
    started = second_factor_setup.start(world.table, encrypt, acting)
    assert started.text != secret
    refused(INVALID_CODE, lambda: world.second_step(ticket, code(started.text, FIRST), FIRST))


@pytest.mark.guards("late-secret")
def test_a_secret_waits_an_hour(world: World, encrypt: Encrypt, decrypt: Decrypt) -> None:
    """A secret that is confirmed too late, or none at all, is refused; a new one replaces it."""
    account_id = world.open_account()
    acting = world.with_session(account_id)
    refused(
        SECOND_FACTOR_OFF,
        lambda: second_factor_setup.confirm(world.table, decrypt, acting, "000000"),
    )
    first = second_factor_setup.start(world.table, encrypt, acting).text
    late = world.with_session(account_id, NOW + HOUR)
    refused(
        SECOND_FACTOR_OFF,
        lambda: second_factor_setup.confirm(world.table, decrypt, late, code(first, late.at)),
    )
    second = second_factor_setup.start(world.table, encrypt, late).text
    refused(
        INVALID_REQUEST,
        lambda: second_factor_setup.confirm(world.table, decrypt, late, code(first, late.at)),
    )
    second_factor_setup.confirm(world.table, decrypt, late, code(second, late.at))


@pytest.mark.guards("no-second-second-factor")
def test_only_one(world: World, secret: str, encrypt: Encrypt, decrypt: Decrypt) -> None:
    """An account with a second factor must remove it before it gets another."""
    acting = world.with_session(stored(world).account_id, FIRST)
    refused(SECOND_FACTOR_ON, lambda: second_factor_setup.start(world.table, encrypt, acting))
    refused(
        SECOND_FACTOR_ON,
        lambda: second_factor_setup.confirm(world.table, decrypt, acting, code(secret, FIRST)),
    )


@pytest.mark.guards("no-factor-of-an-ended-session")
def test_a_session_that_ended_switches_nothing_on(
    world: World, encrypt: Encrypt, decrypt: Decrypt
) -> None:
    """What ended a session ends its changes too: a thief shut out adds no factor of his own."""
    acting = world.with_session(world.open_account())
    started = second_factor_setup.start(world.table, encrypt, acting)
    typed = code(started.text, NOW)
    refused(
        UNAUTHENTICATED,
        lambda: overtaken(
            lambda: world.table.transact(*end_sessions(acting.account_id)),
            lambda: second_factor_setup.confirm(world.table, decrypt, acting, typed),
        ),
    )
    assert isinstance(world.first_step(EMAIL), Opened)


@pytest.mark.guards("factor-added-meanwhile")
def test_a_factor_added_during_a_login(world: World) -> None:
    """A login that overlaps the switching on opens no session with the password alone."""
    account_id = world.open_account()
    refused(
        INVALID_CREDENTIALS,
        lambda: overtaken(lambda: world.switch_on(account_id), lambda: world.log_in(EMAIL)),
    )


@pytest.mark.guards("removal-is-told")
def test_removing(world: World, secret: str) -> None:
    """Removed, the password is enough again, the codes are gone; that is told; twice is once."""
    assert secret
    renew(world)
    account_id = stored(world).account_id
    acting = world.with_session(account_id, FIRST)
    for _ in range(2):
        second_factor_setup.remove(world.table, acting)
    assert isinstance(world.first_step(EMAIL, now=FIRST), Opened)
    assert world.kinds(account_id).count("second-factor-removed") == 1
    assert "La double vérification est retirée" in [each.subject for each in world.deliver(FIRST)]
    refused(SECOND_FACTOR_OFF, lambda: second_factor_setup.renew_codes(world.table, acting))


# Removed by the support


def leave(world: World, at: int = FIRST) -> str:
    """Have the second factor removed; return the account's id."""
    factor = stored(world)
    account = world.account(factor.account_id)
    world.table.transact(*ask_removal(account, factor, at, else_=AssertionError()))
    return factor.account_id


@pytest.mark.guards("three-days-to-object", "leaving-is-told")
def test_the_support_removes_it_after_three_days(
    world: World, secret: str, encrypt: Encrypt
) -> None:
    """Its holder is told at once; for three days the code is asked for, then no more."""
    assert secret
    leave(world)
    told = "Votre double vérification sera retirée dans trois jours"
    assert told in [each.subject for each in world.deliver(FIRST)]
    end = FIRST + 3 * DAY
    assert isinstance(world.first_step(EMAIL, now=end - 1), Due)
    assert stored(world).expires_at == end, "the table removes it"
    assert isinstance(world.first_step(EMAIL, now=end), Opened)
    acting = world.with_session(stored(world).account_id, end)
    assert second_factor_setup.look(world.table, acting).since is None
    assert second_factor_setup.start(world.table, encrypt, acting), "before TTL too"


@pytest.mark.guards("code-keeps-the-factor")
def test_a_code_cancels_the_removal(world: World, secret: str) -> None:
    """Whoever still has the app keeps it by logging in, and is told."""
    account_id = leave(world)
    at = FIRST + DAY
    assert world.second_step(world.ticket(EMAIL, now=at), code(secret, at), at)
    assert stored(world).expires_at is None
    assert isinstance(world.first_step(EMAIL, now=FIRST + 4 * DAY), Due)
    assert world.kinds(account_id).count("second-factor-kept") == 1
    later = FIRST + 4 * DAY
    assert world.second_step(world.ticket(EMAIL, now=later), code(secret, later), later)
    assert world.kinds(account_id).count("second-factor-kept") == 1, "told once"


def test_it_is_not_removed_twice(world: World, secret: str) -> None:
    """A second act of the support does not start the three days again."""
    assert secret
    leave(world)
    factor = stored(world)
    account = world.account(factor.account_id)
    with pytest.raises(LookupError):
        world.table.transact(*ask_removal(account, factor, FIRST + 5, else_=LookupError()))


def keep(world: World, token: str, now: int) -> None:
    """Open the link of a mail about a removal."""
    cancel_removal(world.table, keys.token_keys(), token, now)


def test_a_link_cancels_the_removal(world: World, secret: str) -> None:
    """The mail has a link that keeps the second factor: three days, once, for this removal."""
    assert secret
    world.deliver()
    account_id = leave(world)
    (first,) = world.deliver(FIRST)
    assert "/garder-double-verification#" in first.link
    refused(CHANGE_EXPIRED, lambda: keep(world, first.token, FIRST + 3 * DAY))
    refused(LINK_UNKNOWN, lambda: keep(world, world.ticket(EMAIL, now=FIRST), FIRST))
    keep(world, first.token, FIRST + DAY)
    assert stored(world).expires_at is None
    assert isinstance(world.first_step(EMAIL, now=FIRST + 4 * DAY), Due)
    assert world.kinds(account_id).count("second-factor-kept") == 1
    refused(CHANGE_EXPIRED, lambda: keep(world, first.token, FIRST + DAY))


def test_a_link_of_a_removal_that_was_cancelled(world: World, secret: str) -> None:
    """A link of an earlier removal does not cancel a later one."""
    world.deliver()
    leave(world)
    (first,) = world.deliver(FIRST)
    at = FIRST + DAY
    assert world.second_step(world.ticket(EMAIL, now=at), code(secret, at), at)
    leave(world, at)
    refused(CHANGE_EXPIRED, lambda: keep(world, first.token, at + 5))
    assert stored(world).expires_at == at + 3 * DAY


@pytest.mark.guards("former-address-is-told-of-a-removal")
def test_a_former_address_is_told(world: World, secret: str) -> None:
    """For seven days after a change of address, the former one is told too, and may cancel."""
    assert secret
    account_id = stored(world).account_id
    moved(world, account_id, FIRST)
    world.deliver(FIRST)
    leave(world, FIRST + DAY)
    mails = world.deliver(FIRST + DAY)
    assert sorted(each.to for each in mails) == sorted([[EMAIL], [OTHER]])
    (former,) = (each for each in mails if each.to == [EMAIL])
    keep(world, former.token, FIRST + 2 * DAY)
    assert stored(world).expires_at is None


def test_no_longer_a_former_address(world: World, secret: str) -> None:
    """An address that can no longer undo the change is not told, nor an intruder's."""
    assert secret
    account_id = stored(world).account_id
    undo = moved(world, account_id, FIRST)
    world.deliver(FIRST)
    world.undo_email(undo, FIRST + 60)
    world.deliver(FIRST + 60)
    leave(world, FIRST + DAY)
    assert [each.to for each in world.deliver(FIRST + DAY)] == [[EMAIL]]
    keep_token = next(each.token for each in reversed(world.mails()) if each.to == [EMAIL])
    keep(world, keep_token, FIRST + DAY)
    moved(world, account_id, FIRST + 2 * DAY)
    world.deliver(FIRST + 2 * DAY)
    leave(world, FIRST + 9 * DAY)
    assert [each.to for each in world.deliver(FIRST + 9 * DAY)] == [[OTHER]]


# Undoing, exporting, deleting


def moved(world: World, account_id: str, at: int) -> str:
    """Change the address at a time; return the link that undoes it."""
    session = world.with_session(account_id, at).session
    world.request_email(session, OTHER, at)
    world.confirm_email(session, world.deliver(at)[-1].token, at)
    return next(each.token for each in world.deliver(at) if each.to == [EMAIL])


@pytest.mark.guards("undo-keeps-the-older-factor")
def test_undoing_keeps_an_older_factor(world: World, secret: str) -> None:
    """Who can read the former address undoes a change, and still needs the code."""
    world.undo_email(moved(world, stored(world).account_id, FIRST), FIRST + 10)
    assert stored(world).confirmed_at == NOW
    assert secret


@pytest.mark.guards("undo-ends-the-newer-factor")
def test_undoing_ends_a_newer_factor(world: World) -> None:
    """A factor that was added after the change is the thief's: it goes with the rest."""
    account_id = world.open_account()
    undo = moved(world, account_id, NOW)
    world.switch_on(account_id, FIRST)
    world.undo_email(undo, FIRST + 10)
    assert [each["sk"]["S"] for each in world.items("CREDENTIALS#")] == ["CREDENTIALS"]
    world.reset(undo, CHANGED, FIRST + 20)
    assert isinstance(world.first_step(EMAIL, CHANGED, FIRST + 30), Opened)


def test_a_factor_added_while_undoing(world: World) -> None:
    """A factor that is added while a change is undone is not left behind."""
    account_id = world.open_account()
    undo = moved(world, account_id, NOW)
    overtaken(
        lambda: world.switch_on(account_id, FIRST), lambda: world.undo_email(undo, FIRST + 10)
    )
    assert [each["sk"]["S"] for each in world.items("CREDENTIALS#")] == ["CREDENTIALS"]


def test_export_and_deletion(world: World, secret: str) -> None:
    """The export says since when and how many codes are left, never a secret."""
    account = world.account(stored(world).account_id)
    codes = renew(world)
    decrypt = partial(decrypt_for_account, aws.kms(), world.settings.data_key)
    exported = held.export(HELD, Reading(world.table, decrypt, FEED, FIRST), account)
    assert exported["second_factor"] == {
        "since": "2026-09-21T14:13:20.000Z",
        "recovery_codes_left": 10,
    }
    assert not any(each in str(exported) for each in (secret, *codes))


# Over the function


@pytest.mark.guards(
    "fresh-proof-for-a-factor",
    "fresh-proof-to-switch-on",
    "fresh-proof-to-remove",
    "fresh-proof-for-codes",
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/me/totp"),
        ("PUT", "/api/me/totp"),
        ("DELETE", "/api/me/totp"),
        ("POST", "/api/me/recovery-codes"),
    ],
)
def test_changes_need_a_fresh_proof(world: World, gateway: Gateway, method: str, path: str) -> None:
    """Five minutes after the last proof, the way in is not changed without another."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    sent = {"Content-Type": ["application/json"], "Cookie": [f"__Host-session={cookie}"]}
    body = {"code": "000000"} if method == "PUT" else None
    answer = gateway.ask("second_factor", method, path, body, headers=sent, now=NOW + 301)
    assert (answer.status, answer.json["type"].rpartition("/")[2]) == (
        403,
        "reauthentication-required",
    )


def test_the_qr_code_holds_the_address(world: World, gateway: Gateway) -> None:
    """The answer has the secret in base32, its address, and a drawing without script."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    sent = {"Content-Type": ["application/json"], "Cookie": [f"__Host-session={cookie}"]}
    answer = gateway.ask("second_factor", "POST", "/api/me/totp", headers=sent)
    assert answer.status == 201
    assert f"secret={answer.json['secret']}" in answer.json["uri"]
    assert re.fullmatch(
        r'<svg viewBox="0 0 \d+ \d+" class="segno">'
        r'<path class="qrline" stroke="#000" d="[^"<>]+"/></svg>',
        answer.json["qr"],
    )


@given(st.text(max_size=64))
def test_any_text_is_a_wrong_code(text: str) -> None:
    """Whatever is typed, only the six digits of the moment are right; nothing fails."""
    factor = SecondFactor(account_id="a", secret_encrypted=b"", confirmed_at=NOW)
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    right = {code(secret, NOW), code(secret, NOW - STEP)}
    step = second_factor.matching_step(secret, text, factor, NOW)
    assert (step is not None) == (second_factor.clean(text) in right)
