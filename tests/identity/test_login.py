"""Login and sessions."""

import base64
import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any, Literal

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core import aws, keys
from portal.core.problems import THROTTLED, UNAUTHENTICATED, UNAVAILABLE, Problem, describe
from portal.core.records import HOUR
from portal.core.session import Session, log_out
from portal.identity import deletion, passwords
from portal.identity.held import HELD
from portal.identity.problems import INVALID_CREDENTIALS
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL, WRONG
from tests.world.world import NOW, PASSWORD

if TYPE_CHECKING:
    from portal.identity.opening import Opened
    from tests.world.world import World

NIR = "2940375120005"
IDLE = 30 * 60


def alive(world: "World", cookie: str, now: int) -> bool:
    """Return whether a cookie has an open session at a time."""
    try:
        return bool(world.authenticate(cookie, now))
    except Problem as problem:
        if problem.kind is not UNAUTHENTICATED:
            raise
        return False


def store(world: "World", item: dict[str, Any], **changes: dict[str, str]) -> None:
    """Store an item with other attributes."""
    aws.dynamodb().put_item(TableName=world.settings.table_name, Item=item | changes)


# Login


@pytest.mark.parametrize(
    "identifier",
    [
        EMAIL,
        "Michele.DUPONT@Example.FR",
        f" {EMAIL} ",
        NIR,
        NIR + "91",
        "2 94 03 75 120 005",
        "2 94 03 75 120 005 91",
        "2.94.03.75.120.005",
    ],
)
def test_login_by_either_identifier(world: "World", identifier: str) -> None:
    """An e-mail in any case, or a NIR of 13 or 15 characters, spaced or not, logs in."""
    account_id = world.open_account()
    opened = world.log_in(identifier)
    assert (opened.first_name, opened.last_name) == ("Michèle", "Dupont")
    assert world.authenticate(opened.cookie).account_id == account_id


def test_login_of_a_corsican_nir(world: "World") -> None:
    """A NIR with 2A logs in, also in lower case."""
    world.open_account(nir="294032A120005")
    assert world.log_in("2 94 03 2a 120 005")


class CountingHasher(PasswordHasher):
    """Counts the hashes that it verifies."""

    verified = 0

    def verify(self, *record_and_password: str) -> Literal[True]:
        """Count and verify."""
        self.verified += 1
        return super().verify(*record_and_password)


