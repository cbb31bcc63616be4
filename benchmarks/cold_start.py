"""Cold starts: from the start of the process to its first answer."""

import asyncio
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import aws_endpoint
from benchmarks.artefacts import Build
from benchmarks.figures import Figure, Section
from benchmarks.worker import Worker
from benchmarks.world import FUNCTIONS, World

ROUNDS = 9
_TIGHT = {"Login", "ValidateEmail", "Logout"}
"""The functions with the tighter budget: a person waits for them most often."""
_SNAPSHOT = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
_EMPTY = "def handler(event, context):\n    return {'statusCode': 200}\n"


@dataclass(frozen=True, slots=True)
class _Start:
    init: float
    cpu: float
    wall: float
    peak_mib: float


def measure(built: Build) -> Section:
    """Start every function and the empty one in turn, nine times."""
    return asyncio.run(_measure(built))


async def _measure(built: Build) -> Section:
    starts: dict[str, list[_Start]] = {name: [] for name in ("", *FUNCTIONS)}
    restored: dict[str, list[_Start]] = {name: [] for name in FUNCTIONS}
    with tempfile.TemporaryDirectory() as folder, aws_endpoint.running() as url:
        (Path(folder) / "app.py").write_text(_EMPTY)
        for _ in range(ROUNDS):
            world = World()
            for name, each in starts.items():
                code = built.code(name) if name else Path(folder)
                event = world.event(FUNCTIONS[name]) if name else {}
                each.append(await _start(code, built, event, {"AWS_ENDPOINT_URL": url}))
                if name:
                    environment = {"AWS_ENDPOINT_URL": url, **_SNAPSHOT}
                    restored[name].append(await _start(code, built, event, environment))
    floors = starts.pop("")
    floor = statistics.median(each.cpu for each in floors)
    ratios = {
        name: statistics.median(a.cpu / b.cpu for a, b in zip(each, floors, strict=True))
        for name, each in starts.items()
    }
    memory = statistics.median(each.peak_mib for each in starts["Login"])
    left = {
        name: statistics.median((each.cpu - each.init) * 1000 for each in restored[name])
        for name in restored
    }
    world = World()
    waited_for = {name for name, case in FUNCTIONS.items() if "httpMethod" in world.event(case)}
    others = max((ratios.keys() & waited_for) - _TIGHT, key=ratios.__getitem__)
    slowest = max(left.keys() & waited_for, key=left.__getitem__)

    def median(measured: list[_Start], what: Callable[[_Start], float]) -> str:
        return f"{statistics.median(what(each) for each in measured):.0f}"

    return Section(
        "Cold start",
        f"`awslambdaric` with the built artefacts, AWS answered by a stub over HTTP; medians of "
        f"{ROUNDS} rounds, each function once a round. The floor, an empty handler, takes "
        f"{floor * 1000:.0f} ms of processor. « After a snapshot » is what is left "
        f"when SnapStart has the init phase behind it, without the restoring of the snapshot.",
        [
            *(
                Figure(f"cold start, {name}", ratios[name], 10, "× floor")
                for name in sorted(_TIGHT)
            ),
            Figure(
                f"cold start, others that people wait for (most: {others})",
                ratios[others],
                12,
                "× floor",
            ),
            Figure("memory of Login, hash included", memory, 75, "MiB"),
            Figure(
                f"after a snapshot, where people wait (most: {slowest})", left[slowest], 60, "ms"
            ),
        ],
        [
            "function",
            "init CPU, ms",
            "CPU, ms",
            "× floor",
            "wall, ms",
            "peak, MiB",
            "after a snapshot, ms",
        ],
        [
            (
                name,
                median(each, lambda start: start.init * 1000),
                median(each, lambda start: start.cpu * 1000),
                f"{ratios[name]:.1f}",
                median(each, lambda start: start.wall * 1000),
                median(each, lambda start: start.peak_mib),
                f"{left[name]:.0f}",
            )
            for name, each in starts.items()
        ],
    )


async def _start(code: Path, built: Build, event: object, environment: dict[str, str]) -> _Start:
    async with Worker(code, built.layers_of(code.name), environment) as worker:
        answer: dict[str, Any] | None = await worker.invoke(event)
        wall = worker.age
        if int((answer or {}).get("statusCode", 200)) >= 400:
            raise RuntimeError(f"{code.name} answered {answer}")
        usage = worker.usage()
        return _Start(worker.ready_cpu, usage.cpu, wall, usage.peak_mib)
