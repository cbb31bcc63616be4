"""What `sam local` is given, and what is said without a Docker engine. No engine is needed here."""

import importlib.util
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from samcli.local.events.api_event import RequestContext
from samcli.yamlhelper import yaml_parse

from tools.stack import __main__ as commands
from tools.stack import bridge, sam
from tools.stack.stack import HOST, ROOT, Stack, StackError, free_port

EVENTS = sorted((ROOT / "events").rglob("*.json"))
FUNCTIONS = [
    name
    for name, resource in yaml_parse((ROOT / "template.yaml").read_text())["Resources"].items()
    if resource["Type"] == sam.FUNCTION
]
DEPLOYED = {name: {"NAME": name} for name in FUNCTIONS}
ENDPOINT = "http://172.17.0.1:4566"

SLOW = """#!{python}
import pathlib, signal, subprocess, sys

def end(*_):
    print("interrupted", flush=True)
    for _ in range(5):
        subprocess.run([sys.executable, "-c", "import json, asyncio"])
    pathlib.Path("{left}").unlink()
    sys.exit()

signal.signal(signal.SIGINT, end)
pathlib.Path("{left}").touch()
while True:
    signal.pause()
"""


class Deployed(Stack):
    """A stack whose emulator says which functions it has: ours, and one of another project."""

    def client(self, service: str) -> Any:
        """Return a client of any service."""
        del service
        return self

    def get_paginator(self, operation: str) -> Any:
        """Return what lists the resources of the stack, or all functions."""
        self.listed = operation
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        """Return the pages."""
        if self.listed == "list_stack_resources":
            resources = [
                {"LogicalResourceId": name, "PhysicalResourceId": f"portail-{name}"}
                for name in FUNCTIONS
            ]
            return [{"StackResourceSummaries": resources}]
        ours = [
            {"FunctionName": f"portail-{name}", "Environment": {"Variables": values}}
            for name, values in DEPLOYED.items()
        ]
        return [{"Functions": ours}, {"Functions": [{"FunctionName": "other-Login"}]}]


@pytest.fixture
def deployed(tmp_path: Path) -> Stack:
    """Return a stack whose build is the template."""
    build = tmp_path / "unit" / "build"
    build.mkdir(parents=True)
    (build / "template.yaml").write_text((ROOT / "template.yaml").read_text())
    return Deployed("unit", 4566, home=tmp_path)


@pytest.fixture
def content(deployed: Stack) -> dict[str, Any]:
    """Return the template for `sam local`."""
    return sam.template(deployed.build_folder, sam.environments(deployed), ENDPOINT)


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
        bridge.require_docker()