@pytest.mark.guards("hash-for-nobody", "one-refusal")
def test_wrong_unknown_and_pending_are_alike(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong password, unknown identifier, open sign-up: same refusal, same calls."""
    world.open_account()
    world.sign_up(email="pending@example.fr", nir="294032A120005", siret=None)
    hasher = CountingHasher()
    monkeypatch.setattr(passwords, "_hasher", hasher)
    shapes: list[tuple[str, list[str], int]] = []
    for identifier in (EMAIL, "nobody@example.fr", "pending@example.fr", "294032A120005", "x"):
        hasher.verified = 0
        with world.calls.counted() as made:
            problem = refused(
                INVALID_CREDENTIALS, lambda identifier=identifier: world.log_in(identifier, WRONG)
            )
        said = repr((problem.errors, problem.retry_after, problem.extensions))
        shapes.append((said, made, hasher.verified))
    assert shapes == [("((), None, {})", ["UpdateItem", "BatchGetItem"], 1)] * 5


def test_an_account_without_nir_is_not_found_by_one(world: "World") -> None:
    """A person without a NIR can only log in by e-mail, whatever is typed."""
    world.open_account(nir=None)
    refused(INVALID_CREDENTIALS, lambda: world.log_in(NIR))
    refused(INVALID_CREDENTIALS, lambda: world.log_in("None"))


@pytest.mark.guards("counted-before-the-hash")
def test_the_count_is_raised_before_the_hash(world: "World") -> None:
    """A guess is counted before its hash is computed, so stopping early gains nothing."""
    world.open_account()
    world.put_keys(world.settings.pepper_secret, {"2": "another"})
    with pytest.raises(KeyError):  # the record's pepper was removed: the hash cannot be computed
        world.log_in(EMAIL)
    identifier = world.identifier(EMAIL)
    assert identifier
    assert identifier.failures == 1


def test_five_failures_are_free_then_delays_grow(world: "World") -> None:
    """The sixth try waits 1 s, the seventh 2 s …; the right password waits too."""
    world.open_account()
    for _ in range(5):
        refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG))
    assert refused(THROTTLED, lambda: world.log_in(EMAIL)).retry_after == 1
    refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG, NOW + 1))
    assert refused(THROTTLED, lambda: world.log_in(EMAIL, now=NOW + 1)).retry_after == 2
    assert world.log_in(EMAIL, now=NOW + 3)


def test_a_refused_login_computes_no_hash(world: "World") -> None:
    """While an identifier must wait, no password is compared and no account read."""
    for _ in range(5):
        refused(INVALID_CREDENTIALS, lambda: world.log_in("nobody@example.fr"))
    with world.calls.counted() as made:
        refused(THROTTLED, lambda: world.log_in("nobody@example.fr"))
    assert made == ["UpdateItem"]


@pytest.mark.parametrize("identifier", [EMAIL, "nobody@example.fr"])
def test_a_delayed_login_says_the_way_out(world: "World", identifier: str) -> None:
    """« Trop d’essais » names the way out, alike for a known and an unknown identifier."""
    world.open_account()
    for _ in range(5):
        refused(INVALID_CREDENTIALS, lambda: world.log_in(identifier, WRONG))
    delayed = refused(THROTTLED, lambda: world.log_in(identifier, WRONG))
    answer = describe(delayed, base_url="", instance="1")
    assert answer.body["title"] == "Trop d’essais"
    assert answer.body["type"] == "/problems/throttled"
    assert answer.body["detail"].startswith("Trop d’essais avec cet identifiant. Patientez")
    assert "«\u00a0Mot de passe oublié\u00a0?\u00a0»" in answer.body["detail"]
    assert answer.headers["Retry-After"] == "1"


def test_delays_are_the_same_for_the_unknown(world: "World") -> None:
    """Delays do not show whether an account exists."""
    world.open_account()
    answers: list[list[int | None]] = []
    for identifier in (EMAIL, "nobody@example.fr"):
        seen: list[int | None] = []
        for second in (0, 0, 0, 0, 0, 0, 1, 1):
            with pytest.raises(Problem) as caught:
                world.log_in(identifier, WRONG, NOW + second)
            seen.append(caught.value.retry_after)
        answers.append(seen)
    assert answers[0] == answers[1] == [None] * 5 + [1, None, 2]


@pytest.mark.guards("success-clears")
def test_success_clears_the_count(world: "World") -> None:
    """After a login five failures are free again."""
    world.open_account()
    for _ in range(4):
        refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG))
    world.log_in(EMAIL)
    for _ in range(5):
        refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG))
    refused(THROTTLED, lambda: world.log_in(EMAIL, WRONG))


def test_guesses_at_one_identifier_leave_the_other(world: "World") -> None:
    """Somebody who guesses at the e-mail address does not delay a login by NIR."""
    world.open_account()
    for _ in range(7):
        with pytest.raises(Problem):
            world.log_in(EMAIL, WRONG)
    assert world.log_in(NIR)


def test_the_previous_login_is_shown_whatever_the_identifier(world: "World") -> None:
    """Each login shows the time of the one before, by e-mail or NIR; the first shows none."""
    world.open_account()
    seen = [
        world.log_in(EMAIL, now=NOW + 1).previous_login_at,
        world.log_in(NIR, now=NOW + 2).previous_login_at,
        world.log_in(NIR, now=NOW + 3).previous_login_at,
        world.log_in(EMAIL, now=NOW + 4).previous_login_at,
    ]
    assert seen == [None, NOW + 1, NOW + 2, NOW + 3]


def test_the_session_remembers_the_previous_login(world: "World") -> None:
    """The feed can show the previous login as long as the session is open."""
    world.open_account()
    world.log_in(EMAIL, now=NOW)
    opened = world.log_in(EMAIL, now=NOW + 10)
    assert world.authenticate(opened.cookie, NOW + 20).previous_login_at == NOW


def test_a_login_within_a_session_keeps_the_previous_login(world: "World") -> None:
    """A login within a session still shows the login before that session."""
    world.open_account()
    world.log_in(EMAIL, now=NOW)
    first = world.log_in(EMAIL, now=NOW + 10)
    again = world.log_in(EMAIL, now=NOW + 60, session_cookie=first.cookie)
    assert again.previous_login_at == NOW
    assert world.authenticate(again.cookie, NOW + 70).previous_login_at == NOW
    # After the session ended, its cookie no longer counts.
    late = world.log_in(EMAIL, now=NOW + 60 + 1800, session_cookie=again.cookie)
    assert late.previous_login_at == NOW + 60


def test_a_login_within_a_session_shows_one_from_elsewhere(world: "World") -> None:
    """A login within a session shows a login made elsewhere meanwhile."""
    world.open_account()
    world.log_in(EMAIL, now=NOW)
    first = world.log_in(EMAIL, now=NOW + 10)
    world.log_in(EMAIL, now=NOW + 20)
    again = world.log_in(EMAIL, now=NOW + 30, session_cookie=first.cookie)
    assert again.previous_login_at == NOW + 20


def test_a_login_is_published(world: "World") -> None:
    """A login is published with the account's id and no personal data."""
    account_id = world.open_account()
    world.deliver()
    world.log_in(EMAIL)
    world.deliver()
    event = world.events()[-1]
    assert (event["Source"], event["DetailType"]) == ("portal.account", "LoginSucceeded")
    assert json.loads(event["Detail"]) == {"account_id": account_id}


def test_a_login_is_three_calls(world: "World") -> None:
    """A login counts the attempt, reads the account and credentials, opens the session."""
    world.open_account()
    with world.calls.counted() as made:
        world.log_in(EMAIL)
    assert made == ["UpdateItem", "BatchGetItem", "TransactWriteItems"]


def stored_hash(world: "World") -> str:
    """Return the account's one stored hash, the same for both identifiers."""
    assert len(world.items("CREDENTIALS#")) == 1
    (found,) = {world.credentials(typed).password_hash for typed in (EMAIL, NIR)}
    return found


@pytest.mark.guards("rehash-at-login")
def test_a_new_pepper_is_applied_at_login(world: "World") -> None:
    """After a rotation, the next login hashes the password again, with one more call."""
    world.open_account()
    old = stored_hash(world)
    world.add_key(world.settings.pepper_secret, 2, "new pepper")
    with world.calls.counted() as made:
        world.log_in(NIR)
    assert made == ["UpdateItem", "BatchGetItem", "UpdateItem", "TransactWriteItems"]
    new = stored_hash(world)
    assert old != new
    assert new.startswith("2$argon2id$")
    content = aws.secrets_manager().get_secret_value(SecretId=world.settings.pepper_secret)
    world.put_keys(world.settings.pepper_secret, {"2": json.loads(content["SecretString"])["2"]})
    assert world.log_in(EMAIL)


@pytest.mark.real_hashes
@pytest.mark.guards("rehash-at-login")
def test_weaker_parameters_are_replaced_at_login(world: "World") -> None:
    """A login replaces a hash made with older parameters."""
    world.open_account()
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)
    record = "1" + weak.hash(passwords._peppered(keys.pepper_keys(), 1, PASSWORD))
    (item,) = world.items("CREDENTIALS#")
    store(world, item, password_hash={"S": record})
    refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, WRONG))
    assert stored_hash(world) == record
    world.log_in(EMAIL)
    assert "$m=19456,t=2,p=1$" in stored_hash(world)
    assert world.log_in(NIR)


