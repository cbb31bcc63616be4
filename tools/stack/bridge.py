"""Docker: whether an engine answers, and how its containers reach this machine."""

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network, ip_network
from typing import Any

from tools.stack.stack import HOST, StackError

HOST_NAME = "host.docker.internal"
"""This machine's name in the containers of Docker Desktop."""


def require_docker() -> None:
    """Raise `StackError` unless a Docker engine answers."""
    docker = shutil.which("docker")
    answers = docker and subprocess.run([docker, "info"], capture_output=True, check=False)
    if not answers or answers.returncode:
        raise StackError(
            "sam local runs functions in containers: it needs a Docker engine, and none answers "
            "here. Start one, then try again; `make dev` runs the same portal without."
        )


def address() -> str | None:
    """Return the host's address on Docker's bridge; `None` if Docker forwards to the loopback.

    Raises `StackError` if the engine has no bridge.
    """
    if sys.platform != "linux" or _docker("info", "--format", "{{.OperatingSystem}}").startswith(
        "Docker Desktop"
    ):
        return None
    networks: list[dict[str, Any]] = json.loads(_docker("network", "inspect", "bridge") or "[]")
    for network in networks:
        for config in network["IPAM"]["Config"] or ():
            subnet = ip_network(config["Subnet"], strict=False)
            if isinstance(subnet, IPv4Network):
                # An engine that was never restarted does not say its gateway, which is the first
                # address (https://github.com/moby/moby/issues/26799).
                return (config.get("Gateway") or str(subnet[1])).partition("/")[0]
    raise StackError(
        "Docker has no network “bridge” with an IPv4 subnet here (`docker network inspect bridge` "
        "shows it), and containers reach this machine by it. `make dev` runs the same portal "
        "without."
    )


def _docker(*arguments: str) -> str:
    """Return what a docker command printed, or an empty string if it failed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False, text=True)
    return "" if done.returncode else done.stdout.strip()


@contextmanager
def relay(host: str | None, port: int) -> Generator[None]:
    """Forward connections to a port of an address to that port of the loopback, for a block.

    The emulator listens on the loopback only, which a container on Linux does not reach. Raises
    `StackError` if this machine does not have the address.
    """
    if host is None:
        yield
        return
    try:
        server = socket.create_server((host, port))
    except OSError as error:
        raise StackError(
            f"Containers would reach this machine at {host}, and port {port} cannot be opened "
            f"there ({error.strerror}). If the Docker engine runs elsewhere (without root, in a "
            "virtual machine, on another host), use the one of this machine; `make dev` runs the "
            "same portal without."
        ) from None
    with server:
        threading.Thread(target=_accept, args=(server, port), daemon=True).start()
        try:
            yield
        finally:  # ends the thread, which would keep the port otherwise
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, port: int) -> None:
    with suppress(OSError):  # closed: the end of the block
        while True:
            container, _ = server.accept()
            threading.Thread(target=_connect, args=(container, port), daemon=True).start()


def _connect(container: socket.socket, port: int) -> None:
    with container, suppress(OSError), socket.create_connection((HOST, port)) as emulator:
        back = threading.Thread(target=_pass_on, args=(emulator, container), daemon=True)
        back.start()
        _pass_on(container, emulator)
        back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
