"""A function as Lambda runs it: its built code and layers under ``awslambdaric``.

This module has the Runtime API that sends it events and receives its answers.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.http_server import Answer, Request, listen, port_of
from benchmarks.world import ENVIRONMENT

_RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
_PATIENCE = 30.0
PYTHON: str = getattr(sys, "_base_executable", sys.executable)
"""The base interpreter, not the environment's: it does not import the developer's packages."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a worker has used so far: processor time in seconds, and peak memory."""

    cpu: float
    peak_mib: float


def usage(pid: int) -> Usage:
    """Return what a process and its children have used so far; the peak is the process's own."""
    process = Path("/proc") / str(pid)
    cpu = 0.0
    for thread in (process / "task").iterdir():
        cpu += int((thread / "schedstat").read_text().split()[0]) / 1e9
        cpu += sum(usage(int(each)).cpu for each in (thread / "children").read_text().split())
    lines = (process / "status").read_text().splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return Usage(cpu, kib / 1024)


def runtime_folder(home: str) -> Path:
    """Create a folder with only the runtime interface client, as in ``/var/runtime``."""
    folder = Path(home)
    for name in _RUNTIME:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def environment(code: Path, layers: Sequence[Path], *others: Path) -> dict[str, str]:
    """Return the environment in which Python finds a function and its layers only."""
    path = [code, *(each / "python" for each in layers), *others]
    return {
        **ENVIRONMENT,
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task and /opt are read-only
    }


class Worker:
    """One process of a function, started at the beginning of an ``async with`` block."""

    def __init__(
        self, code: Path, layers: Sequence[Path], environment: dict[str, str] | None = None
    ) -> None:
        self._code = code
        self._layers = layers
        self._environment = environment or {}
        self._events: asyncio.Queue[bytes] = asyncio.Queue()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._asked = 0
        self._started = 0.0
        self.ready_cpu = 0.0
        """Processor time of the init phase, in seconds: until the snapshot or the first event."""

    async def __aenter__(self) -> Self:
        self._server = await listen(self._answer)
        # Closed with the worker, which needs these files until then.
        self._runtime = tempfile.TemporaryDirectory()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        runtime = runtime_folder(self._runtime.name)
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            [PYTHON, "-s", "-m", "awslambdaric", "app.handler"],
            cwd=self._code,
            env={
                **environment(self._code, self._layers, runtime),
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port_of(self._server)}",
                "AWS_LAMBDA_FUNCTION_NAME": self._code.name,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
                "LAMBDA_TASK_ROOT": str(self._code),
                **self._environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._server.close()
        self._server.close_clients()
        await self._server.wait_closed()
        self._log.close()
        self._runtime.cleanup()

    @property
    def age(self) -> float:
        """Seconds since the process was started."""
        return time.perf_counter() - self._started

    async def invoke(self, event: object) -> Any:
        """Return the answer to an event; raises ``RuntimeError`` with the log when it fails."""
        self._events.put_nowait(json.dumps(event).encode())
        try:
            body = await asyncio.wait_for(self._answers.get(), _PATIENCE)
        except TimeoutError:
            body = b'{"errorType": "no answer"}'
        answer: Any = json.loads(body)
        if answer and "errorType" in answer:
            self._log.seek(0)
            raise RuntimeError(f"{self._code.name}: {answer}\n{self._log.read().decode()}")
        return answer

    def usage(self) -> Usage:
        """Return what the process has used so far."""
        return usage(self._process.pid)

    async def _answer(self, request: Request) -> Answer:
        if request.method == "POST":
            self._answers.put_nowait(request.body)
            return Answer(b'{"status":"OK"}', "202 Accepted")
        self.ready_cpu = self.ready_cpu or self.usage().cpu
        if request.path.endswith("/restore/next"):
            return Answer(b"{}")
        self._asked += 1
        return Answer(
            await self._events.get(),
            headers={
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": f"{self._asked:08}-0000-4000-8000-000000000000",
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 15_000),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-3:1:function:f",
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
            },
        )