def test_an_up_to_date_record_is_left(world: "World") -> None:
    """A login does not replace a hash that is up to date."""
    world.open_account()
    before = stored_hash(world)
    world.log_in(EMAIL)
    assert stored_hash(world) == before


# Parallel logins


@pytest.mark.parametrize("identifier", [EMAIL, NIR])
def test_two_logins_at_once_both_succeed(world: "World", identifier: str) -> None:
    """Of two logins at once, the slower uses the next place: both sessions are open."""
    world.open_account()
    others: list[Opened] = []
    opened = overtaken(
        lambda: others.append(world.log_in(identifier, now=NOW + 1)),
        lambda: world.log_in(EMAIL, now=NOW + 2),
    )
    assert alive(world, opened.cookie, NOW + 3)
    assert alive(world, others[0].cookie, NOW + 3)
    assert opened.previous_login_at == NOW + 1


def test_a_password_changed_meanwhile_is_refused(world: "World") -> None:
    """A login that read the old password is refused if it changed meanwhile."""
    world.open_account()
    changed = passwords.hash_password(keys.pepper_keys(), "Changed-Horse-8")

    (item,) = world.items("CREDENTIALS#")
    overtaken(
        lambda: store(world, item, password_hash={"S": changed}),
        lambda: refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL)),
    )
    assert not world.items("SESSION#")
    assert stored_hash(world) == changed


