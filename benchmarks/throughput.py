"""Logins a second of one warm worker, compared with the hash alone and with other services."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from argon2 import PasswordHasher

from benchmarks import aws_endpoint, peers
from benchmarks.artefacts import Build
from benchmarks.figures import Bound, Figure, Section
from benchmarks.worker import Worker
from benchmarks.world import FUNCTIONS, PASSWORD, World

ROUNDS = 9
SECONDS = 1.5
_HOW = (
    "Logins with the same hash (argon2id, 19 MiB, 2 passes, 1 lane), one at a time over one "
    "connection. The portal is one worker under `awslambdaric`, DynamoDB a stub over HTTP; the "
    "peers are one process each, with SQLite. Compared are logins per second of the service's own "
    "processor: the machine is shared with the client, the stub and strangers, whose waits are in "
    "the logins a second that the client saw."
)
_HASH, _PORTAL = "bare argon2id", "portal"


@dataclass(slots=True)
class _Contestant:
    """A service that logs in, and the measurements of each round."""

    log_in: Callable[[], Awaitable[None]]
    cpu: Callable[[], float]
    rates: list[float] = field(default_factory=list[float])
    """Logins a second, measured by the client."""
    costs: list[float] = field(default_factory=list[float])
    """Processor time of the service for each login, in milliseconds."""

    async def run(self) -> None:
        """Log in for one round, one login at a time."""
        await self.log_in()
        count, cpu, started = 0, self.cpu(), time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            await self.log_in()
            count += 1
        self.rates.append(count / (time.perf_counter() - started))
        self.costs.append((self.cpu() - cpu) / count * 1000)


def measure(built: Build) -> Section:
    """Run every contestant in turn, nine times."""
    contestants = asyncio.run(_contest(built))
    ceiling = contestants[_HASH]
    portal = contestants[_PORTAL]
    at_least = Bound.AT_LEAST

    return Section(
        "Throughput",
        f"{_HOW} Medians of {ROUNDS} rounds of {SECONDS} s, one after the other in each.",
        [
            Figure("logins against bare argon2id", _ratio(portal, ceiling), 0.88, "×", at_least),
            *(
                Figure(
                    f"logins against {name}",
                    _ratio(portal, contestants[name]),
                    least,
                    "×",
                    at_least,
                )
                for name, least in (("fastapi-users", 1.0), ("django-allauth", 1.15))
            ),
        ],
        ["", "CPU per login, ms", "of the bare hash", "logins a second"],
        [
            (
                name,
                f"{statistics.median(each.costs):.1f}",
                f"{_ratio(each, ceiling):.2f}",
                f"{statistics.median(each.rates):.1f}",
            )
            for name, each in contestants.items()
        ],
    )


def _ratio(one: _Contestant, other: _Contestant) -> float:
    """Return the logins of one, divided by those of another, for the same processor time."""
    return statistics.median(b / a for a, b in zip(one.costs, other.costs, strict=True))


async def _contest(built: Build) -> dict[str, _Contestant]:
    hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    record = hasher.hash(PASSWORD)

    async def hash_alone() -> None:
        hasher.verify(record, PASSWORD)

    async with AsyncExitStack() as stack:
        url = stack.enter_context(aws_endpoint.running())
        worker = await stack.enter_async_context(
            Worker(built.code("Login"), built.layers, {"AWS_ENDPOINT_URL": url})
        )
        event = World().event(FUNCTIONS["Login"])

        async def portal() -> None:
            answer = await worker.invoke(event)
            if answer["statusCode"] != 200:
                raise RuntimeError(answer)

        contestants = {
            _HASH: _Contestant(hash_alone, time.process_time),
            _PORTAL: _Contestant(portal, lambda: worker.usage().cpu),
        }
        for peer in peers.PEERS:
            service = stack.enter_context(peers.running(peer))
            contestants[peer.name] = _Contestant(_async(service.log_in), _cpu_of(service))
        for _ in range(ROUNDS):
            for each in contestants.values():
                await each.run()
    return contestants


def _cpu_of(service: peers.Service) -> Callable[[], float]:
    return lambda: service.cpu


def _async(call: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def called() -> None:
        call()

    return called
