"""The list of guards is that of the code; `make guards` removes each and sees its tests fail."""

import ast
from functools import cache

import pytest

from tools.guards import ROOT, Guard, read

GUARDS = read()
LINES = range(1, 21)


@cache
def functions_of(file: str) -> frozenset[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


@cache
def promises() -> dict[int, str]:
    """Return the rows of the table of docs/security.md, by number."""
    rows = [line.split("|") for line in (ROOT / "docs/security.md").read_text().splitlines()]
    return {int(row[1]): "|".join(row) for row in rows if len(row) > 2 and row[1].strip().isdigit()}


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_each_guard_is_there(guard: Guard) -> None:
    """Its text stands once in its file, its tests exist, and its line in the docs names it."""
    assert guard.remove((ROOT / guard.file).read_text())
    for test in guard.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in functions_of(file), test
    assert f"`{guard.name}`" in promises()[guard.line]


def test_each_line_has_a_guard() -> None:
    """Every promise of the table has one guard at least, and no name stands for two."""
    assert {guard.line for guard in GUARDS} == set(LINES) == set(promises())
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)
