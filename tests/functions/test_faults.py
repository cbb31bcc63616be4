"""Every AWS call of every use case fails once, before or after its effect.

Each call fails in one way, one before its effect, the next after it. `make faults` fails each call
before its effect and after it, in each of the ways of ``FAULTS``.

Then the use case is repeated, as a client, the stream or the bus would do. In the end the table is
as after one undisturbed try: nothing is lost, and nothing but a mail is there twice.
"""

import os
import time
from collections import Counter
from contextlib import contextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from portal.core import aws, keys
from portal.core.bus import NotPublishedError
from portal.core.outbox import list_unsent, replay
from tests.world.bank import Bucket
from tests.world.cloud import CLIENTS, over_http
from tests.world.use_cases import USE_CASES, Scene, UseCase, mails_and_events, restore, stop_clock
from tests.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.world.functions import Answer, Gateway

FAULTS: dict[str, Exception] = {
    "throttling": ClientError({"Error": {"Code": "ThrottlingException"}}, "Any"),
    "connection": EndpointConnectionError(endpoint_url="https://aws.invalid"),
    "5xx": ClientError({"Error": {"Code": "InternalServerError"}}, "Any"),
    "timeout": ReadTimeoutError(endpoint_url="https://aws.invalid"),
}
WAYS = (
    [
        pytest.param(n, effect, id=f"{effect}-{n}")
        for effect in ("before", "after")
        for n in range(4)
    ]
    if "EVERY_FAULT" in os.environ
    else [pytest.param(0, "alternately", id="alternately")]
)
"""The fault to start with, and whether calls fail before their effect or after it."""


class Faults:
    """Fails the n-th call of a block, before its effect or after."""

    def __init__(self) -> None:
        self.calls = 0
        self.target = -1
        self.failure: Exception | None = None
        self.operations: list[str] = []
        """The operations called, in order."""

    def before(self, **_: Any) -> None:
        """Count a call that starts; called by botocore."""
        if self.calls == self.target and self.failure and not self.after_effect:
            self.calls += 1
            raise self.failure.with_traceback(None)  # one exception for all, which would grow

    def after(self, model: Any, **_: Any) -> None:
        """Count a call that took effect; called by botocore."""
        self.calls += 1
        self.operations.append(model.name)
        if self.calls - 1 == self.target and self.failure and self.after_effect:
            raise self.failure.with_traceback(None)  # one exception for all, which would grow

    after_effect = False

    @contextmanager
    def at(self, n: int, failure: Exception | None, *, after: bool) -> "Generator[None]":
        """Fail the n-th call of the block; with ``None`` count the calls only."""
        self.calls, self.target, self.failure, self.after_effect = 0, n, failure, after
        for client in CLIENTS:
            client().meta.events.register_first("before-call.*.*", self.before)
            client().meta.events.register_last("after-call.*.*", self.after)
        try:
            yield
        finally:
            for client in CLIENTS:
                client().meta.events.unregister("before-call.*.*", self.before)
                client().meta.events.unregister("after-call.*.*", self.after)


def attempt(case: UseCase, scene: Scene) -> "Answer | Exception | None":
    """Ask once; return the answer, or what the function of an event raises."""
    try:
        return case.ask(scene)
    except (BotoCoreError, ClientError, NotPublishedError) as failure:
        return failure


