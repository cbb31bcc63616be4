"""Limits on requests, logins and mails: counted in the table, by the time of arrival."""

from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from msgspec.structs import replace

from portal.core import keys
from portal.core.limits import (
    MailLimit,
    MailLimitedError,
    Rate,
    account_limit,
    limit_requests,
    mailbox_limit,
    take,
    take_of_domain,
)
from portal.core.outbox import Outgoing, send
from portal.core.problems import THROTTLED, Problem
from portal.core.records import DAY, HOUR
from portal.identity.attempts import count_attempt, count_failure, delay_after
from portal.identity.problems import LINK_EXPIRED
from portal.identity.records import DeviceFailures, Identifier
from tests.world.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.world import World

MINUTE = NOW // 60 * 60
MAC = "somebody"
DEVICE = "0" * 32


def request(world: "World", now: int, ip: str = "203.0.113.7", endpoint: str = "login") -> None:
    """Count one request."""
    limit_requests(world.table, keys.lookup_keys(), world.limits, endpoint, ip, now)


def waits[Counted](count: "Callable[[], Counted]") -> Counted | int:
    """Count an attempt; return its record, or the seconds to wait."""
    try:
        return count()
    except Problem as problem:
        if problem.kind is not THROTTLED or problem.retry_after is None:
            raise
        return problem.retry_after


def attempt(world: "World", at: float, mac: str = MAC) -> Identifier | int:
    """Count an attempt at a time in seconds; return the record, or the seconds to wait."""
    return waits(lambda: count_attempt(world.table, world.limits, mac, None, round(at * 1000))[0])


def failure(
    world: "World", at: float, mac: str = MAC, device: str | None = None, free: int = 5
) -> Identifier | DeviceFailures | int:
    """Count an attempt in one count only, with its own free failures; return as ``attempt``."""
    limits, now_ms = replace(world.limits, free_failures=free), round(at * 1000)
    if device is None:
        key = Identifier.key_of(mac=mac)
        return waits(lambda: count_failure(world.table, Identifier, key, mac, limits, now_ms))
    key = DeviceFailures.key_of(mac=mac, device=device)
    return waits(lambda: count_failure(world.table, DeviceFailures, key, mac, limits, now_ms))


def written(world: "World", times: list[int], limit: MailLimit) -> list[int]:
    """Ask for a mail at each time; return the times at which one was written."""
    done: list[int] = []
    for now in times:
        before = len(world.items("OUTBOX#"))
        send(world.table, Outgoing.new("validation", now), [limit])
        done += [now] * (len(world.items("OUTBOX#")) - before)
    return done


@pytest.mark.guards("requests-a-minute")
def test_sixty_requests_a_minute(world: "World") -> None:
    """An address can send sixty requests a minute; then it learns when the minute ends."""
    for _ in range(60):
        request(world, MINUTE + 20)
    with pytest.raises(Problem) as caught:
        request(world, MINUTE + 21)
    assert caught.value.kind is THROTTLED
    assert caught.value.retry_after == 39
    request(world, MINUTE + 60)


def test_addresses_and_endpoints_are_counted_apart(world: "World") -> None:
    """A caller's requests to an endpoint count for no other caller or endpoint."""
    for _ in range(60):
        request(world, MINUTE)
    request(world, MINUTE, ip="203.0.113.8")
    request(world, MINUTE, endpoint="signup")


def test_no_address_is_stored(world: "World") -> None:
    """The counter of requests has the address's hash only, and is swept after two minutes."""
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
    """The sixth guess waits 1 s, the next 2, 4 … 900 s; refused ones are not counted."""
    at = float(NOW)
    for n in range(5):
        record = attempt(world, at)
        assert isinstance(record, Identifier)
        assert record.failures == n + 1
    for delay in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900):
        assert attempt(world, at) == delay
        assert attempt(world, at + delay - 0.001) == 1
        at += delay
        assert isinstance(attempt(world, at), Identifier)


