"""`make sam-local`: functions in Lambda's own containers, which call the local stack as AWS.

Needs a Docker engine. The SAM CLI gets the built template with the address of the emulator added,
which a container reaches as host.docker.internal.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from samcli.yamlhelper import (  # pyright: ignore[reportMissingTypeStubs]
    yaml_parse,  # pyright: ignore[reportUnknownVariableType]
)

from tools.stack.stack import (
    ARCHITECTURE,
    CREDENTIALS,
    DEMONSTRATION,
    HOST,
    REGION,
    ROOT,
    STACK_NAME,
    Stack,
    StackError,
    say,
)

DOCKER_HOST_NAME = "host.docker.internal"
PORT = 3000
FUNCTION = "AWS::Serverless::Function"


def require_docker() -> None:
    """Raise `StackError` unless a Docker engine answers."""
    docker = shutil.which("docker")
    answers = docker and subprocess.run([docker, "info"], capture_output=True, check=False)
    if not answers or answers.returncode:
        raise StackError(
            "sam local runs functions in containers: it needs a Docker engine, and none answers "
            "here. Start one, then try again; `make dev` runs the same portal without."
        )


def bridge_address() -> str | None:
    """Return the host's address on Docker's bridge; `None` if Docker forwards to the loopback."""
    if sys.platform != "linux":
        return None
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    command = ["docker", "network", "inspect", "bridge", "--format", gateway]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


@contextmanager
def relay(address: str | None, port: int) -> Generator[None]:
    """Forward connections to a port of an address to that port of the loopback, for a block.

    The emulator listens on the loopback only, which a container on Linux does not reach.
    """
    if address is None:
        yield
        return
    with socket.create_server((address, port)) as server:
        threading.Thread(target=_accept, args=(server, port), daemon=True).start()
        yield
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


def variables(stack: Stack) -> dict[str, str]:
    """Return the environment of the deployed functions, changed for a portal on `PORT`."""
    functions = stack.client("lambda").list_functions()["Functions"]
    deployed = next(each for each in functions if each["FunctionName"].startswith(STACK_NAME))
    return deployed["Environment"]["Variables"] | {
        "PUBLIC_URL": f"http://{HOST}:{PORT}",
        "AWS_ENDPOINT_URL": f"http://{DOCKER_HOST_NAME}:{stack.port}",
    }


def template(built: Path, values: dict[str, str]) -> dict[str, Any]:
    """Return the built template with these variables and absolute paths to the built code."""
    content = cast("dict[str, Any]", yaml_parse((built / "template.yaml").read_text()))
    content["Globals"]["Function"]["Environment"]["Variables"] = values
    for resource in content["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = str(built / resource["Properties"][name])
    return content


def function_of(event: Path, content: dict[str, Any]) -> str:
    """Return the logical id of the function that a file of events/ is for."""
    folder = event.resolve().parent.name
    for name, resource in content["Resources"].items():
        # `signup` is built as Signup, `validate_email` as ValidateEmail.
        if resource["Type"] == FUNCTION and name.lower() == folder.replace("_", ""):
            return name
    raise StackError(f"{event} is not in the folder of a function: see events/README.md.")


def prepare(stack: Stack) -> dict[str, Any]:
    """Write the template for `sam local`; return it."""
    content = template(stack.build_folder, variables(stack))
    path = template_path(stack)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    return content


def template_path(stack: Stack) -> Path:
    """Return the path of the template for `sam local`."""
    return stack.folder / "sam-local" / "template.json"


def run(stack: Stack, *arguments: str) -> int:
    """Run `sam local` with these arguments against the stack; return its exit status."""
    address = bridge_address()
    options = [
        *("--template", str(template_path(stack))),
        *("--parameter-overrides", f"Architecture={ARCHITECTURE}", *DEMONSTRATION),
        *("--region", REGION),
        *("--add-host", f"{DOCKER_HOST_NAME}:{address or 'host-gateway'}"),
    ]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        **CREDENTIALS,
        "SAM_CLI_TELEMETRY": "0",
    }
    command = [sys.executable, "-m", "samcli", "local", *arguments, *options]
    with relay(address, stack.port):
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def serve(stack: Stack) -> int:
    """Serve the portal with `sam local start-api`; return its exit status."""
    prepare(stack)
    say(f"The portal in containers: http://{HOST}:{PORT}/ (Ctrl-C stops)")
    return run(stack, "start-api", "--host", HOST, "--port", str(PORT), "--warm-containers", "LAZY")


def invoke(stack: Stack, events: Sequence[Path]) -> int:
    """Invoke the function of each event with `sam local invoke`; return 1 if any could not run."""
    content = prepare(stack)
    failed = False
    for event in events:
        function = function_of(event, content)
        say(f"{function} ← {event}")
        failed |= run(stack, "invoke", function, "--event", str(event)) != 0
    return int(failed)
