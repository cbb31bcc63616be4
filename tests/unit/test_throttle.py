"""Limits on requests, logins and mails: counted in the table, judged by the time of arrival."""

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from portal import keys, throttle
from portal.items import DAY, HOUR, Login, Outgoing
from portal.problems import THROTTLED, Problem
from portal.table import delay_after

if TYPE_CHECKING:
    from tests.unit.conftest import World

NOW = 1_790_000_000
MINUTE = NOW // 60 * 60
MAC = "somebody"


def request(world: "World", now: int, ip: str = "203.0.113.7", endpoint: str = "login") -> None:
    """Count one request."""
    throttle.limit_requests(world.table, keys.lookup_keys(), world.limits, endpoint, ip, now)


def attempt(world: "World", at: float, mac: str = MAC) -> Login | int:
    """Count an attempt at a time in seconds; return the record, or the seconds to wait."""
    try:
        return throttle.count_attempt(world.table, world.limits, mac, round(at * 1000))
    except Problem as problem:
        if problem.kind is not THROTTLED or problem.retry_after is None:
            raise
        return problem.retry_after


def written(world: "World", times: list[int], slot: throttle.MailSlot) -> list[int]:
    """Ask for a mail at each time; return the times at which one was written."""
    done: list[int] = []
    for now in times:
        before = len(world.items("OUTBOX#"))
        world.table.send(Outgoing.new("validation", now), [slot], now)
        done += [now] * (len(world.items("OUTBOX#")) - before)
    return done


@pytest.mark.guards("requests-a-minute")
def test_sixty_requests_a_minute(world: "World") -> None:
    """An address may ask sixty times a minute; the next asks are told when the minute ends."""
    for _ in range(60):
        request(world, MINUTE + 20)
    with pytest.raises(Problem) as caught:
        request(world, MINUTE + 21)
    assert caught.value.kind is THROTTLED
    assert caught.value.retry_after == 39
    request(world, MINUTE + 60)


def test_addresses_and_endpoints_are_counted_apart(world: "World") -> None:
    """One caller's requests use up neither another's nor those to another endpoint."""
    for _ in range(60):
        request(world, MINUTE)
    request(world, MINUTE, ip="203.0.113.8")
    request(world, MINUTE, endpoint="signup")


def test_no_address_is_stored(world: "World") -> None:
    """The counter of requests names its address by a hash, and is swept two minutes later."""
    request(world, MINUTE)
    (item,) = world.items("RATE#")
    assert "203.0.113" not in str(item)
    assert item["expires_at"]["N"] == str(MINUTE + 120)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (14, 512), (15, 900), (16, 900), (999, 900)],
)
def test_delays_double(failures: int, seconds: int) -> None:
    """Five failures are free, then each doubles the delay, from one second to 15 minutes."""
    assert delay_after(failures, 5) == seconds


@pytest.mark.guards("doubling-delays")
def test_five_failures_then_growing_delays(world: "World") -> None:
    """The sixth guess waits 1 s, the next 2, 4 … 900 s; refused ones say how long and cost none."""
    at = float(NOW)
    for n in range(5):
        record = attempt(world, at)
        assert isinstance(record, Login)
        assert record.failures == n + 1
    for delay in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900):
        assert attempt(world, at) == delay
        assert attempt(world, at + delay - 0.001) == 1
        at += delay
        assert isinstance(attempt(world, at), Login)


def test_the_wait_is_rounded_up(world: "World") -> None:
    """Who waits the seconds told is let in: a fraction counts as a whole second."""
    for _ in range(7):
        world.table.count_attempt(MAC, NOW * 1000, 100)
    assert attempt(world, NOW + 0.5) == 4
    assert attempt(world, NOW + 3.999) == 1
    assert isinstance(attempt(world, NOW + 4), Login)


def test_refused_guesses_do_not_prolong_the_wait(world: "World") -> None:
    """Somebody else's guesses during a delay never lock a person out for longer."""
    for _ in range(5):
        attempt(world, NOW)
    for tenth in range(1, 10):
        assert attempt(world, NOW + tenth / 10) == 1
    assert isinstance(attempt(world, NOW + 1), Login)


def test_the_wait_is_told_to_the_second(world: "World") -> None:
    """A millisecond over a second is a second more: who comes back as told is let in."""
    for _ in range(6):
        world.table.count_attempt(MAC, NOW * 1000, 100)
    assert attempt(world, NOW + 0.999) == 2
    assert attempt(world, NOW + 1) == 1


