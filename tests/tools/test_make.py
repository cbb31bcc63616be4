"""What the first command says if the machine lacks something."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.stack.stack import ROOT


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a folder of programs without Python, in a new clone."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("awk", "bash", "df", "mkdir", "make", "rm"):
        (folder / name).symlink_to(shutil.which(name) or "")
    for name in ("Makefile", ".python-version", "requirements/dev.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return folder


def _make(tools: Path) -> subprocess.CompletedProcess[str]:
    home = tools.parent
    return subprocess.run(  # noqa: S603 - our own Makefile
        [tools / "make", "lint"],
        cwd=home,
        env={"PATH": str(tools), "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_python(tools: Path) -> None:
    """Without Python 3.13 the command says so, and how to install it."""
    done = _make(tools)
    assert done.returncode != 0
    assert "Python 3.13 with venv is needed" in done.stderr
    assert "uv python install 3.13" in done.stderr
    assert not (tools.parent / ".venv").exists()


def test_an_environment_that_is_a_link(tools: Path) -> None:
    """The environment of another clone, to which a link leads, is left as it is."""
    other = tools.parent / "other"
    other.mkdir()
    (other / "pyvenv.cfg").touch()
    (tools.parent / ".venv").symlink_to(other)
    done = _make(tools)
    assert done.returncode != 0
    assert ".venv is a link and older than requirements/dev.txt" in done.stderr
    assert [each.name for each in other.iterdir()] == ["pyvenv.cfg"]


def test_nearly_full_disk(tools: Path) -> None:
    """Without enough room the command says how much is free and how much is needed."""
    (tools / "df").unlink()
    df = tools / "df"
    df.write_text("#!/bin/bash\necho head\necho disk 9000000 8900000 102400 99% /\n")
    df.chmod(0o755)
    done = _make(tools)
    assert done.returncode != 0
    assert "Only 100 MiB are free on this disk: .venv needs 2048." in done.stderr
    assert not (tools.parent / ".venv").exists()
