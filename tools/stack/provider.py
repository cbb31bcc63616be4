"""The login provider beside the local portal: confirms people who are made up, by one click.

It is a package of its own, which knows nothing of the portal: its pages are in English.
"""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from tools.stack.stack import HOST, LOCAL, Stack, StackError, is_taken

PEOPLE = Path(__file__).with_name("people.json")
_READY_SECONDS = 30
_STOP_SECONDS = 5


def check_port(stack: Stack) -> None:
    """Raise ``StackError`` if another program has the port that the provider needs."""
    number = stack.provider_port
    if running(stack) is None and is_taken(number):
        raise StackError(
            f"Port {number} is taken by another program, and the login provider of a portal on "
            f"port {stack.port} needs it. Choose another for the portal: make up PORT=…"
        )


def running(stack: Stack) -> int | None:
    """Return the process id of the provider, which locks its record while it runs, or ``None``."""
    with suppress(FileNotFoundError), _record(stack).open() as record:
        try:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return json.load(record)["pid"]
    return None


def start(stack: Stack) -> None:
    """Start the provider of a portal, unless it runs."""
    if running(stack) is not None:
        return
    check_port(stack)
    program = LOCAL / "stack" / "bin" / "oidc-provider-mock"
    port = str(stack.provider_port)
    log = stack.folder / "provider.log"
    with _record(stack).open("a+") as record, log.open("wb") as output:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process = subprocess.Popen(
            [program, "--host", HOST, "--port", port, "--user-claims-file", PEOPLE],
            cwd=stack.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(record.fileno(),),
        )
        threading.Thread(target=process.wait, daemon=True).start()  # no zombie when it ends first
        record.truncate(0)
        json.dump({"pid": process.pid}, record)
    deadline = time.monotonic() + _READY_SECONDS
    while not is_taken(stack.provider_port):
        if process.returncode is not None or time.monotonic() > deadline:
            raise StackError(f"The login provider did not start: see {log}.")
        time.sleep(0.05)


def stop(stack: Stack) -> None:
    """Stop the provider, if it runs."""
    pid = running(stack)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while running(stack) is not None and time.monotonic() < deadline:
            time.sleep(0.05)


def _record(stack: Stack) -> Path:
    return stack.folder / "provider.json"
