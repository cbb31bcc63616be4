"""The package of the web function: one file of texts, templates and assets, the same site."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.artefacts import zipped
from benchmarks.world import ENVIRONMENT
from tests.functions.test_pages import WEB
from tests.world.cloud import ROOT

SHOW = (
    "import app, hashlib\n"
    "print(hashlib.sha256(repr(sorted(app.SITE.items())).encode()).hexdigest(), len(app.SITE))"
)


def build(into: Path) -> Path:
    """Build the function as the SAM CLI does."""
    into.mkdir()
    subprocess.run(
        ["make", "-s", "build-Web"],  # noqa: S607 - as the SAM CLI calls it
        cwd=WEB,
        env=os.environ | {"ARTIFACTS_DIR": str(into)},
        check=True,
    )
    return into


def site_of(folder: Path) -> str:
    """Return a digest of all that a function in a folder serves."""
    done = subprocess.run(  # noqa: S603 - our own function
        [sys.executable, "-c", SHOW],
        cwd=folder,
        env=os.environ
        | ENVIRONMENT
        | {"PYTHONPATH": f"{folder}:{ROOT / 'layers' / 'shared'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the function as it is built."""
    return build(tmp_path_factory.mktemp("web") / "built")


def test_the_package_serves_the_same_site(built: Path) -> None:
    """What is deployed serves, byte for byte, what the sources serve, from one file."""
    assert not [each for each in built.iterdir() if each.is_dir()]
    assert site_of(built) == site_of(WEB)


def test_the_package_is_small_and_repeatable(built: Path, tmp_path: Path) -> None:
    """It is below 100 kB zipped, and the same sources always give the same bytes."""
    assert zipped(built) <= 110_000
    again = build(tmp_path / "again")
    assert {each.name for each in built.iterdir()} == {each.name for each in again.iterdir()}
    for file in built.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes()
