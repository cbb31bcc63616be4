"""The portal under `sam local`: SAM and Lambda's emulator, on an engine without containers."""

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world.engine import Engine, docker_engine
from tools.stack import __main__ as commands
from tools.stack import mailbox, sam
from tools.stack.stack import HOST, ROOT, Stack, StackError, free_port

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="the emulator of the runtime is for Linux"),
]
PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
BRIDGE = "127.0.0.2"
"""An address of this machine at which the emulator does not listen."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Run the engine, and make it the one that `docker` and SAM ask."""
    with docker_engine(tmp_path, BRIDGE) as running:
        monkeypatch.setenv("DOCKER_HOST", running.host)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        yield running


def test_the_journey(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """`make sam-journey` succeeds, each function in a container, and leaves nothing behind.

    The mails lead to the address of `sam local`; the emulator that it started ends with it.
    """
    name = f"test-sam{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    stack = Stack(name, free_port(), keeps_state=False)
    stack.stop()  # left behind by a run that was killed
    try:
        commands.sam_journey(stack)
        assert not stack.is_running
        assert mailbox.of(stack).pid is None
    finally:
        mailbox.of(stack).stop()
        stack.stop()
    lines = capsys.readouterr().out.splitlines()
    assert f"The mail: its link leads to {stack.front}/valider" in lines
    assert "The clock: it goes" in lines
    assert "The requests' ids: each has its own" in lines
    assert stack.front.startswith("http://localhost:")
    functions = {each.variables["AWS_LAMBDA_FUNCTION_NAME"] for each in engine.created}
    assert {"Web", "Signup", "ValidateEmail", "SetPassword", "Login", "Activity"} <= functions
    for each in engine.created:
        assert each.variables["PUBLIC_URL"] == stack.front
        assert f'"http://{BRIDGE}:{stack.port}"' in each.variables["LOCAL_AWS"]
    assert engine.platforms == {f"linux/{PROCESSORS[platform.machine()]}"}
    assert not engine.containers


def test_the_plain_command(stack: Stack, engine: Engine) -> None:
    """The command of events/README.md works in any shell, one logged in to AWS included."""
    text = (ROOT / "events" / "README.md").read_text()
    (line,) = (each for each in text.splitlines() if each.strip().startswith("sam local invoke"))
    command = line.replace(".local/dev/sam-local/template.json", str(sam.template_path(stack)))
    account = {"AWS_ACCESS_KEY_ID": "AKIDEVELOPER", "AWS_SECRET_ACCESS_KEY": "secret"}
    nowhere = {"AWS_ENDPOINT_URL": f"http://{HOST}:9"}
    with sam.prepared(stack):
        done = subprocess.run(  # noqa: S603 - our own documentation
            shlex.split(command),
            cwd=ROOT,
            env={**os.environ, **account, **nowhere, "SAM_CLI_TELEMETRY": "0"},
            capture_output=True,
            check=False,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["statusCode"] == 401, done.stderr
    assert not engine.containers


def test_an_event_that_cannot_run(stack: Stack, engine: Engine) -> None:
    """`sam local invoke` that fails is an error that names the event, after the other events."""
    wrong, right = ROOT / "events" / "login" / "missing.json", ROOT / "events" / "web" / "home.json"
    with pytest.raises(StackError, match=r"failed for \S*missing\.json\."):
        sam.invoke(stack, [wrong, right])
    (container,) = engine.created
    assert container.variables["AWS_LAMBDA_FUNCTION_NAME"] == "Web"
    assert not engine.containers


def test_a_stack_that_runs_stays(
    stack: Stack,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`make sam-invoke` uses the stack that runs, and says that it stays."""
    monkeypatch.setenv("EVENT", "events/web/home.json")
    monkeypatch.chdir(ROOT)
    commands.sam_invoke(stack)
    assert stack.is_running
    assert "It stays afterwards." in capsys.readouterr().out
    assert [each.variables["AWS_LAMBDA_FUNCTION_NAME"] for each in engine.created] == ["Web"]
    assert not engine.containers
