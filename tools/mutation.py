"""Mutation score of the rules, the links, the limits and the attempts: `make mutation`.

mutmut makes one change to a function at a time and runs the unit tests that reach it. It works in a
copy under .local/mutation. There the package is in « src », the only folder from which mutmut and
the tests give its modules the same names. It does not change code outside functions (limits,
lifetimes of links, patterns) and methods of dataclasses; `make guards` removes the guards among
these.

Most surviving mutants have no visible effect: an argument that equals the default
(``token_urlsafe(None)``, ``mac(…, None)``), a search past the end of a password, an escape in
capitals, an option about local parts that are refused before.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / ".local" / "mutation"
LEAST = 90
"""Score below which the command fails, in percent."""
SECONDS = 1800
"""Longest run; mutants that were not tested by then count as a failure."""

# mutmut 3.7 reads an attribute that pytest 9.2 no longer has; the second line adds it.
RUN = """
import pytest
pytest.Item._nodeid = property(lambda item: item.nodeid)
from mutmut.__main__ import cli
cli(["run"])
"""
KILLED, NOT_REACHED, SURVIVED = "killed", "not reached", "survived"
OUTCOMES = {0: SURVIVED, 5: NOT_REACHED, 33: NOT_REACHED}
"""Outcome by exit status of a run of tests, as in mutmut; any other status means killed."""


def copy() -> None:
    """Create the copy that mutmut works in."""
    shutil.rmtree(COPY, ignore_errors=True)
    (COPY / "src").mkdir(parents=True)
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "layers/shared/portal", COPY / "src" / "portal", ignore=leave)
    for folder in ("tests", "tools"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=leave)
    for name in ("pyproject.toml", "template.yaml"):
        shutil.copy2(ROOT / name, COPY / name)


def results() -> dict[str, dict[str, str]]:
    """Return the outcome of each mutant, by file."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((COPY / "mutants").rglob("*.meta")):
        statuses = json.loads(path.read_text())["exit_code_by_key"]
        if statuses:
            name = path.relative_to(COPY / "mutants" / "src").as_posix().removesuffix(".meta")
            found[name] = {
                mutant: "not run" if status is None else OUTCOMES.get(status, KILLED)
                for mutant, status in statuses.items()
            }
    return found


def main() -> int:
    """Run mutmut, print the score by file and the survivors; return 1 below the least score."""
    copy()
    with suppress(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", RUN], cwd=COPY, check=False, timeout=SECONDS)
    total: Counter[str] = Counter()
    left: list[str] = []
    print("\n| file | mutants | killed | score |\n| --- | --- | --- | --- |")
    for file, outcomes in results().items():
        count = Counter(outcomes.values())
        total += count
        killed = count[KILLED]
        print(f"| {file} | {count.total()} | {killed} | {killed / count.total():.1%} |")
        left += [f"{mutant} {each}" for mutant, each in outcomes.items() if each != KILLED]
    killed = total[KILLED]
    score = 100 * killed / max(total.total(), 1)
    print(f"| all | {total.total()} | {killed} | {score:.1f} % |\n")
    print(*left, sep="\n")
    return int(score < LEAST or total["not run"] > 0)


if __name__ == "__main__":
    sys.exit(main())
