"""`sam local`: functions in Lambda's own containers, which call the local stack as AWS.

Needs a Docker engine. The SAM CLI gets the built template with the environment of the deployed
functions, and a layer whose handler gives them the emulator as AWS and each request its time.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from samcli.yamlhelper import (  # pyright: ignore[reportMissingTypeStubs]
    yaml_parse,  # pyright: ignore[reportUnknownVariableType]
)

from tools.stack import bridge, journey
from tools.stack.stack import (
    ARCHITECTURE,
    CREDENTIALS,
    REGION,
    ROOT,
    STACK_NAME,
    Stack,
    StackError,
    free_port,
    is_taken,
    say,
)

NAME = "localhost"
PORT = 3000
FUNCTION = "AWS::Serverless::Function"
LAYER = Path(__file__).with_name("sam_layer")
START_SECONDS = 60
STOP_SECONDS = 120


def choose_front(stack: Stack) -> None:
    """Make the next emulator send people to `sam local`: links of mails, and the origin allowed.

    Raises `StackError` if the portal runs already, as its mails lead to itself.
    """
    if stack.is_running:
        raise StackError(
            f"The portal of this clone already runs, and its mails lead to {stack.url}/. "
            "Stop it first, then try again: make down"
        )
    stack.front = f"http://{NAME}:{free_port(PORT)}"


def environments(stack: Stack) -> Mapping[str, dict[str, str]]:
    """Return the environment of each deployed function, by its logical id."""
    resources = _all(stack, "cloudformation", "list_stack_resources", StackName=STACK_NAME)
    ids = {
        each["PhysicalResourceId"]: each["LogicalResourceId"]
        for page in resources
        for each in page["StackResourceSummaries"]
    }
    return {
        ids[each["FunctionName"]]: each["Environment"]["Variables"]
        for page in _all(stack, "lambda", "list_functions")
        for each in page["Functions"]
        if each["FunctionName"] in ids
    }


def _all(stack: Stack, service: str, operation: str, **options: str) -> Iterable[dict[str, Any]]:
    return stack.client(service).get_paginator(operation).paginate(**options)


def template(built: Path, deployed: Mapping[str, dict[str, str]], endpoint: str) -> dict[str, Any]:
    """Return the built template for `sam local`, which needs no parameter, beside a copy of LAYER.

    Each function has its deployed environment, this machine's processor, and the handler of LAYER,
    which calls its own and finds AWS at the endpoint.
    """
    content = cast("dict[str, Any]", yaml_parse((built / "template.yaml").read_text()))
    content["Parameters"]["Architecture"]["Default"] = ARCHITECTURE
    aws = json.dumps(CREDENTIALS | {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": endpoint})
    shared = content["Globals"]["Function"]
    own_handler, shared["Handler"] = shared["Handler"], "sam_local.handler"
    for name, resource in content["Resources"].items():
        properties = resource.get("Properties", {})
        for folder in {"CodeUri", "ContentUri"} & set(properties):
            properties[folder] = str(built / properties[folder])
        if resource["Type"] == FUNCTION:
            added = {"LOCAL_AWS": aws, "OWN_HANDLER": own_handler}
            properties["Environment"] = {"Variables": deployed[name] | added}
    shared["Layers"].append({"Ref": "SamLocalLayer"})
    content["Resources"]["SamLocalLayer"] = {
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {"ContentUri": LAYER.name},
    }
    return content


def function_of(event: Path, content: dict[str, Any]) -> str:
    """Return the logical id of the function that a file of events/ is for."""
    folder = event.resolve().parent.name
    for name, resource in content["Resources"].items():
        # `signup` is built as Signup, `validate_email` as ValidateEmail.
        if resource["Type"] == FUNCTION and name.lower() == folder.replace("_", ""):
            return name
    raise StackError(f"{event} is not in the folder of a function: see events/README.md.")


def template_path(stack: Stack) -> Path:
    """Return the path of the template for `sam local`."""
    return stack.folder / "sam-local" / "template.json"


@contextmanager
def prepared(stack: Stack) -> Generator[dict[str, Any]]:
    """Write the template for `sam local`, and let containers reach the emulator, for a block.

    While it lasts, the SAM CLI may run this template by itself too.
    """
    address = bridge.address()
    endpoint = f"http://{address or bridge.HOST_NAME}:{stack.port}"
    content = template(stack.build_folder, environments(stack), endpoint)
    path = template_path(stack)
    # A copy, as SAM starts afresh whatever uses a folder in which a file is written.
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(LAYER, path.parent / LAYER.name, dirs_exist_ok=True, ignore=ignored)
    path.write_text(json.dumps(content))
    with bridge.relay(address, stack.port):
        yield content


@contextmanager
def sam(
    stack: Stack, *arguments: str, log: Path | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """Run `sam local` with these arguments, for a block; its output goes to `log` if given.

    At the end of the block it is interrupted once, and waited for while it removes its containers.
    It is in a session of its own: the Ctrl-C of a terminal would interrupt that as well.
    """
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": stack.endpoint,  # SAM asks whose credentials these are
        "SAM_CLI_TELEMETRY": "0",
    }
    options = ("--template", str(template_path(stack)), "--region", REGION)
    with (log or Path(os.devnull)).open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "samcli", "local", *arguments, *options],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file if log else None,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    say("\nStopping the containers …")
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        say(f"`sam local` did not end in {STOP_SECONDS} s: `docker ps` shows what it left.")


@contextmanager
def _api(stack: Stack, log: Path | None = None) -> Generator[subprocess.Popen[bytes]]:
    """Serve the portal at `stack.url` with `sam local start-api`, for a block."""
    port = stack.url.rpartition(":")[2]
    options = ("--host", NAME, "--port", port, "--warm-containers", "LAZY")
    with prepared(stack), sam(stack, "start-api", *options, log=log) as process:
        yield process


def serve(stack: Stack) -> None:
    """Serve the portal until interrupted; raises `StackError` if `sam local` ends before."""
    with _api(stack) as process:
        say(f"The portal in containers: {stack.url}/ (Ctrl-C stops all)")
        raise StackError(f"`sam local start-api` ended, with the status {process.wait()}.")


def check_journey(stack: Stack) -> None:
    """Serve the portal, and take the journey of the README there.

    Raises `StackError` for the first step that fails, and shows the end of SAM's output.
    """
    log = template_path(stack).with_name("start-api.log")
    log.unlink(missing_ok=True)
    try:
        with _api(stack, log) as process:
            _wait(process, int(stack.url.rpartition(":")[2]))
            journey.take(stack.url, stack.mails)
    except StackError as error:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        raise StackError("\n".join([*lines[-40:], f"(all of it: {log})", str(error)])) from None


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_taken(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StackError("`sam local start-api` did not start.")
        time.sleep(0.1)


def invoke(stack: Stack, events: Sequence[Path]) -> None:
    """Invoke the function of each event with `sam local invoke`.

    Raises `StackError` if any could not run.
    """
    failed: list[str] = []
    with prepared(stack) as content:
        for event in events:
            function = function_of(event, content)
            say(f"{function} ← {event}")
            with sam(stack, "invoke", function, "--event", str(event)) as process:
                if process.wait():
                    failed.append(str(event))
    if failed:
        raise StackError(f"`sam local invoke` failed for {', '.join(failed)}.")
