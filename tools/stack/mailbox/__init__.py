"""The mailbox: every mail that the local portal sends, shown in a browser as a person sees it.

It runs beside the emulator as a process of its own, `python -m tools.stack.mailbox`, and ends with
it.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tools.stack.stack import HOST, ROOT, Stack, StackError, is_taken

_DISTANCE = 100
_PORTS = 65536
_READY_SECONDS = 20
_STOP_SECONDS = 5


def port_of(portal: int) -> int:
    """Return the port of the mailbox of a portal: a hundred above it, 4666 for 4566."""
    return portal + _DISTANCE if portal + _DISTANCE < _PORTS else portal - _DISTANCE


def address(stack: Stack) -> str:
    """Return the address of the mailbox, for a browser."""
    return f"http://{HOST}:{port_of(stack.port)}/"


def record_of(stack: Stack) -> Path:
    """Return the file that the mailbox locks while it runs: its process id."""
    return stack.folder / "mailbox.json"


def check_port(stack: Stack) -> None:
    """Raise ``StackError`` if another program has the port that the mailbox needs."""
    number = port_of(stack.port)
    if running(stack) is None and is_taken(number):
        raise StackError(
            f"Port {number} is taken by another program, and the mailbox of a portal on port "
            f"{stack.port} needs it. Choose another for the portal, for example: "
            f"make up PORT={stack.port + 2 if stack.port + 2 < _PORTS else stack.port - 2}"
        )


def running(stack: Stack) -> int | None:
    """Return the process id of the mailbox, or ``None``."""
    found = _recorded(stack)
    return found["pid"] if found else None


def _recorded(stack: Stack) -> dict[str, int] | None:
    """Return the process id and port of the mailbox, which locks its record while it runs."""
    with suppress(FileNotFoundError), record_of(stack).open() as record:
        try:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return json.load(record)
    return None


def start(stack: Stack) -> None:
    """Start the mailbox of a running portal; it ends by itself when the portal stops."""
    if found := _recorded(stack):
        if found["port"] == port_of(stack.port):
            return
        stop(stack)  # of a portal that was on another port a moment ago
    check_port(stack)
    log = stack.folder / "mailbox.log"
    with record_of(stack).open("a+") as record, log.open("wb") as output:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.stack.mailbox", stack.name, str(stack.folder.parent)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(record.fileno(),),
        )
        threading.Thread(target=process.wait, daemon=True).start()  # no zombie when it ends first
        record.truncate(0)
        json.dump({"pid": process.pid, "port": port_of(stack.port)}, record)
    deadline = time.monotonic() + _READY_SECONDS
    while not is_taken(port_of(stack.port)):
        if process.returncode is not None or time.monotonic() > deadline:
            raise StackError(f"The mailbox did not start: see {log}.")
        time.sleep(0.05)


def stop(stack: Stack) -> None:
    """Stop the mailbox, if it runs."""
    pid = running(stack)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while running(stack) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
