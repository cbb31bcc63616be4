"""Mails given to SES: its pace, its refusals, and the answers that do not come."""

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from portal.core import aws
from portal.core.limits import take_of_second
from portal.core.outbox import PerhapsSentError, list_unsent, replay
from portal.core.post import PAUSES, RESERVE, NoTimeLeftError, Post
from tests.world.functions import Context, load_function
from tests.world.use_cases import EMAIL, stream
from tests.world.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


THROTTLED = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "SendEmail")


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, end: float) -> None:
        self.now = float(NOW)
        self.end = NOW + end

    def sleep(self, seconds: float) -> None:
        """Move forward."""
        assert seconds >= 0
        self.now += seconds

    def left(self) -> float:
        """Return the seconds to the end of the execution."""
        return self.end - self.now


@pytest.fixture
def clock(world: World, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the functions' clock, at the start of an execution of five minutes."""
    assert world
    clock = Clock(300)
    monkeypatch.setattr(time, "time", lambda: clock.now)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


class SlowSes:
    """An endpoint of SES that answers a request after some seconds, which nobody waits for.

    It stands where botocore hands a request to its connection, so every attempt comes here; it
    raises what the connection does when the client's own limit is shorter.
    """

    def __init__(self, *answers: "float | Exception | tuple[int, str]") -> None:
        self.answers = list(answers)
        self.received = 0

    def __call__(self, request: Any, **_: object) -> AWSResponse:
        """Take a request; called by botocore."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, EndpointConnectionError):
            raise answer  # before anything was sent
        self.received += 1
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            status, code = answer
            return self._response(request, status, f'{{"__type": "{code}"}}', code)
        if answer > aws.ses().meta.config.read_timeout:
            raise ReadTimeoutError(endpoint_url=request.url)
        return self._response(request, 200, '{"MessageId": "1"}')

    def _response(self, request: Any, status: int, text: str, code: str = "") -> AWSResponse:
        response = AWSResponse(request.url, status, {"x-amzn-errortype": code}, None)
        response._content = text.encode()
        return response


@pytest.fixture
def ses(world: World) -> "Iterator[Callable[..., SlowSes]]":
    """Return the function that puts an endpoint in the place of SES."""
    assert world
    events, placed = aws.ses().meta.events, list[SlowSes]()

    def place(*answers: "float | Exception | tuple[int, str]") -> SlowSes:
        placed.append(SlowSes(*answers))
        events.register_first("before-send.sesv2.SendEmail", placed[-1])
        return placed[-1]

    yield place
    for each in placed:
        events.unregister("before-send.sesv2.SendEmail", each)


def invoke(world: World, clock: Clock) -> list[dict[str, str]]:
    """Let the function send what waits; return what it could not."""
    context = Context(seconds_left=clock.left)
    waiting = world.items("OUTBOX#")
    answer = load_function("send_mail").handler(stream(waiting), context) if waiting else {}
    return answer.get("batchItemFailures", [])


def post(world: World, clock: Clock) -> Post:
    """Return the post of an execution."""
    return Post(aws.ses(), world.table, world.limits, clock.left)


# The pace


@pytest.mark.guards("mails-a-second")
def test_mails_leave_at_the_rate_of_ses(world: World, clock: Clock) -> None:
    """However many executions send at one moment, no second has more mails than SES takes."""
    sent = Counter[int]()
    for _ in range(40):
        clock.now = NOW + 0.5  # forty executions at once
        post(world, clock)._wait_for_turn()
        sent[int(clock.now)] += 1
    assert sent == {NOW: 14, NOW + 1: 14, NOW + 2: 12}


def test_a_mail_waits_until_its_second_starts(world: World, clock: Clock) -> None:
    """A mail for which this second has no room waits for the start of the next, and no longer."""
    for _ in range(world.limits.mails_per_second):
        world.table.write(take_of_second(world.limits, NOW))
    clock.now = NOW + 0.25
    post(world, clock)._wait_for_turn()
    assert clock.now == NOW + 1


def test_a_batch_is_sent_at_the_rate_of_the_sandbox(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At one mail a second, a whole batch of each of four executions leaves before their end."""
    monkeypatch.setenv("MAILS_PER_SECOND", "1")
    load_function("send_mail").settings.cache_clear()
    outbox = world.template["Resources"]["SendMail"]["Properties"]["Events"]["Outbox"]
    for _ in range(4 * outbox["Properties"]["BatchSize"]):
        post(world, clock)._wait_for_turn()
    assert clock.left() > RESERVE


# What SES refuses for coming too fast


@pytest.mark.parametrize("code", ["TooManyRequestsException", "LimitExceededException"])
def test_a_throttled_mail_waits(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]", code: str
) -> None:
    """A mail that SES refuses for its rate waits and leaves in the same execution."""
    world.sign_up()
    endpoint = ses((429, code), (429, code), (429, code), 0.1)
    assert invoke(world, clock) == []
    assert endpoint.received == 4
    assert not world.messages()
    assert sum(PAUSES[:3]) / 2 <= clock.now - NOW <= sum(PAUSES[:3])


