"""A Docker engine for `sam local` where none is: its containers are processes of this machine.

It answers the requests that the SAM CLI sends (https://docs.docker.com/reference/api/engine/). An
image is the folders that its Dockerfile adds to /opt. A container is Lambda's own runtime emulator,
which SAM puts into the image, with a runtime that calls the handler. What it cannot show: Amazon's
images, another processor, the network between containers and their host.
"""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override
from urllib.parse import parse_qs, urlsplit

from tools.stack.stack import HOST, free_port

RUNTIME = Path(__file__).with_name("lambda_runtime.py")
_STANDARD_ERROR = 2


class Container:
    """A process that runs a function, started from what SAM asks for."""

    def __init__(self, asked: dict[str, Any], opt: Path) -> None:
        self.id = uuid.uuid4().hex
        self.asked = asked
        self.opt = opt
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The environment that SAM gives it."""
        return dict(each.split("=", 1) for each in self.asked["Env"])

    def start(self) -> None:
        """Run the emulator of Lambda's runtime, on the port that SAM chose."""
        (binding,) = self.asked["HostConfig"]["PortBindings"]["8080/tcp"]
        (code,) = (each.split(":")[0] for each in self.asked["HostConfig"]["Binds"])
        path = os.pathsep.join([code, str(self.opt / "python")])
        self.process = subprocess.Popen(  # noqa: S603 - what SAM asks for, which is ours
            [
                str(self.opt.with_name("rapid") / "aws-lambda-rie"),
                *self.asked["Entrypoint"][1:],
                *("--runtime-interface-emulator-address", f"{HOST}:{binding['HostPort']}"),
                *("--runtime-api-address", f"{HOST}:{free_port()}"),
                # The interpreter of the tests, without their packages.
                *(sys.executable, "-S", str(RUNTIME)),
            ],
            cwd=code,
            # SAM mounts the code read-only, and starts afresh if it changes.
            env=self.variables | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def state(self) -> dict[str, Any]:
        """What the engine says of it."""
        runs = bool(self.process and self.process.poll() is None)
        status = "running" if runs else "exited" if self.process else "created"
        return {"Status": status, "Running": runs, "OOMKilled": False, "ExitCode": 0}

    def kill(self) -> None:
        """End it, with what it started."""
        if self.process:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            assert self.process.stdout
            self.process.stdout.close()


class Engine(ThreadingHTTPServer):
    """The engine: its images, and the containers that exist."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__((HOST, 0), _Handler)
        self.folder = folder
        self.images: dict[str, Path] = {}
        self.platforms: set[str] = set()
        self.containers: dict[str, Container] = {}
        self.created: list[Container] = []
        self.host = f"tcp://{HOST}:{self.server_port}"

    def build(self, tag: str, platform: str, context: Path) -> None:
        """Build an image as the Dockerfile of SAM says: the emulator, then layers over another."""
        self.platforms.add(platform)
        if tag in self.images:
            return  # SAM builds it again for each function
        image = self.folder / uuid.uuid4().hex
        with tarfile.open(context) as content:
            content.extractall(image / "context", filter="data")
        added = [
            line.split()[1:3]
            for line in (image / "context" / "Dockerfile").read_text().splitlines()
            if line.startswith("ADD")
        ]
        (rapid, _), *layers = added  # all folders: their content is added
        shutil.move(image / "context" / rapid, image / "rapid")
        (image / "rapid" / rapid).rename(image / "rapid" / "aws-lambda-rie").chmod(0o755)
        for layer, _ in layers:
            shutil.copytree(image / "context" / layer, image / "opt", dirs_exist_ok=True)
        shutil.rmtree(image / "context")
        self.images[tag] = image / "opt"


class _Handler(BaseHTTPRequestHandler):
    server: Engine  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        match self._path:
            case ["_ping"]:
                self._answer(200, "OK")
            case ["images", *name, "json"] if (image := "/".join(name)) in self.server.images:
                self._answer(200, {"Id": f"sha256:{image}", "RepoTags": [image], "Config": {}})
            case ["containers", id_, "json"] if id_ in self.server.containers:
                state, config = self.server.containers[id_].state, {"Tty": False}
                self._answer(200, {"Id": id_, "Image": "", "State": state, "Config": config})
            case _:
                self._answer(404, {"message": f"No such thing: {self.path}"})

    def do_POST(self) -> None:
        body = self._read()
        match self._path:
            case ["build"]:
                query = parse_qs(urlsplit(self.path).query)
                self.server.build(query["t"][0], query["platform"][0], body)
                self._answer(200, {"stream": "Built"})
            case ["containers", "create"]:
                asked = json.loads(body.read_text())
                container = Container(asked, self.server.images[asked["Image"]])
                self.server.containers[container.id] = container
                self.server.created.append(container)
                self._answer(201, {"Id": container.id, "Warnings": []})
            case ["containers", id_, "start"]:
                self.server.containers[id_].start()
                self._answer(204)
            case ["containers", id_, "attach"]:
                self._attach(self.server.containers[id_])
            case _:
                self._answer(404, {"message": f"No such thing: {self.path}"})
        body.unlink()

    def do_DELETE(self) -> None:
        match self._path:
            case ["containers", id_] if container := self.server.containers.get(id_):
                container.kill()
                del self.server.containers[id_]
                self._answer(204)
            case _:
                self._answer(404, {"message": f"No such container: {self.path}"})

    def _attach(self, container: Container) -> None:
        """Send what a container prints until its end, each part after its stream and length."""
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.raw-stream")
        self.end_headers()
        self.close_connection = True
        assert container.process
        assert container.process.stdout
        with suppress(OSError, ValueError):  # SAM is gone, or the container removed
            while part := container.process.stdout.read1():
                self.wfile.write(struct.pack(">BxxxL", _STANDARD_ERROR, len(part)) + part)

    @property
    def _path(self) -> list[str]:
        """The path, without the version of the API before it."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        return parts[1:] if parts[0].startswith("v1.") else parts

    def _read(self) -> Path:
        """Return a file with the body of the request, which may be long and in chunks."""
        path = self.server.folder / f"{uuid.uuid4().hex}.body"
        with path.open("wb") as file:
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    file.write(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
            else:
                file.write(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        return path

    def _answer(self, status: int, content: str | dict[str, Any] = "") -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def docker_engine(folder: Path, bridge: str) -> Iterator[Engine]:
    """Run an engine, with the `docker` command in `folder`/bin, whose bridge has an address."""
    (folder / "bin").mkdir(parents=True)
    network = [{"IPAM": {"Config": [{"Subnet": f"{bridge}/24", "Gateway": bridge}]}}]
    command = folder / "bin" / "docker"
    command.write_text(f"#!/bin/sh\n[ \"$1\" = network ] && echo '{json.dumps(network)}'\nexit 0\n")
    command.chmod(0o755)
    with Engine(folder) as engine:
        threading.Thread(target=engine.serve_forever, daemon=True).start()
        try:
            yield engine
        finally:
            engine.shutdown()
            for container in engine.containers.values():
                container.kill()
