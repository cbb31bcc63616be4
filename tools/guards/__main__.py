"""Removes each guard in a copy of the tree, and checks that its tests fail.

    make guards              every guard, by line of docs/security.md
    make guards LINE=7       those of a line
    make guards NAME=pepper  one
    make guards KIND=fast    those that need no stack (KIND=stack: the others)

The working tree is never changed. First all named tests must pass in the unchanged copy. Then, for
each guard, its tests must fail in the copy without it. A test that cannot run (a broken import, a
fixture, no such test) did not fail: the guard counts as not tested. Problems of the marks are
printed first.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from tools.guards import ROOT, Guard, GuardError, guards, listed, problems

SECONDS = 600
"""Longest run for one guard; most take ten seconds, or a minute with the stack."""
SECONDS_FOR_ALL = 3600
"""Longest run of all the tests, with nothing removed."""
SECONDS_TO_STOP = 60


KINDS = ("fast", "stack")


def chosen() -> list[Guard]:
    """Return the guards selected by the environment variables.

    Raises ``GuardError`` for a value that none of them may have.
    """
    line, name, kind = (os.environ.get(each, "").strip() for each in ("LINE", "NAME", "KIND"))
    lines = sorted({guard.number for guard in guards()})
    if line and line not in map(str, lines):
        raise GuardError(f"LINE is a number from {lines[0]} to {lines[-1]}, of docs/security.md.")
    if kind and kind not in KINDS:
        raise GuardError(f"KIND is {' or '.join(KINDS)}.")
    if name and name not in {guard.name for guard in guards()}:
        raise GuardError("NAME is a guard of the last column of the table in docs/security.md.")
    return [
        guard
        for guard in guards()
        if (not line or str(guard.number) == line)
        and (not name or guard.name == name)
        and (not kind or guard.needs_stack == (kind == "stack"))
    ]


def copy_tree(to: Path) -> None:
    """Copy the listed files, with the emulator and the latest builds of the layers."""
    for name in listed():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)
    (to / ".local" / "guards").mkdir(parents=True)
    if (ROOT / ".local" / "stack").exists():
        (to / ".local" / "stack").symlink_to(ROOT / ".local" / "stack")
    # The packages of the layers do not change: use the builds of an earlier run.
    for cache in (ROOT / ".local").glob("test*/cache-*"):
        kept = to / ".local" / "guards" / cache.name
        shutil.copytree(cache, kept, symlinks=True, dirs_exist_ok=True)


def run(tests: Iterable[str], tree: Path, seconds: float = SECONDS) -> Counter[tuple[str, str]]:
    """Run tests in a tree; count the outcomes by test name, with and without parameters."""
    report = tree / ".local" / "guards.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-p", "no:cacheprovider", "--junitxml", str(report), "--tb=no"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *sorted(set(tests))],
        cwd=tree,
        # Files change within a second, to the same size, so stored bytecode would look up to date.
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "TEST_STACK": "guards"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(seconds)
    except BaseException as ended:
        process.send_signal(signal.SIGINT)  # as Ctrl-C does: pytest then stops its stack
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_STOP)
        process.kill()
        process.wait()
        if not isinstance(ended, subprocess.TimeoutExpired):
            raise
    return outcomes(report)


def outcomes(report: Path) -> Counter[tuple[str, str]]:
    """Count the cases of pytest's report, by test name and « passed », « failed » or « error »."""
    found: Counter[tuple[str, str]] = Counter()
    if not report.exists():
        return found
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own pytest wrote it
        kinds = {each.tag for each in case}
        outcome = "error" if "error" in kinds else "failed" if "failure" in kinds else "passed"
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        for each in {name, name.partition("[")[0]}:
            found[each, outcome] += 1
    return found


def survivors(guard: Guard, tree: Path) -> list[str]:
    """Return the tests that did not fail in a tree without a guard."""
    file = tree / guard.mark.file
    original = file.read_text()
    try:
        file.write_text(guard.mark.remove(original))
        seen = run(guard.tests, tree)
    except GuardError as error:
        return [str(error)]
    finally:
        file.write_text(original)
    return [test for test in guard.tests if not seen[test, "failed"]]


def say(*cells: object) -> None:
    """Print a row of the table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def main(asked: Sequence[Guard], wrong: Sequence[str]) -> int:
    """Run all; return how many guards are not tested, plus how many problems the marks have."""
    print(*wrong, sep="\n", end="\n" if wrong else "")
    if not asked:
        print("No guard is of that line, name and kind: see the table of docs/security.md.")
        return 1
    started = time.monotonic()
    with TemporaryDirectory(prefix="guards-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        tests = {test for guard in asked for test in guard.tests}
        print(f"{len(asked)} guards, {len(tests)} tests; first all of them, nothing removed:")
        seen = run(tests, tree, SECONDS_FOR_ALL)
        broken = {
            test
            for test in tests
            if not seen[test, "passed"] or seen[test, "failed"] or seen[test, "error"]
        }
        print(*(f"does not pass: {test}" for test in sorted(broken)), sep="\n")
        print(f"{len(tests) - len(broken)} pass ({time.monotonic() - started:.0f} s)\n")
        say("line", "guard removed", "tests that must fail", "seconds", "result")
        say("---", "---", "---", "---", "---")
        lost = 0
        for guard in asked:
            since = time.monotonic()
            alive = sorted(broken.intersection(guard.tests)) or survivors(guard, tree)
            lost += bool(alive)
            names = ", ".join(test.removeprefix("tests/") for test in guard.tests)
            result = f"NOT TESTED: {', '.join(alive)}" if alive else "seen failing"
            say(guard.number, guard.name, names, f"{time.monotonic() - since:.0f}", result)
    print(
        f"\n{len(asked) - lost} of {len(asked)} guards, on "
        f"{len({guard.number for guard in asked})} lines, are tested: their tests fail without "
        f"them ({(time.monotonic() - started) / 60:.0f} min)."
    )
    return lost + len(wrong)


if __name__ == "__main__":
    try:
        asked = chosen()
    except GuardError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    sys.exit(1 if main(asked, problems()) else 0)