def test_a_password_changed_before_the_rehash_stays(world: "World") -> None:
    """Hashing an old password again does not replace a new password."""
    world.open_account()
    world.add_key(world.settings.pepper_secret, 2, "new pepper")
    changed = passwords.hash_password(keys.pepper_keys(), "Changed-Horse-8")
    (item,) = world.items("CREDENTIALS#")

    updates: list[int] = []

    def change(**_: object) -> None:
        updates.append(1)
        if len(updates) == 2:  # the first counts the attempt, the second stores the new hash
            store(world, item, password_hash={"S": changed})

    events = aws.dynamodb().meta.events
    events.register("before-call.*.UpdateItem", change)
    try:
        refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL))
    finally:
        events.unregister("before-call.*.UpdateItem", change)
    assert len(updates) == 2
    assert not world.items("SESSION#")
    assert stored_hash(world) == changed


def test_an_identifier_lost_meanwhile_is_refused(world: "World") -> None:
    """A login is refused if the account changes that address meanwhile."""
    account_id = world.open_account()
    session = world.authenticate(world.log_in(EMAIL).cookie)
    world.request_email(session, "new@example.fr")
    mail = next(each for each in world.deliver() if each.to == ["new@example.fr"])
    overtaken(
        lambda: world.confirm_email(session, mail.token),
        lambda: refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, now=NOW + 1)),
    )
    assert len(world.items("SESSION#")) == 1
    assert world.credentials(NIR).logins == 1
    assert world.identifier(EMAIL) is None
    assert world.account(account_id).email == "new@example.fr"


def test_an_account_deleted_meanwhile_is_refused(world: "World") -> None:
    """A login is refused, and stores nothing, if the account is deleted meanwhile."""
    account_id = world.open_account()
    due = NOW + deletion.GRACE
    deletion.schedule_deletion(world.table, world.acting(account_id))
    overtaken(
        lambda: deletion.delete_due(world.table, HELD, due),
        lambda: refused(INVALID_CREDENTIALS, lambda: world.log_in(EMAIL, now=due)),
    )
    for prefix in ("SESSION#", "CREDENTIALS#", "ACCOUNT#"):
        assert not world.items(prefix)


def test_a_rehash_meanwhile_refuses_nobody(world: "World") -> None:
    """After a rotation, two logins at once with the right password both succeed."""
    world.open_account()
    world.add_key(world.settings.pepper_secret, 2, "new pepper")
    opened = overtaken(
        lambda: world.log_in(EMAIL, now=NOW + 1), lambda: world.log_in(EMAIL, now=NOW + 2)
    )
    assert alive(world, opened.cookie, NOW + 3)


def test_a_login_always_overtaken_is_unavailable(world: "World") -> None:
    """A login whose credentials change at every try ends as « unavailable »."""
    world.open_account()

    def move(**_: object) -> None:
        (item,) = world.items("CREDENTIALS#")
        store(world, item, logins={"N": str(int(item["logins"]["N"]) + 1)})

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", move)
    try:
        problem = refused(UNAVAILABLE, lambda: world.log_in(EMAIL))
    finally:
        events.unregister("before-call.*.TransactWriteItems", move)
    assert problem.retry_after
    assert not world.items("SESSION#")


# Sessions


@pytest.mark.guards("ten-at-once")
def test_ten_sessions_and_the_oldest_goes(world: "World") -> None:
    """The eleventh login ends the oldest session and no other."""
    world.open_account()
    cookies = [world.log_in(EMAIL, now=NOW + n).cookie for n in range(11)]
    assert [alive(world, cookie, NOW + 20) for cookie in cookies] == [False] + [True] * 10
    assert len(world.items("SESSION#")) == 10


def test_each_login_has_a_new_value(world: "World") -> None:
    """A session has 256 new random bits; the table stores only their SHA-256."""
    account_id = world.open_account()
    first, second = (world.log_in(EMAIL).cookie for _ in range(2))
    raw = base64.urlsafe_b64decode(first + "==")
    assert raw[:16] == uuid.UUID(account_id).bytes
    assert len(raw[17:]) == 32
    assert raw[17:] != base64.urlsafe_b64decode(second + "==")[17:]
    stored = [item["secret_sha256"]["B"] for item in world.items("SESSION#")]
    assert hashlib.sha256(raw[17:]).digest() in stored
    assert repr(raw[17:])[2:-1] not in str(world.items("SESSION#"))


