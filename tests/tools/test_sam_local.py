"""What `sam local` is given, and what is said without a Docker engine. No engine is needed here."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tools.stack import sam
from tools.stack.stack import HOST, ROOT, Stack, StackError

VALUES = {"TABLE_NAME": "table", "AWS_ENDPOINT_URL": "http://host.docker.internal:4566"}
EVENTS = sorted((ROOT / "events").rglob("*.json"))


class Deployed(Stack):
    """A stack whose emulator says which functions it has."""

    def client(self, service: str) -> Any:
        """Return a client of the service."""
        assert service == "lambda"
        return self

    def list_functions(self) -> dict[str, Any]:
        """Return a function of the portal and one of another project."""
        other = {"FunctionName": "other"}
        variables = {"TABLE_NAME": "table", "PUBLIC_URL": "http://portail.localhost:4566"}
        ours = {"FunctionName": "portail-Login-1", "Environment": {"Variables": variables}}
        return {"Functions": [other, ours]}


@pytest.fixture
def deployed(tmp_path: Path) -> Stack:
    """Return a stack whose build is the template."""
    build = tmp_path / "unit" / "build"
    build.mkdir(parents=True)
    (build / "template.yaml").write_text((ROOT / "template.yaml").read_text())
    return Deployed("unit", 4566, home=tmp_path)


def program(folder: Path, name: str, script: str) -> None:
    """Write a program that replaces another."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("engine", [None, "exit 1"])
def test_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str | None) -> None:
    """Without Docker or its engine, the error says what is missing and what runs without it."""
    if engine:
        program(tmp_path, "docker", engine)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match=r"needs a Docker engine.*make dev"):
        sam.require_docker()


def test_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that answers is enough."""
    program(tmp_path, "docker", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    sam.require_docker()


def test_functions_find_the_stack(deployed: Stack) -> None:
    """Containers have the deployed environment, and reach the emulator by the host."""
    content = sam.prepare(deployed)
    variables = content["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["TABLE_NAME"] == "table"
    assert variables["AWS_ENDPOINT_URL"] == "http://host.docker.internal:4566"
    assert variables["PUBLIC_URL"] == "http://127.0.0.1:3000"
    assert sam.template_path(deployed).exists()


def test_code_is_where_the_build_left_it(deployed: Stack) -> None:
    """Every function and layer has its folder's full path, as the template is elsewhere."""
    content = sam.prepare(deployed)
    for resource in content["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                assert resource["Properties"][name].startswith(str(deployed.folder / "build"))


def test_every_event_has_its_function(deployed: Stack) -> None:
    """Each file of events/ is in the folder of a function of the template."""
    content = sam.template(deployed.folder / "build", VALUES)
    assert EVENTS
    for event in EVENTS:
        function = content["Resources"][sam.function_of(event, content)]
        assert f"/functions/{event.parent.name}" in function["Properties"]["CodeUri"], event


def test_a_stray_event(deployed: Stack, tmp_path: Path) -> None:
    """A file in another folder is refused, and the error says why."""
    with pytest.raises(StackError, match="not in the folder of a function"):
        sam.function_of(tmp_path / "x.json", sam.template(deployed.folder / "build", VALUES))


def test_the_command(deployed: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sam local` gets the template, the processor, the host's address, and no account."""
    program(tmp_path, "docker", "echo 127.0.0.1")
    given = tmp_path / "given"
    program(tmp_path, "python", f'echo "$@" > {given}; env >> {given}')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setattr(sam.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sam, "bridge_address", lambda: None)
    sam.prepare(deployed)
    assert sam.run(deployed, "invoke", "Login", "--event", "events/login/login.json") == 0
    words = given.read_text()
    assert words.startswith("-m samcli local invoke Login --event events/login/login.json")
    assert f"--template {sam.template_path(deployed)}" in words
    assert "--parameter-overrides Architecture=" in words
    assert "--add-host host.docker.internal:host-gateway" in words
    assert "AWS_ACCESS_KEY_ID=000000000000" in words
    assert "AWS_PROFILE" not in words


def test_the_relay(socket_enabled: None) -> None:  # noqa: ARG001 - pytest-socket's switch
    """A container's request to the bridge's address reaches the loopback and is answered."""
    with socket.create_server((HOST, 0)) as emulator:
        port = emulator.getsockname()[1]
        address = ("127.0.0.2", port)
        with sam.relay(address[0], port), socket.create_connection(address) as container:
            container.sendall(b"asked")
            inner, _ = emulator.accept()
            with inner:
                assert inner.recv(16) == b"asked"
                inner.sendall(b"answered")
            assert container.recv(16) == b"answered"
        with pytest.raises(ConnectionError):
            socket.create_connection(address)