def test_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that answers is enough."""
    program(tmp_path, "docker", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    bridge.require_docker()


@pytest.mark.parametrize("command", ["sam_local", "sam_journey", "sam_invoke"])
def test_a_command_without_an_engine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Each command that needs Docker says so in a sentence, starts nothing, and fails."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("EVENT", "events/login/login.json")
    monkeypatch.setattr(commands.sys, "argv", ["tools.stack", command])
    monkeypatch.setattr(commands.signal, "signal", lambda *_: None)
    assert commands.main() == 1
    assert "it needs a Docker engine, and none answers here" in capsys.readouterr().err


def test_functions_find_the_stack(content: Mapping[str, Any]) -> None:
    """Each container has its function's deployed environment, and the emulator's address."""
    for name in FUNCTIONS:
        variables = content["Resources"][name]["Properties"]["Environment"]["Variables"]
        assert variables["NAME"] == name
        assert json.loads(variables["LOCAL_AWS"])["AWS_ENDPOINT_URL"] == ENDPOINT
        assert variables["OWN_HANDLER"] == "app.handler"


def test_code_is_where_the_build_left_it(deployed: Stack, content: Mapping[str, Any]) -> None:
    """Every function and layer has its folder's full path, as the template is elsewhere."""
    del content["Resources"]["SamLocalLayer"]
    for resource in content["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                assert resource["Properties"][name].startswith(str(deployed.build_folder))


def test_the_processor_is_this_machines(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The template needs no parameter to run on the machine it is for, Arm or not."""
    for processor in ("arm64", "x86_64"):
        monkeypatch.setattr(sam, "ARCHITECTURE", processor)
        content = sam.template(deployed.build_folder, DEPLOYED, ENDPOINT)
        assert content["Parameters"]["Architecture"]["Default"] == processor


def test_every_event_has_its_function(content: dict[str, Any]) -> None:
    """Each file of events/ is in the folder of a function of the template."""
    assert EVENTS
    for event in EVENTS:
        function = content["Resources"][sam.function_of(event, content)]
        assert f"/functions/{event.parent.name}" in function["Properties"]["CodeUri"], event


def test_a_stray_event(content: dict[str, Any], tmp_path: Path) -> None:
    """A file in another folder is refused, and the error says why."""
    with pytest.raises(StackError, match="not in the folder of a function"):
        sam.function_of(tmp_path / "x.json", content)


def test_the_command(deployed: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sam local` gets the template, and no account: it asks the emulator whose it uses."""
    given = tmp_path / "given"
    program(tmp_path, "python", f'echo "$@" > {given}; env >> {given}')
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setattr(sam.sys, "executable", str(tmp_path / "python"))
    with sam.sam(deployed, "invoke", "Login", "--event", "events/login/login.json") as process:
        assert process.wait() == 0
    words = given.read_text()
    assert words.startswith("-m samcli local invoke Login --event events/login/login.json")
    assert f"--template {sam.template_path(deployed)}" in words
    assert "AWS_ACCESS_KEY_ID=000000000000" in words
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:4566" in words
    assert "AWS_PROFILE" not in words


def test_an_interruption_waits_for_the_containers(
    deployed: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C interrupts `sam local` once, then waits while it removes its containers.

    SAM is a program here that needs longer than the quarter of a second after which Python's
    `subprocess.run` would kill it; its containers are a file.
    """
    left, log = tmp_path / "containers", tmp_path / "log"
    (tmp_path / "python").write_text(SLOW.format(python=sys.executable, left=left))
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(sam.sys, "executable", str(tmp_path / "python"))
    with suppress(KeyboardInterrupt), sam.sam(deployed, "start-api", log=log) as process:
        while not left.exists():
            assert process.poll() is None
        assert os.getsid(process.pid) == process.pid, "a terminal would interrupt it too"
        raise KeyboardInterrupt
    assert process.returncode == 0
    assert not left.exists()
    assert log.read_text().split() == ["interrupted"]


def engine(folder: Path, monkeypatch: pytest.MonkeyPatch, system: str, network: object) -> None:
    """Write the `docker` command of an engine."""
    script = f"case $1 in info) echo '{system}';; network) echo '{json.dumps(network)}';; esac"
    program(folder, "docker", script)
    monkeypatch.setattr(bridge.sys, "platform", "linux")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


V6 = {"Subnet": "fd00::/64", "Gateway": "fd00::1"}


@pytest.mark.parametrize(
    ("configs", "address"),
    [
        ([{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}], "172.17.0.1"),
        ([{"Subnet": "10.9.0.0/24", "Gateway": "10.9.0.7"}], "10.9.0.7"),
        ([{"Subnet": "172.17.0.0/16"}], "172.17.0.1"),
        ([{"Subnet": "172.17.0.1/16", "Gateway": "172.17.0.1/16"}], "172.17.0.1"),
        ([V6, {"Subnet": "192.168.9.0/24"}], "192.168.9.1"),
    ],
)
def test_the_bridge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configs: list[dict[str, str]], address: str
) -> None:
    """The host's address is the bridge's gateway; an engine's first start does not say it."""
    engine(tmp_path, monkeypatch, "Debian GNU/Linux 12", [{"IPAM": {"Config": configs}}])
    assert bridge.address() == address


def test_docker_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker Desktop's bridge is in its virtual machine: containers use its name of the host."""
    configs = [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]
    engine(tmp_path, monkeypatch, "Docker Desktop", [{"IPAM": {"Config": configs}}])
    assert bridge.address() is None


@pytest.mark.parametrize(
    "network", [[], [{"IPAM": {"Config": None}}], [{"IPAM": {"Config": [V6]}}]]
)
def test_no_bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: object) -> None:
    """Without a bridge, or an IPv4 address of it, the error says so."""
    engine(tmp_path, monkeypatch, "Debian GNU/Linux 12", network)
    with pytest.raises(StackError, match="no network “bridge” with an IPv4 subnet"):
        bridge.address()


def test_a_bridge_elsewhere(socket_enabled: None) -> None:  # noqa: ARG001 - pytest-socket's switch
    """The address of a bridge that this machine does not have is an error that says why."""
    with (
        pytest.raises(StackError, match=r"this machine at 192\.0\.2\.1, and port 4566 cannot"),
        bridge.relay("192.0.2.1", 4566),
    ):
        pass


def test_one_address(tmp_path: Path, socket_enabled: None) -> None:  # noqa: ARG001 - as above
    """The portal behind `sam local` is at localhost, port 3000 or another that is free."""
    stack = Stack("unit", 4566, home=tmp_path)
    sam.choose_front(stack)
    with socket.create_server((HOST, int(stack.url.rpartition(":")[2]))) as taken:
        first = taken.getsockname()[1]
        assert stack.url == f"http://localhost:{first}"
        sam.choose_front(stack)
        assert stack.url != f"http://localhost:{first}"
        assert stack.url.startswith("http://localhost:")


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the handler under `sam local`, in a developer's shell; the own one returns events."""
    (tmp_path / "own_app.py").write_text("def handler(event, _):\n    return event\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("OWN_HANDLER", "own_app.handler")
    monkeypatch.setenv("LOCAL_AWS", json.dumps({"AWS_ACCESS_KEY_ID": "000000000000"}))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the developer's")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the developer's")
    path = sam.LAYER / "python" / "sam_local.py"
    spec = importlib.util.spec_from_file_location("sam_local", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_aws_is_the_local_stack(layer: ModuleType) -> None:
    """Functions use the local stack, even from the shell of somebody logged in to AWS."""
    del layer
    assert os.environ["AWS_ACCESS_KEY_ID"] == "000000000000"
    assert "AWS_SESSION_TOKEN" not in os.environ


def test_sam_stops_the_clock(layer: ModuleType) -> None:
    """SAM gives all requests one id and one time; the layer gives each its own.

    If the first assertions fail, SAM is mended: the layer can go.
    """
    first, second = (RequestContext(path="/").to_dict() for _ in range(2))
    assert first == second
    assert first["requestTimeEpoch"] < time.time() * 1000
    before = int(time.time() * 1000)
    events = [layer.handler({"requestContext": each}, None) for each in (first, second)]
    contexts = [event["requestContext"] for event in events]
    assert contexts[0]["requestId"] != contexts[1]["requestId"]
    for context in contexts:
        assert before <= context["requestTimeEpoch"] <= time.time() * 1000
        assert context["path"] == "/"


def test_only_requests_get_a_time(layer: ModuleType) -> None:
    """An event that is no request of the gateway reaches the function as it is."""
    assert layer.handler({"Records": []}, None) == {"Records": []}


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="macOS has 127.0.0.1 only, and no relay")


@LINUX
def test_the_relay(socket_enabled: None) -> None:  # noqa: ARG001 - pytest-socket's switch
    """A container's request to the bridge's address reaches the loopback and is answered."""
    with socket.create_server((HOST, 0)) as emulator:
        port = emulator.getsockname()[1]
        address = ("127.0.0.2", port)
        with bridge.relay(address[0], port), socket.create_connection(address) as container:
            container.sendall(b"asked")
            inner, _ = emulator.accept()
            with inner:
                assert inner.recv(16) == b"asked"
                inner.sendall(b"answered")
            assert container.recv(16) == b"answered"
        with pytest.raises(ConnectionError):
            socket.create_connection(address)


@LINUX
def test_the_relay_ends(socket_enabled: None) -> None:  # noqa: ARG001 - pytest-socket's switch
    """The bridge's port is free again however the block ends, a failure included."""
    address = ("127.0.0.2", free_port())
    for _ in range(2):
        with suppress(KeyboardInterrupt), bridge.relay(*address):
            raise KeyboardInterrupt
    with pytest.raises(ConnectionError):
        socket.create_connection(address)