def finish(case: UseCase, scene: Scene) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Send what waits; return the records in the table, the mails and the events."""
    scene.drain()
    scene.drain()
    outcome = scene.outcome()
    mails, events = mails_and_events(scene.world)
    assert case.is_done(scene) is not False
    return outcome, mails, events


@pytest.mark.guards("mail-with-its-cause", only="sign up-alternately")
@pytest.mark.parametrize(("first", "effect"), WAYS, ids=str)
@pytest.mark.parametrize("case", USE_CASES, ids=lambda case: case.name)
def test_whatever_fails_nothing_is_lost(
    world: World,
    gateway: "Gateway",
    monkeypatch: pytest.MonkeyPatch,
    case: UseCase,
    first: int,
    effect: str,
) -> None:
    """After any call fails and the request is repeated, the result is that of one good try."""
    scene = Scene(world, gateway, stop_clock(monkeypatch))
    case.prepare(scene)
    start, dropped = world.items(), Bucket(gateway).files("in/")
    sent = len(world.calls.all)
    faults = Faults()

    def again() -> None:
        restore(world, start)
        for name, content in dropped.items():
            Bucket(gateway).put(name, content)
        keys._cache.clear()
        del world.calls.all[sent:]

    keys._cache.clear()
    with faults.at(-1, None, after=False):
        usual = attempt(case, scene)
    made = list(faults.operations)
    assert made
    normal = getattr(usual, "status", None)
    whole = finish(case, scene)
    turn = islice(cycle(FAULTS.items()), first, None)
    after = effect != "before"
    for n, operation in enumerate(made):
        if 0 < n < len(made) - 1 and made[n - 1] == operation == made[n + 1]:
            continue  # one of many alike
        name, failure = next(turn)
        after = not after if effect == "alternately" else after
        again()
        what = f"{case.name}: {operation}, call {n + 1} of {len(made)}, {name}"
        with faults.at(n, failure, after=after):
            disturbed = attempt(case, scene)
        assert faults.calls > n, what
        answered(disturbed, normal, what)
        # The stream does not wait for the client to ask again.
        scene.drain()
        if operation == "SendEmail" and name == "timeout":
            was_not_repeated(scene, what)
        repeated = attempt(case, scene)
        if normal is not None:
            assert getattr(repeated, "status", None) in {normal, *case.again}, what
        else:
            assert repeated is None, what
        compare(case, whole, finish(case, scene), what)


def was_not_repeated(scene: Scene, what: str) -> None:
    """Check that a mail without answer waits, unsent, until an operator replays it."""
    given = len(scene.world.mails())
    scene.drain()
    assert len(scene.world.mails()) == given, what
    (unsent,) = list_unsent(scene.world.table)
    assert replay(scene.world.table, unsent, scene.now), what


def answered(answer: Any, normal: int | None, what: str) -> None:
    """Check that a disturbed request got the usual answer, or one that says to retry."""
    if normal is None or answer.status == normal:
        return
    assert answer.status == 503, what
    assert answer.headers["Content-Type"] == ["application/problem+json"], what
    assert int(answer.headers["Retry-After"][0]) > 0, what


def compare(
    case: UseCase,
    whole: tuple[Counter[str], Counter[str], Counter[str]],
    found: tuple[Counter[str], Counter[str], Counter[str]],
    what: str,
) -> None:
    """Check that nothing is lost, and nothing is doubled but mails and what the case allows."""
    for usual, now in zip(whole, found, strict=True):
        assert not usual - now, f"{what}: lost {usual - now}"
    extra = {name for name in whole[0].keys() | found[0].keys() if found[0][name] > whole[0][name]}
    assert extra <= case.doubled, f"{what}: doubled {extra - case.doubled}"
    others = {mail for mail in found[1] if mail not in whole[1]}
    assert {mail.partition(": ")[2] for mail in others} <= case.doubled, f"{what}: {others}"
    assert set(found[2]) == set(whole[2]), f"{what}: other events"
    assert found[0]["ACCOUNT"] == whole[0]["ACCOUNT"] <= 2, what
    assert not found[0]["OUTBOX"], what


@pytest.mark.guards("attempts")
@pytest.mark.parametrize("failure", FAULTS.values(), ids=FAULTS)
def test_one_failed_attempt_is_not_noticed(
    world: World,
    gateway: "Gateway",
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call that fails once is repeated by the client, and the answer is the usual one."""
    scene = Scene(world, gateway, stop_clock(monkeypatch))
    next(each for each in USE_CASES if each.name == "open").prepare(scene)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    tries: list[int] = []

    def fail(**_: object) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ReadTimeoutError(endpoint_url="https://aws.invalid") from failure

    events = aws.dynamodb().meta.events
    events.register_first("before-send.dynamodb.BatchGetItem", fail)
    try:
        with over_http():
            answer = scene.ask(
                "validate_email", "POST", "/api/email-validation", {"token": scene.token}
            )
    finally:
        events.unregister("before-send.dynamodb.BatchGetItem", fail)
    assert (answer.status, len(tries)) == (200, 3), "two reads, one of them twice"


def test_a_busy_table_is_503(
    world: World, gateway: "Gateway", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that always conflicts is answered 503; the next request succeeds."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    scene = Scene(world, gateway, stop_clock(monkeypatch))
    conflict = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    }
    sign_up: Callable[[Scene], Any] = USE_CASES[0].ask
    with world.answering(aws.dynamodb(), "TransactWriteItems", conflict, status=400):
        answer = sign_up(scene)
    assert (answer.status, answer.headers["Retry-After"]) == (503, ["1"])
    assert not world.items("REGISTRATION#")
    assert sign_up(scene).status == 202
