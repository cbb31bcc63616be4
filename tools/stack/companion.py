"""A program that runs beside the local portal: started once, found again, stopped.

It locks its record, a file of the portal's folder, for as long as it runs: a crash leaves no record
that lies.
"""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tools.stack.stack import Stack, StackError, is_taken

_PORTS = 65536
_READY_SECONDS = 30
_STOP_SECONDS = 5


class Companion(NamedTuple):
    """A program beside a portal: the name of its files, its title in messages, how it starts."""

    stack: Stack
    name: str
    title: str
    port: int
    command: Sequence[str | Path]
    folder: Path

    def check_port(self) -> None:
        """Raise ``StackError`` if another program has the port that it needs."""
        portal = self.stack.port
        if self.pid is None and is_taken(self.port):
            raise StackError(
                f"Port {self.port} is taken by another program, and the {self.title} of a portal "
                f"on port {portal} needs it. Choose another for the portal, for example: "
                f"make up PORT={portal + 2 if portal + 2 < _PORTS else portal - 2}"
            )

    @property
    def pid(self) -> int | None:
        """Its process id, ``None`` when it does not run."""
        found = self._recorded()
        return found["pid"] if found else None

    def start(self) -> None:
        """Start it, unless it runs; raises ``StackError`` when it does not answer in time."""
        if found := self._recorded():
            if found["port"] == self.port:
                return
            self.stop()  # of a portal that was on another port a moment ago
        self.check_port()
        log = self.stack.folder / f"{self.name}.log"
        with self._record.open("a+") as record, log.open("wb") as output:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(record.fileno(),),
            )
            # No zombie when it ends first.
            threading.Thread(target=process.wait, daemon=True).start()
            record.truncate(0)
            json.dump({"pid": process.pid, "port": self.port}, record)
        deadline = time.monotonic() + _READY_SECONDS
        while not is_taken(self.port):
            if process.returncode is not None or time.monotonic() > deadline:
                raise StackError(f"The {self.title} did not start: see {log}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it, if it runs."""
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_SECONDS
            while self.pid is not None and time.monotonic() < deadline:
                time.sleep(0.05)

    def _recorded(self) -> dict[str, int] | None:
        """Return its process id and port while it runs."""
        with suppress(FileNotFoundError), self._record.open() as record:
            try:
                fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return json.load(record)
        return None

    @property
    def _record(self) -> Path:
        return self.stack.folder / f"{self.name}.json"