def test_the_wait_is_rounded_up(world: "World") -> None:
    """After the seconds that were answered a try is allowed: fractions are rounded up."""
    for _ in range(7):
        failure(world, NOW, free=100)
    assert attempt(world, NOW + 0.5) == 4
    assert attempt(world, NOW + 3.999) == 1
    assert isinstance(attempt(world, NOW + 4), Identifier)


def test_refused_guesses_do_not_prolong_the_wait(world: "World") -> None:
    """Somebody else's guesses during a delay do not make it longer."""
    for _ in range(5):
        attempt(world, NOW)
    for tenth in range(1, 10):
        assert attempt(world, NOW + tenth / 10) == 1
    assert isinstance(attempt(world, NOW + 1), Identifier)


def test_a_millisecond_more_is_a_second_more(world: "World") -> None:
    """A wait of one second and one millisecond is answered as two seconds."""
    for _ in range(6):
        failure(world, NOW, free=100)
    assert attempt(world, NOW + 0.999) == 2
    assert attempt(world, NOW + 1) == 1


def test_a_device_is_counted_apart(world: "World") -> None:
    """A known device has its own five free failures, and waits like any other."""
    for _ in range(5):
        attempt(world, NOW)
    for device in (DEVICE, "1" * 32):
        known = Mock(return_value=device)
        for _ in range(5):
            found, counted_for = count_attempt(world.table, world.limits, MAC, known, NOW * 1000)
            assert (found.failures, counted_for) == (5, device)
        with pytest.raises(Problem) as caught:
            count_attempt(world.table, world.limits, MAC, known, NOW * 1000)
        assert (caught.value.kind, caught.value.retry_after) == (THROTTLED, 1)


def test_a_device_uses_the_count_of_all_first(world: "World") -> None:
    """While the identifier is not delayed, a known device uses the identifier's count."""
    known = Mock(return_value=DEVICE)
    found, counted_for = count_attempt(world.table, world.limits, MAC, known, NOW * 1000)
    assert (found.failures, counted_for) == (1, None)
    known.assert_not_called()
    assert [item["sk"]["S"] for item in world.items("LOGIN#")] == ["LOGIN"]


def test_identifiers_are_counted_apart(world: "World") -> None:
    """Guesses at one identifier do not delay another."""
    for _ in range(6):
        attempt(world, NOW)
    assert isinstance(attempt(world, NOW, mac="another"), Identifier)


def test_an_unknown_identifier_is_soon_forgotten(world: "World") -> None:
    """The count of an unknown identifier is swept a day after its last attempt."""
    attempt(world, NOW)
    attempt(world, NOW + 100)
    (item,) = world.items("LOGIN#")
    assert item["expires_at"]["N"] == str(NOW + 100 + DAY)
    assert "kept_until" not in item


@pytest.mark.parametrize("device", [None, DEVICE])
@pytest.mark.parametrize("failures", [1, 5, 20])
def test_failures_are_forgotten_after_a_day(
    world: "World", failures: int, device: str | None
) -> None:
    """A day after the last failure all five are free again, swept or not."""
    for _ in range(failures):
        failure(world, NOW, device=device, free=100)
    found = failure(world, NOW + DAY - 0.001, device=device)
    assert not isinstance(found, int)
    assert found.failures == failures + 1
    again = [failure(world, NOW + 2 * DAY, device=device) for _ in range(6)]
    assert [isinstance(each, int) for each in again] == [False] * 5 + [True]


@pytest.mark.guards("failures-forgotten-alike")
def test_failures_of_all_are_forgotten_alike(world: "World") -> None:
    """Days after some failures, an account answers guesses as an unknown identifier does."""
    world.open_account()
    account = world.identifier("michele.dupont@example.fr")
    assert account
    seen: list[list[object]] = []
    for mac in (account.mac, MAC):
        for _ in range(7):
            failure(world, NOW, mac, free=100)
        if mac == MAC:
            world.sweep("LOGIN#somebody")
        seen.append([isinstance(attempt(world, NOW + 2 * DAY, mac), Identifier) for _ in range(7)])
    assert seen == [[True] * 5 + [False] * 2] * 2
    found = world.identifier("michele.dupont@example.fr")
    assert found
    assert found.account_id, "it still points to its account"
    assert world.credentials("michele.dupont@example.fr").password_hash


