"""The guards of the service's promises, and the tests that must fail without them.

A guard is marked in the code, by a comment directly above the place::

    # guard: idle                  the statement or element that begins below is removed
    # guard: idle: 30 * 60 => 60   in it, the first text is replaced by the second

In Python, the syntax tree gives the end of the statement or element; in other files, it is the next
line. Several marks may be above one place. The first text must occur exactly once; the second one
may be empty.

Its tests are marked ``@pytest.mark.guards("idle")``, or ``guards("idle", only="login-300")`` when
one case of a parametrised test must fail. The table of docs/security.md shows which promise a guard
belongs to. There is no other list; ``problems`` compares the three.
"""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "security.md"
STACK = ("tests/attacks/", "tests/browser/", "_stack.py")
"""Paths of the tests that need the deployed stack."""
_ELSEWHERE = ("tests/", "tools/", "docs/")
"""Folders without code of the service."""
_MARK = re.compile(
    r"\s*(?:#|//) guard: (?P<name>[a-z0-9-]+)(?:: (?P<old>.+?) =>(?: (?P<new>.+))?)?"
)
_COMMENT = re.compile(r"\s*(?:#|//)")


class GuardError(ValueError):
    """A mark that cannot be applied; the message explains why."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark in the code: replaces ``old`` by ``new``, or removes all if ``old`` is ``None``."""

    name: str
    file: str
    line: int
    old: str | None = None
    new: str = ""

    def remove(self, text: str) -> str:
        """Return the text of the file without the guard; raises ``GuardError``."""
        lines = text.splitlines(keepends=True)
        below = self.line
        while below < len(lines) and _COMMENT.match(lines[below]):
            below += 1
        if below == len(lines):
            raise GuardError(f"{self.name}: nothing is below the mark in {self.file}.")
        before = sum(map(len, lines[:below]))
        extent = _extent(text, below + 1) if self.file.endswith(".py") else None
        if self.old is None:
            return self._without(text, extent, before, before + len(lines[below]))
        start, end, _ = extent or (before, before + len(lines[below]), False)
        found = text[start:end].count(self.old)
        if found != 1:
            raise GuardError(f"{self.name}: {self.old!r} is {found} times in {self.file}.")
        return text[:start] + text[start:end].replace(self.old, self.new) + text[end:]

    def _without(
        self, text: str, extent: tuple[int, int, bool] | None, start: int, end: int
    ) -> str:
        if not self.file.endswith(".py"):
            return text[:start] + text[end:]
        if extent is None:
            raise GuardError(f"{self.name}: no statement or element begins below, in {self.file}.")
        start, end, is_statement = extent
        if is_statement:
            return f"{text[:start]}pass{text[end:]}"
        comma = re.compile(r"\s*,").match(text, end)
        return text[:start] + text[comma.end() if comma else end :]


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard with the number of its promise in docs/security.md and the tests that must fail.

    A test is named without its parameters when any of them may be the one that fails.
    """

    number: int
    mark: Mark
    tests: Sequence[str]

    @property
    def name(self) -> str:
        """Name of its mark."""
        return self.mark.name

    @property
    def needs_stack(self) -> bool:
        """Whether one of its tests needs the deployed stack."""
        return any(test.startswith(STACK) for test in self.tests)


def _extent(text: str, line: int) -> tuple[int, int, bool] | None:
    """Return start and end of the largest part that begins on a line, and if it is a statement."""
    lines = text.splitlines(keepends=True)
    column = len(lines[line - 1]) - len(lines[line - 1].lstrip())

    def offset(row: int, in_bytes: int) -> int:
        characters = len(lines[row - 1].encode()[:in_bytes].decode())
        return sum(map(len, lines[: row - 1])) + characters

    start = offset(line, column)
    found = [
        (offset(*end), is_statement)
        for begin, end, is_statement in _parts(ast.parse(text))
        if begin == (line, column)
    ]
    return (start, *max(found)) if found else None


type _Position = tuple[int, int]


def _parts(tree: ast.AST) -> Iterator[tuple[_Position, _Position, bool]]:
    """Yield begin and end of every statement and element, and whether it is a statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                end = (value.end_lineno or 0, value.end_col_offset or 0)
                # `**value` has no key, and begins two characters before its value.
                column = key.col_offset if key else value.col_offset - 2
                yield ((key or value).lineno, column), end, False
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for each in node.decorator_list:
                end = (each.end_lineno or 0, each.end_col_offset or 0)
                yield (each.lineno, each.col_offset - 1), end, False
        if isinstance(node, ast.stmt | ast.expr | ast.keyword | ast.arg):
            end = (node.end_lineno or 0, node.end_col_offset or 0)
            yield (node.lineno, node.col_offset), end, isinstance(node, ast.stmt)