def test_a_mail_that_stays_throttled_is_kept(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]"
) -> None:
    """After a minute or two of refusals the message is left to the stream, and is not lost."""
    world.sign_up()
    (message,) = world.messages()
    endpoint = ses((429, "TooManyRequestsException"))
    assert len(invoke(world, clock)) == 1
    assert endpoint.received == len(PAUSES) + 1
    assert 60 <= clock.now - NOW <= 128
    assert world.messages() == [message]


def test_another_refusal_does_not_wait(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]"
) -> None:
    """A mail that SES refuses for itself is not offered again: others wait behind it."""
    world.sign_up()
    endpoint = ses((400, "MessageRejected"))
    assert len(invoke(world, clock)) == 1
    assert (endpoint.received, clock.now) == (1, NOW)


@pytest.mark.guards("no-mail-is-cut-off")
def test_no_mail_is_begun_at_the_end(world: World, ses: "Callable[..., SlowSes]") -> None:
    """An execution that could end before SES answers begins no mail: it would leave twice."""
    endpoint = ses(0.1)
    with pytest.raises(NoTimeLeftError):
        post(world, Clock(RESERVE - 1)).send(FromEmailAddress="a@portail.example")
    assert endpoint.received == 0
    config = aws.ses().meta.config
    assert config.connect_timeout + config.read_timeout < RESERVE


# Answers that do not come


@pytest.mark.guards("patience-with-ses")
def test_a_slow_answer_is_waited_for(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]"
) -> None:
    """A mail that SES needs twenty seconds for is sent once, and its message deleted."""
    world.sign_up()
    endpoint = ses(20.0)
    assert invoke(world, clock) == []
    assert endpoint.received == 1
    assert not world.messages()


@pytest.mark.guards("one-try-at-a-mail", "unanswered-is-not-repeated")
def test_a_mail_without_answer_is_not_repeated(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]"
) -> None:
    """A mail to which SES gives no answer is sent once, however often the stream tries it."""
    world.sign_up()
    endpoint = ses(40.0)
    for _ in range(6):
        assert len(invoke(world, clock)) == 1
    assert endpoint.received == 1
    assert [each.id for each in list_unsent(world.table)] == [each.id for each in world.messages()]


def test_an_operator_repeats_a_mail_without_answer(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]"
) -> None:
    """A replay sends it once more; without answer again, it waits again, and wakes nothing."""
    world.sign_up()
    endpoint = ses(40.0, 40.0, 0.1)
    invoke(world, clock)
    for received in (2, 3):
        (unsent,) = list_unsent(world.table)
        assert replay(world.table, unsent, NOW + 60)
        invoke(world, clock)
        invoke(world, clock)
        assert endpoint.received == received
        assert all("redriven_at" not in each for each in world.items("OUTBOX#"))
    assert not world.messages()


def test_a_mail_that_was_not_given_is_repeated(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]"
) -> None:
    """Without a connection nothing was sent: the stream tries again, and the mail leaves once."""
    world.sign_up()
    endpoint = ses(EndpointConnectionError(endpoint_url="https://email.invalid"), 0.1)
    assert len(invoke(world, clock)) == 1
    assert invoke(world, clock) == []
    assert endpoint.received == 1


def test_the_log_says_that_a_mail_may_have_left(
    world: World, clock: Clock, ses: "Callable[..., SlowSes]", log: "Callable[[], str]"
) -> None:
    """The log names what an operator looks for, and no address."""
    world.sign_up()
    ses(40.0)
    invoke(world, clock)
    assert PerhapsSentError.__name__ in log()
    assert EMAIL not in log()
