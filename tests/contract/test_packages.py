"""What is deployed: sizes, byte-code, and what a cold start is spared."""

import gzip
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks.artefacts import Build, without_bytecode, zipped
from benchmarks.worker import PYTHON, environment
from benchmarks.world import FUNCTIONS

if TYPE_CHECKING:
    from tests.local.stack import Stack

pytestmark = pytest.mark.stack

MODULES = 570
"""Modules that Python holds once Login is imported: 510, of which 60 are there from the start."""


@pytest.fixture(scope="module")
def built(stack: "Stack") -> Build:
    """Return what was built for the stack."""
    return Build(stack.build_folder)


def test_packages_are_small(built: Build) -> None:
    """The layer of dependencies stays below 10 MB zipped, each function below 100 kB."""
    assert zipped(built.folder / "DependenciesLayer") <= 10_000_000
    heavy = {name for name in FUNCTIONS if zipped(built.code(name)) > 100_000}
    assert not heavy


def test_every_function_is_weighed(built: Build) -> None:
    """The benchmarks know every function of the template."""
    folders = {path.name for path in built.folder.iterdir() if path.is_dir()}
    assert folders == FUNCTIONS.keys() | {"DependenciesLayer", "SharedLayer"}


def test_layers_hold_their_bytecode(built: Build) -> None:
    """No module of a layer is compiled at a cold start: /opt cannot be written to."""
    assert [path for layer in built.layers for path in without_bytecode(layer)] == []


def test_botocore_reads_little(built: Build) -> None:
    """Of botocore's data only the called services' are there, without their documentation."""
    data = built.folder / "DependenciesLayer" / "python" / "botocore" / "data"
    assert (data / "endpoints.json").stat().st_size < 100_000
    texts = [gzip.decompress(model.read_bytes()) for model in data.rglob("service-2.json.gz")]
    assert texts
    assert not [text for text in texts if b'"documentation":"' in text]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_functions_start_lean(built: Build, function: str) -> None:
    """Every function starts from its package alone, without asyncio, and loads few modules."""
    program = "import app, json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(  # noqa: S603 - our own program
        [PYTHON, "-s", "-c", program],
        env=environment(built.code(function), built.layers),
        check=True,
        capture_output=True,
        text=True,
    )
    modules = json.loads(done.stdout.splitlines()[-1])
    if function != "SendMail":  # the processor of batches brings it
        assert "asyncio" not in modules
    assert len(modules) <= MODULES