def test_a_device_is_counted_apart(world: "World") -> None:
    """A device that logged in before has five failures of its own, and waits like any other."""
    for _ in range(5):
        attempt(world, NOW)
    for device in ("0" * 32, "1" * 32):
        for _ in range(5):
            throttle.count_attempt(world.table, world.limits, MAC, NOW * 1000, device)
        with pytest.raises(Problem):
            throttle.count_attempt(world.table, world.limits, MAC, NOW * 1000, device)


def test_identifiers_are_counted_apart(world: "World") -> None:
    """Guesses at one identifier never delay another."""
    for _ in range(6):
        attempt(world, NOW)
    assert isinstance(attempt(world, NOW, mac="another"), Login)


def test_an_unknown_identifier_is_soon_forgotten(world: "World") -> None:
    """The count of an identifier that nobody has is swept a day after its last attempt."""
    attempt(world, NOW)
    attempt(world, NOW + 100)
    (item,) = world.items("LOGIN#")
    assert item["expires_at"]["N"] == str(NOW + 100 + DAY)
    assert "kept_until" not in item


@pytest.mark.parametrize("device", [None, "0" * 32])
@pytest.mark.parametrize("failures", [1, 5, 20])
def test_failures_are_forgotten_after_a_day(
    world: "World", failures: int, device: str | None
) -> None:
    """A day after the last failure all five are free again, whether or not the row was swept."""

    def count(at: float) -> tuple[Login, bool]:
        return world.table.count_attempt(MAC, round(at * 1000), 5, device)

    for _ in range(failures):
        world.table.count_attempt(MAC, NOW * 1000, 100, device)
    assert count(NOW + DAY - 0.001)[0].failures == failures + 1
    again = NOW + 2 * DAY
    assert [count(again)[1] for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.guards("failures-forgotten-alike")
def test_an_account_is_forgotten_like_nobody(world: "World") -> None:
    """Days after some failures an account answers guesses as an identifier that nobody has."""
    world.open_account()
    account = world.login("michele.dupont@example.fr")
    assert account
    seen: list[list[object]] = []
    for mac in (account.mac, MAC):
        for _ in range(7):
            world.table.count_attempt(mac, NOW * 1000, 100)
        if mac == MAC:
            world.sweep("LOGIN#somebody")
        seen.append([isinstance(attempt(world, NOW + 2 * DAY, mac), Login) for _ in range(7)])
    assert seen == [[True] * 5 + [False] * 2] * 2
    found = world.login("michele.dupont@example.fr")
    assert found
    assert found.account_id, "its credentials are kept"


@pytest.mark.guards("one-attempt-for-one-delay")
@pytest.mark.parametrize(
    ("failures", "later", "expected"), [(1, 2 * DAY, (2, True)), (5, 1, (6, False))]
)
def test_of_two_that_read_one_count_both_count(
    world: "World",
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    later: int,
    expected: tuple[int, bool],
) -> None:
    """Attempts that meet the same count, old or waited for, are judged one after the other."""
    for _ in range(failures):
        world.table.count_attempt(MAC, NOW * 1000, 5)
    now_ms = (NOW + later) * 1000
    client: Any = world.table._client
    write = client.update_item
    others: list[bool] = []

    def write_after_another(**asked: Any) -> Any:
        if ":last" in asked["ExpressionAttributeValues"] and not others:
            others.append(True)
            others[:] = [world.table.count_attempt(MAC, now_ms, 5)[1]]
        return write(**asked)

    monkeypatch.setattr(client, "update_item", write_after_another)
    login, allowed = world.table.count_attempt(MAC, now_ms, 5)
    assert others == [True]
    assert (login.failures, allowed) == expected


def test_a_count_that_goes_meanwhile_is_begun_anew(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that finds its record swept, or forgiven, counts as the first."""
    for _ in range(5):
        world.table.count_attempt(MAC, NOW * 1000, 5)
    client: Any = world.table._client
    write = client.update_item

    def write_after_the_sweep(**asked: Any) -> Any:
        if ":last" in asked["ExpressionAttributeValues"]:
            client.delete_item(TableName=asked["TableName"], Key=asked["Key"])
        return write(**asked)

    monkeypatch.setattr(client, "update_item", write_after_the_sweep)
    login, allowed = world.table.count_attempt(MAC, (NOW + 1) * 1000, 5)
    assert (login.failures, allowed) == (1, True)


def test_the_number_of_free_failures_is_a_parameter(world: "World") -> None:
    """With other limits the delays start elsewhere, and still end at 15 minutes."""
    limits = replace(world.limits, free_failures=1)
    throttle.count_attempt(world.table, limits, MAC, NOW * 1000)
    with pytest.raises(Problem) as caught:
        throttle.count_attempt(world.table, limits, MAC, NOW * 1000)
    assert caught.value.retry_after == 1


def test_an_attempt_is_one_round_trip(world: "World") -> None:
    """Counting and reading a login's record is one call, refused or not."""
    for _ in range(6):
        with world.calls.counted() as made:
            attempt(world, NOW)
        assert made == ["UpdateItem"]
    with world.calls.counted() as made:
        attempt(world, NOW + 1)
    assert made == ["UpdateItem", "UpdateItem"], "one more for who waited for a delay to pass"


@pytest.mark.guards("mails-apart", "mails-an-hour", "mails-a-day")
def test_mails_to_an_address(world: "World") -> None:
    """One mail a minute, three an hour, six a day: the others are silently not written."""
    slot = throttle.address_slot(world.limits, MAC, "validation")
    times = [NOW, NOW + 59, NOW + 60, NOW + 61, NOW + 120, NOW + 180, NOW + HOUR - 1, NOW + HOUR]
    assert written(world, times, slot) == [NOW, NOW + 60, NOW + 120, NOW + HOUR]
    later = [NOW + HOUR + 60, NOW + HOUR + 120, NOW + 3 * HOUR, NOW + DAY - 1, NOW + DAY]
    assert written(world, later, slot) == [NOW + HOUR + 60, NOW + HOUR + 120, NOW + DAY]


def test_mails_that_an_account_asks_for(world: "World") -> None:
    """Three an hour and six a day, without a pause: a mistyped address is corrected at once."""
    slot = throttle.account_slot(world.limits, "account", "email-change")
    times = [NOW, NOW, NOW + 1, NOW + 2, NOW + HOUR - 1]
    assert written(world, times, slot) == [NOW, NOW, NOW + 1]
    later = [NOW + HOUR, NOW + HOUR + 1, NOW + 2 * HOUR, NOW + 3 * HOUR, NOW + DAY - 1, NOW + DAY]
    assert written(world, later, slot) == [NOW + HOUR, NOW + HOUR + 1, NOW + 2 * HOUR, NOW + DAY]


def test_recipients_are_counted_apart(world: "World") -> None:
    """Mails to an address, an account or a registration take nothing from those to another."""
    for recipient in ("one", "two"):
        assert written(world, [NOW], throttle.address_slot(world.limits, recipient, "recovery"))
        assert written(world, [NOW], throttle.fresh_link_slot(world.limits, recipient))
        for kind in ("email-change", "other"):
            slot = throttle.account_slot(world.limits, recipient, kind)
            assert written(world, [NOW] * 4, slot) == [NOW] * 3
    kinds = {item["sk"]["S"] for item in world.items("MAIL#")}
    assert kinds == {"recovery", "fresh-link", "email-change", "other"}


@pytest.mark.guards("fresh-links-apart")
def test_fresh_links_of_a_registration(world: "World") -> None:
    """Fresh links are sixty seconds apart and at most three a day."""
    slot = throttle.fresh_link_slot(world.limits, "registration")
    times = [NOW, NOW + 59, NOW + 60, NOW + 120, NOW + 180, NOW + HOUR, NOW + DAY - 1, NOW + DAY]
    assert written(world, times, slot) == [NOW, NOW + 60, NOW + 120, NOW + DAY]


def test_kinds_of_mails_are_counted_apart(world: "World") -> None:
    """A mail of one kind takes nothing from those of another."""
    assert written(world, [NOW], throttle.address_slot(world.limits, MAC, "validation"))
    assert written(world, [NOW], throttle.address_slot(world.limits, MAC, "recovery"))


def test_a_full_slot_keeps_the_others(world: "World") -> None:
    """A mail refused by one of its limits takes no place under the others."""
    full = throttle.address_slot(world.limits, MAC, "validation")
    other = throttle.fresh_link_slot(world.limits, "registration")
    assert written(world, [NOW], full)
    world.table.send(Outgoing.new("validation", NOW), [other, full], NOW)
    assert written(world, [NOW], other)


def test_the_memory_of_mails_is_swept(world: "World") -> None:
    """What is noted of mails is kept a day, as long as the longest limit looks back."""
    written(world, [NOW], throttle.address_slot(world.limits, MAC, "validation"))
    (item,) = world.items("MAIL#")
    assert item["expires_at"]["N"] == str(NOW + DAY)