def test_a_check_is_one_read(world: "World") -> None:
    """A check of a session is one call, and a second one at most once a minute."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    made_at: dict[int, list[str]] = {}
    for second in (0, 59, 60, 61, 119, 120):
        with world.calls.counted() as made:
            world.authenticate(cookie, NOW + second)
        made_at[second] = made
    assert made_at == {
        0: ["GetItem"],
        59: ["GetItem"],
        60: ["GetItem", "UpdateItem"],
        61: ["GetItem"],
        119: ["GetItem"],
        120: ["GetItem", "UpdateItem"],
    }


@pytest.mark.guards("idle")
def test_idle_for_half_an_hour(world: "World") -> None:
    """A session unused for 30 minutes ends; one that is used stays open."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    assert alive(world, cookie, NOW + IDLE - 1)
    assert alive(world, cookie, NOW + 2 * IDLE - 2)
    assert not alive(world, cookie, NOW + 3 * IDLE - 2)
    assert not alive(world, world.log_in(EMAIL).cookie, NOW + IDLE)


@pytest.mark.guards("absolute")
def test_twelve_hours_at_most(world: "World") -> None:
    """A session ends twelve hours after its login, even if it is always in use."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    for now in range(NOW, NOW + 12 * HOUR, 25 * 60):
        assert alive(world, cookie, now)
    assert alive(world, cookie, NOW + 12 * HOUR - 1)
    assert not alive(world, cookie, NOW + 12 * HOUR)


def test_the_ttl_of_a_session_is_its_end(world: "World") -> None:
    """The TTL of a session is the end of its idle time."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    assert [item["expires_at"]["N"] for item in world.items("SESSION#")] == [str(NOW + IDLE)]
    world.authenticate(cookie, NOW + 100)
    assert [item["expires_at"]["N"] for item in world.items("SESSION#")] == [str(NOW + 100 + IDLE)]


def test_an_ended_session_is_not_opened_again(world: "World") -> None:
    """A session that ends between its check and the note of its use stays ended."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    session = overtaken(
        lambda: log_out(world.table, cookie),
        lambda: world.authenticate(cookie, NOW + 60),
        "UpdateItem",
    )
    assert session.seen_at == NOW + 60
    assert not world.items("SESSION#")


def test_a_session_stores_how_its_holder_was_identified(world: "World") -> None:
    """A session stores the method and the time of the proof; later requests do not change it."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    session = world.authenticate(cookie, NOW + 600)
    assert (session.methods, session.proved_at) == (("password",), NOW)
    (item,) = world.items("SESSION#")
    assert (Session.from_item(item).methods, item["proved_at"]["N"]) == (("password",), str(NOW))


def test_logout_ends_one_session(world: "World") -> None:
    """A logout ends that session at once and no other."""
    world.open_account()
    first, second = (world.log_in(EMAIL).cookie for _ in range(2))
    log_out(world.table, first)
    assert not alive(world, first, NOW)
    assert alive(world, second, NOW)
    log_out(world.table, first)
    assert alive(world, second, NOW)


def test_an_old_cookie_ends_no_newer_session(world: "World") -> None:
    """The cookie of a replaced session neither opens nor ends the new one."""
    world.open_account()
    cookies = [world.log_in(EMAIL, now=NOW + n).cookie for n in range(11)]
    log_out(world.table, cookies[0])
    assert alive(world, cookies[10], NOW + 11)
    assert not alive(world, cookies[0], NOW + 11)


@pytest.mark.guards("secret-of-the-cookie")
def test_every_changed_byte_is_refused(world: "World") -> None:
    """A cookie with any byte changed opens no session."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    raw = bytearray(base64.urlsafe_b64decode(cookie + "=="))
    for place in range(len(raw)):
        changed = bytes(raw[:place]) + bytes((raw[place] ^ 1,)) + bytes(raw[place + 1 :])
        text = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        assert not alive(world, text, NOW), place


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=100),
        st.from_regex(r"[A-Za-z0-9_-]{66}", fullmatch=True),
        st.sampled_from(["", "A" * 65, "A" * 67, "A" * 66 + "\n", "é" * 66, "=" * 66, "\ud800"]),
    )
)
def test_any_other_cookie_is_unauthenticated(world: "World", cookie: str) -> None:
    """Any other text in the cookie opens and ends nothing, and is no other error."""
    assert not alive(world, cookie, NOW)
    log_out(world.table, cookie)


def test_a_malformed_cookie_costs_no_call(world: "World") -> None:
    """A text that cannot be our cookie is refused without a call."""
    with world.calls.counted() as made:
        assert not alive(world, "nothing", NOW)
        log_out(world.table, "nothing")
    assert not made


def test_places_fit_in_a_cookie() -> None:
    """The place of a session is one byte of its cookie."""
    assert Session.PLACES == 10
