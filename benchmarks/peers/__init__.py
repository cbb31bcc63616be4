"""Other services that log in with the same hash, each started on its own port."""

import json
import os
import subprocess
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.worker import usage
from benchmarks.world import PASSWORD, ROOT
from tools.stack.stack import free_port

_HERE = Path(__file__).parent
_PYTHON = str(ROOT / ".local" / "peers" / "bin" / "python")
_NODE = ROOT / ".local" / "better_auth"
_START = 60.0
_JSON = {"Content-Type": "application/json"}
_ACCOUNTS = 8
_ALLAUTH = "/_allauth/app/v1/auth"


@dataclass(frozen=True, slots=True)
class Peer:
    """The command that starts a peer, and its paths for sign-up and login."""

    name: str
    command: tuple[str, ...]
    """``PORT`` in it is replaced by the port."""
    sign_up: str
    log_in: str
    takes_form: bool = False
    """Whether credentials are sent as a form, with the address as user name."""


PEERS = (
    Peer(
        "fastapi-users",
        (
            *(_PYTHON, "-m", "uvicorn", "--app-dir", str(_HERE / "fastapi_users"), "app:app"),
            *("--port", "PORT", "--no-access-log", "--log-level", "error"),
            *("--timeout-keep-alive", "600"),
        ),
        "/auth/register",
        "/auth/login",
        takes_form=True,
    ),
    Peer(
        "django-allauth",
        (
            *(_PYTHON, "-m", "gunicorn", "--chdir", str(_HERE / "django_allauth")),
            *("app:application", "-b", "127.0.0.1:PORT", "-w", "1", "--threads", "4"),
            *("--keep-alive", "600", "--log-level", "error"),
        ),
        f"{_ALLAUTH}/signup",
        f"{_ALLAUTH}/login",
    ),
    Peer(
        "better-auth",
        ("node", str(_NODE / "server.mjs")),
        "/api/auth/sign-up/email",
        "/api/auth/sign-in/email",
    ),
)


class Service:
    """A running peer, with some accounts and one open connection."""

    def __init__(self, peer: Peer, port: int, pid: int) -> None:
        self._peer = peer
        self._pid = pid
        self._origin = f"http://127.0.0.1:{port}"
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._emails = [f"{uuid.uuid4().hex}@gmail.com" for _ in range(_ACCOUNTS)]
        self._next = 0

    @property
    def cpu(self) -> float:
        """Processor time used so far, in seconds."""
        return usage(self._pid).cpu

    def sign_up(self) -> None:
        """Create the accounts."""
        for email in self._emails:
            form = {"email": email, "password": PASSWORD, "name": "n"}
            if "allauth" in self._peer.sign_up:
                del form["name"]
            self._post(self._peer.sign_up, json.dumps(form), _JSON)

    def log_in(self) -> None:
        """Log in to the next account."""
        email = self._emails[self._next % _ACCOUNTS]
        self._next += 1
        if self._peer.takes_form:
            form = urllib.parse.urlencode({"username": email, "password": PASSWORD})
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            self._post(self._peer.log_in, form, headers)
        else:
            form = {"email": email, "password": PASSWORD}
            self._post(self._peer.log_in, json.dumps(form), _JSON)

    def _post(self, path: str, body: str, headers: Mapping[str, str]) -> None:
        self._connection.request("POST", path, body, {**headers, "Origin": self._origin})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in {200, 201}:
            raise RuntimeError(f"{self._peer.name}: {answer.status} {text[:300]!r}")


@contextmanager
def running(peer: Peer) -> Generator[Service]:
    """Run a peer for a block, with its database in a temporary folder."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        process = subprocess.Popen(
            [part.replace("PORT", str(port)) for part in peer.command],
            env={**os.environ, "PORT": str(port), "DATABASE": f"{folder}/peer.db"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            service = Service(peer, port, process.pid)
            _wait(port, process, log)
            service.sign_up()
            yield service
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], log: Any) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            probe = HTTPConnection("127.0.0.1", port, timeout=1)
            probe.connect()
            probe.close()
            return
        time.sleep(0.05)
    log.seek(0)
    raise RuntimeError(f"{process.args} did not start:\n{log.read()}")