@cache
def listed() -> Sequence[str]:
    """Return the files that git tracks, or would with ``git add``."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in sorted(set(done.stdout.split("\0"))) if (ROOT / name).is_file()]


@cache
def marks() -> Sequence[Mark]:
    """Return the marks in the code."""
    found: list[Mark] = []
    for file in listed():
        if file.startswith(_ELSEWHERE):
            continue
        text = (ROOT / file).read_bytes()
        if b" guard: " in text:
            found += marks_of(file, text.decode())
    return found


def marks_of(file: str, text: str) -> Iterator[Mark]:
    """Yield the marks of one file."""
    for number, line in enumerate(text.splitlines(), 1):
        mark = _MARK.fullmatch(line)
        if mark:
            yield Mark(mark["name"], file, number, mark["old"], mark["new"] or "")


@cache
def tests() -> Mapping[str, Sequence[str]]:
    """Return, by the name of each guard, the tests that must fail without it."""
    found: dict[str, list[str]] = {}
    for file in listed():
        if file.startswith("tests/") and Path(file).match("test_*.py"):
            for name, test in tests_of(file, (ROOT / file).read_text()):
                found.setdefault(name, []).append(test)
    return found


def tests_of(file: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield a guard's name and a test, for each mark on a test of one file."""
    for function in ast.parse(text).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(
                "mark.guards"
            ):
                only = "".join(f"[{ast.literal_eval(each.value)}]" for each in decorator.keywords)
                for name in decorator.args:
                    yield ast.literal_eval(name), f"{file}::{function.name}{only}"


@cache
def documented() -> Sequence[tuple[int, str]]:
    """Return the number of a promise and a guard's name, for each name in docs/security.md."""
    rows = [line.split("|") for line in DOCS.read_text().splitlines()]
    return [
        (int(row[1]), name)
        for row in rows
        if len(row) > 2 and row[1].strip().isdigit()  # noqa: PLR2004 - the first cell
        for name in re.findall(r"`([a-z0-9-]+)`", row[-2])
    ]


@cache
def guards() -> Sequence[Guard]:
    """Return the guards that have a mark, a test and a promise, in the order of the promises."""
    by_name = {mark.name: mark for mark in marks()}
    return [
        Guard(number, by_name[name], tests()[name])
        for number, name in documented()
        if name in by_name and name in tests()
    ]


def unmarked() -> Sequence[str]:
    """Return a sentence for each guard that docs or tests name and no mark in the code has."""
    known = {mark.name for mark in marks()}
    return [
        *(
            f"{name}: docs/security.md names it, no code is marked with it."
            for _, name in documented()
            if name not in known
        ),
        *(
            f"{name}: {', '.join(named)} names it, no code is marked with it."
            for name, named in tests().items()
            if name not in known
        ),
    ]


def untested() -> Sequence[str]:
    """Return a sentence for each guard without test or promise, or with two marks or promises."""
    named = {name for _, name in documented()}
    known = {mark.name for mark in marks()} | named
    return [
        *(f"{name}: no test is marked with it." for name in sorted(known - tests().keys())),
        *(
            f"{name}: docs/security.md does not name it."
            for name in sorted((known | tests().keys()) - named)
        ),
        *(f"{name}: {count} places are marked with it." for name, count in _repeated(marks())),
        *(
            f"{name}: docs/security.md names it {count} times."
            for name, count in Counter(name for _, name in documented()).items()
            if count > 1
        ),
    ]


def _repeated(found: Sequence[Mark]) -> list[tuple[str, int]]:
    counts = Counter(mark.name for mark in found)
    return [(name, count) for name, count in counts.items() if count > 1]


def broken() -> Sequence[str]:
    """Return a sentence for each mark that cannot be applied."""
    found: list[str] = []
    for mark in marks():
        text = (ROOT / mark.file).read_text()
        try:
            left = mark.remove(text)
            if mark.file.endswith(".py"):
                ast.parse(left)
        except GuardError as error:
            found.append(str(error))
        except SyntaxError as error:
            found.append(f"{mark.name}: {mark.file} is not Python without it ({error}).")
    return found


def problems() -> Sequence[str]:
    """Return a sentence for each problem of the marks."""
    return [*unmarked(), *untested(), *broken()]