@pytest.mark.guards("one-attempt-for-one-delay")
@pytest.mark.parametrize(
    ("failures", "later", "first", "second"), [(1, 2 * DAY, 1, "2 failures"), (5, 1, 6, "wait 2 s")]
)
def test_of_two_that_read_one_count_both_count(
    world: "World",
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    later: int,
    first: int,
    second: str,
) -> None:
    """Two attempts that read the same count are judged one after the other."""
    for _ in range(failures):
        failure(world, NOW)
    client: Any = world.table._client
    write = client.update_item
    others: list[object] = []

    def write_after_another(**asked: Any) -> Any:
        if ":if_failures" in asked["ExpressionAttributeValues"] and not others:
            others.append("first, to end here the next time")
            others[:] = [attempt(world, NOW + later)]
        return write(**asked)

    monkeypatch.setattr(client, "update_item", write_after_another)
    found = attempt(world, NOW + later)
    (other,) = others
    assert isinstance(other, Identifier)
    assert other.failures == first
    judged = f"wait {found} s" if isinstance(found, int) else f"{found.failures} failures"
    assert judged == second


def test_a_count_removed_meanwhile_starts_again(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt whose record is removed meanwhile counts as the first."""
    for _ in range(5):
        failure(world, NOW)
    client: Any = world.table._client
    write = client.update_item
    swept: list[bool] = []

    def write_after_the_sweep(**asked: Any) -> Any:
        if ":if_failures" in asked["ExpressionAttributeValues"]:
            swept.append(True)
            client.delete_item(TableName=asked["TableName"], Key=asked["Key"])
        return write(**asked)

    monkeypatch.setattr(client, "update_item", write_after_the_sweep)
    found = attempt(world, NOW + 1)
    assert swept == [True]
    assert isinstance(found, Identifier)
    assert found.failures == 1


def test_the_number_of_free_failures_is_a_parameter(world: "World") -> None:
    """With another number of free failures, delays start later and still end at 15 minutes."""
    assert isinstance(failure(world, NOW, free=1), Identifier)
    assert failure(world, NOW, free=1) == 1
    assert [delay_after(failures, 1) for failures in (0, 1, 2, 999)] == [0, 1, 2, 900]


def test_an_attempt_is_one_round_trip(world: "World") -> None:
    """Counting an attempt and reading its record is one call, refused or not."""
    for _ in range(6):
        with world.calls.counted() as made:
            attempt(world, NOW)
        assert made == ["UpdateItem"]
    with world.calls.counted() as made:
        attempt(world, NOW + 1)
    assert made == ["UpdateItem", "UpdateItem"], "one more after a delay"


@pytest.mark.guards("mails-apart", "mails-an-hour", "mails-a-day")
def test_mails_to_an_address(world: "World") -> None:
    """One mail a minute, three an hour, six a day; more are silently not written."""
    limit = mailbox_limit(world.limits, MAC, "validation")
    times = [NOW, NOW + 59, NOW + 60, NOW + 61, NOW + 120, NOW + 180, NOW + HOUR - 1, NOW + HOUR]
    assert written(world, times, limit) == [NOW, NOW + 60, NOW + 120, NOW + HOUR]
    later = [NOW + HOUR + 60, NOW + HOUR + 120, NOW + 3 * HOUR, NOW + DAY - 1, NOW + DAY]
    assert written(world, later, limit) == [NOW + HOUR + 60, NOW + HOUR + 120, NOW + DAY]


def test_mails_that_an_account_asks_for(world: "World") -> None:
    """Three mails an hour and six a day, without a pause: an address can be corrected at once."""
    limit = account_limit(world.limits, "account", "email-change")
    times = [NOW, NOW, NOW + 1, NOW + 2, NOW + HOUR - 1]
    assert written(world, times, limit) == [NOW, NOW, NOW + 1]
    later = [NOW + HOUR, NOW + HOUR + 1, NOW + 2 * HOUR, NOW + 3 * HOUR, NOW + DAY - 1, NOW + DAY]
    assert written(world, later, limit) == [NOW + HOUR, NOW + HOUR + 1, NOW + 2 * HOUR, NOW + DAY]


def test_recipients_are_counted_apart(world: "World") -> None:
    """Mails to an address, an account or a registration do not count for another."""
    for recipient in ("one", "two"):
        assert written(world, [NOW], mailbox_limit(world.limits, recipient, "recovery"))
        assert written(
            world, [NOW], MailLimit(recipient, "fresh-link", (Rate(1, 60), Rate(3, DAY)))
        )
        for kind in ("email-change", "other"):
            limit = account_limit(world.limits, recipient, kind)
            assert written(world, [NOW] * 4, limit) == [NOW] * 3
    kinds = {item["sk"]["S"] for item in world.items("MAIL#")}
    assert kinds == {"recovery", "fresh-link", "email-change", "other"}


@pytest.mark.guards("fresh-links-apart")
def test_fresh_links_of_a_registration(world: "World") -> None:
    """New links are at least sixty seconds apart and at most three a day."""
    registration_id = world.sign_up()
    (mail,) = world.deliver()
    late = NOW + 2 * HOUR
    times = [0, 59, 60, 120, 180, HOUR, DAY - 1, DAY]
    done: list[int] = []
    for after in times:
        for item in world.items("MAIL#"):  # so that only the limit of the registration is left
            if item["sk"]["S"] != "fresh-link":
                world.sweep(item["pk"]["S"])
        before = len(world.messages())
        with pytest.raises(Problem) as caught:
            world.open_link(mail.token, late + after)
        assert caught.value.kind is LINK_EXPIRED
        done += [after] * (len(world.messages()) - before)
    assert done == [0, 60, 120, DAY]
    assert {each.about["registration_id"] for each in world.messages()} == {registration_id}
    assert world.items(f"MAIL#{registration_id}")


def test_kinds_of_mails_are_counted_apart(world: "World") -> None:
    """A mail of one kind does not count for another kind."""
    assert written(world, [NOW], mailbox_limit(world.limits, MAC, "validation"))
    assert written(world, [NOW], mailbox_limit(world.limits, MAC, "recovery"))


def test_a_refused_mail_counts_in_no_limit(world: "World") -> None:
    """A mail refused by one of its limits does not count in the others."""
    full = mailbox_limit(world.limits, MAC, "validation")
    other = account_limit(world.limits, "account", "email-change")
    assert written(world, [NOW], full)
    for _ in range(3):
        send(world.table, Outgoing.new("validation", NOW), [other, full])
    assert written(world, [NOW] * 4, other) == [NOW] * 3


def test_a_full_limit_is_refused_by_name(world: "World") -> None:
    """A mail that a limit refuses raises an exception of its own."""
    limit = mailbox_limit(world.limits, MAC, "validation")
    world.table.write(take(limit, NOW))
    with pytest.raises(MailLimitedError):
        world.table.transact(take(limit, NOW + 59))
    world.table.write(take(limit, NOW + 60))


def test_the_memory_of_mails_is_swept(world: "World") -> None:
    """The times of mails are kept a day, as the longest limit needs."""
    written(world, [NOW], mailbox_limit(world.limits, MAC, "validation"))
    (item,) = world.items("MAIL#")
    assert item["expires_at"]["N"] == str(NOW + DAY)


@pytest.mark.guards("mails-of-a-domain")
def test_mails_to_a_domain(world: "World") -> None:
    """So many mails of a kind an hour go to a domain; other kinds and domains have their own."""
    limits = replace(world.limits, mail_per_domain=2)

    def sent(now: int, domain: str = "domain", kind: str = "validation") -> bool:
        try:
            world.table.write(take_of_domain(limits, domain, kind, now))
        except MailLimitedError:
            return False
        return True

    hour = NOW // HOUR * HOUR
    assert [sent(hour), sent(hour + 1), sent(hour + HOUR - 1)] == [True, True, False]
    assert sent(hour, kind="recovery")
    assert sent(hour, domain="another")
    assert sent(hour + HOUR)
    assert {item["expires_at"]["N"] for item in world.items("MAIL#another")} == {
        str(hour + 2 * HOUR)
    }
