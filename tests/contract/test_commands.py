"""The real AWS CLI understands each of its commands in the documentation.

The blocks of a page are run by a shell that has nothing but what it builds in, with a function in
place of the CLI: what that is given, after quotes, variables and substitutions, the CLI reads here.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.world.cloud import ROOT

CLI = ROOT / ".local" / "cli" / "bin" / "python"
BLOCK = re.compile(r"^( *)```bash\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(aws [^`]+)`")
COMMAND = re.compile(r"\baws ([a-z0-9]+) ([a-z0-9-]+)")
PLACEHOLDER = re.compile(r"<[A-Za-z][^<>\n]*>")
BASH = "/bin/bash"
# What AWS would answer is a word; where a command or a loop needs another, that one.
SHELL = r"""
aws() {
    printf '%s\0' "$@" $'\036' >> "$RECORD"
    case "$*" in
        *"--output json"*'Parameters[]'*) echo '[]' ;;
        "dynamodb describe-table"*) echo ACTIVE ;;
        "dynamodb get-item"*) echo '{}' ;;
        "s3 cp"*) : > "$3"; echo ;;
        *) echo an-answer-of-more-than-twenty-characters ;;
    esac
}
python3() { echo '[]'; }
date() { echo 1795828692; }
command_not_found_handle() { :; }
PATH=
"""

pytestmark = pytest.mark.build


def blocks(page: Path) -> str:
    """Return what a page has readers run: its blocks, then the commands within its sentences."""
    text = page.read_text()
    found = [dedent(each[2]) for each in BLOCK.finditer(text)]
    sentences = INLINE.findall(BLOCK.sub("", text))
    return "\n".join([*found, *(" ".join(each.split()) for each in sentences)])


PAGES = [
    page
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    )
    if COMMAND.search(blocks(page))
]


def test_the_pages_of_operators_have_commands() -> None:
    """Pages whose commands are found are at least those that are followed step by step."""
    assert {"deployment", "runbook"} <= {each.stem for each in PAGES}


def given(page: Path, folder: Path) -> list[list[str]]:
    """Return what the CLI is given by each command of a page, as the shell passes it."""
    preamble = BLOCK.search((ROOT / "docs" / "runbook.md").read_text())
    assert preamble
    script = PLACEHOLDER.sub(
        "placeholder-of-more-than-thirty-two-characters", f"{dedent(preamble[2])}\n{blocks(page)}"
    )
    script = re.sub(r"/dev/shm/|/tmp/", f"{folder}/", script)  # noqa: S108 - files of readers
    script = script.replace("file:///dev/stdin", "text")
    record = folder / "record"
    record.touch()
    done = subprocess.run(  # noqa: S603 - it finds no program, see SHELL
        [BASH, "--norc", "-c", SHELL + script],
        cwd=ROOT,
        env={"RECORD": str(record), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert "syntax error" not in done.stderr, done.stderr
    commands = record.read_text().split("\0\036\0")[:-1]
    return [each.split("\0") for each in commands]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_aws_cli_understands_each_command(page: Path, tmp_path: Path) -> None:
    """Each command has options, values and a query that the CLI knows, and none is left out."""
    commands = given(page, tmp_path)
    written = {" ".join(found) for found in COMMAND.findall(blocks(page))}
    assert written <= {" ".join(each[:2]) for each in commands}
    for each in commands:
        if each[:2] == ["s3", "cp"]:
            each.append("--dryrun")
    done = subprocess.run(  # noqa: S603 - our own script, in the CLI's environment
        [CLI, ROOT / "tests" / "world" / "aws_cli.py"],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "eu-west-3",
            "AWS_CONFIG_FILE": os.devnull,
        },
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    found = zip(commands, json.loads(done.stdout), strict=True)
    wrong = [f"aws {' '.join(command)}\n{problem}" for command, problem in found if problem]
    assert not wrong, "\n\n".join(wrong)
