"""What the local stack checks before it starts anything."""

import fcntl
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stack import sam
from tools.stack.stack import HOST, Stack, StackError, free_port


@pytest.fixture
def taken_port(socket_enabled: None) -> Iterator[int]:  # noqa: ARG001 - pytest-socket's switch
    """Listen on a port, as another program would."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def _stack(home: Path, port: int = 4566) -> Stack:
    return Stack("unit", port, home=home)


def _recorded(home: Path) -> Path:
    record = home / "unit" / "emulator.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"pid": 1, "port": 4999}))
    return record


def test_taken_port(tmp_path: Path, taken_port: int) -> None:
    """A port in use is named in the error, with how to choose another."""
    with pytest.raises(StackError, match=rf"Port {taken_port} is taken.*PORT=\d+"):
        _stack(tmp_path, taken_port).start()


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full is an error with the free and the needed room."""
    full = shutil.disk_usage(tmp_path)._replace(free=7 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(StackError, match=r"Only 7 MiB are free .* needs \d+ MiB"):
        _stack(tmp_path).start()


def test_free_port(taken_port: int) -> None:
    """The preferred port is returned if it is free, another one if not."""
    other = free_port(taken_port)
    assert other != taken_port
    assert free_port(other) == other


def test_stale_record(tmp_path: Path) -> None:
    """The record of an emulator that died is ignored, even if its process id is in use."""
    _recorded(tmp_path)
    stack = _stack(tmp_path)
    assert not stack.is_running
    assert stack.port == 4566


def test_living_record(tmp_path: Path) -> None:
    """The record of a running emulator is locked and has the port it listens on."""
    with _recorded(tmp_path).open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        stack = _stack(tmp_path)
        assert stack.is_running
        assert stack.url == "http://portail.localhost:4999"
        with pytest.raises(StackError, match="already runs on port 4999"):
            stack.start()


def test_a_front(tmp_path: Path) -> None:
    """While an emulator that was started behind another address runs, that is the portal's."""
    record = _recorded(tmp_path)
    record.write_text(json.dumps({"pid": 1, "port": 4999, "front": "http://localhost:3000"}))
    with record.open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        stack = _stack(tmp_path)
        assert stack.url == "http://localhost:3000"
        assert stack.endpoint == "http://127.0.0.1:4999"
        with pytest.raises(StackError, match=r"mails lead to http://localhost:3000/.*make down"):
            sam.choose_front(stack)
    assert stack.url == "http://portail.localhost:4566"


def test_deploy_needs_a_running_stack(tmp_path: Path) -> None:
    """Deploying without a running stack says how to start it."""
    with pytest.raises(StackError, match="make up"):
        _stack(tmp_path).deploy()


def test_a_restart_forgets_stream_positions(tmp_path: Path) -> None:
    """A restart keeps the functions and removes their positions in the table's stream."""
    state = tmp_path / "unit" / "state" / "lambda.json"
    state.parent.mkdir(parents=True)
    state.write_text(
        json.dumps({"payload": {"functions": 1, "dynamodb_stream_positions": {"a": 3}}})
    )
    _stack(tmp_path)._forget_stream_positions()
    assert json.loads(state.read_text()) == {"payload": {"functions": 1}}
