"""What `make guards` reads: the marks of code and tests and docs/security.md agree."""

import ast
import textwrap

import pytest

from tools import guards
from tools.guards import GuardError


def without(code: str, file: str = "x.py") -> str:
    """Return a code without its only guard."""
    text = textwrap.dedent(code)
    (mark,) = guards.marks_of(file, text)
    return mark.remove(text)


def test_every_named_guard_is_in_the_code() -> None:
    """Each guard that docs/security.md or a test names is marked in the code."""
    assert guards.unmarked() == []


def test_every_guard_has_tests_and_one_promise() -> None:
    """Each guard of the code has a test and a row of docs/security.md."""
    assert guards.untested() == []


def test_every_mark_can_be_applied() -> None:
    """What a mark quotes is below it, and what is left is valid Python."""
    assert guards.broken() == []


def test_every_promise_has_a_guard() -> None:
    """Each promise of docs/security.md names at least one guard."""
    assert {number for number, _ in guards.documented()} == {*range(1, 31)}


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("# guard: a\nf(1)\ng()\n", "pass\ng()\n"),
        ("# guard: a\nif x:\n    f()\nelse:\n    g()\nh()\n", "pass\nh()\n"),
        ("f(\n    1,\n    # guard: a\n    two(2),\n)\n", "f(1)\n"),
        ("f(\n    # guard: a\n    x=[\n        1,\n    ],\n    y=2,\n)\n", "f(y=2)\n"),
        ("d = {\n    # guard: a\n    'é': g(\n        1\n    ),\n    **e,\n}\n", "d = {**e}\n"),
        ("d = {\n    1: 2,\n    # guard: a\n    **e,\n}\n", "d = {1: 2}\n"),
        ("t = [\n    1,\n    # guard: a\n    *f(2),\n]\n", "t = [1]\n"),
        ("# guard: a\n@f(1)\n@g\ndef h(): ...\n", "@g\ndef h(): ...\n"),
        ("# guard: a\n# Why.\nX = 1\n", "pass\n"),
        ("# guard: a: 32 => 31\nX = 32\n", "X = 31\n"),
        ("# guard: a: or y =>\nif x or y:\n    f()\n", "if x:\n    f()\n"),
        (
            "if (\n    x\n    # guard: a: y => False\n    or y\n):\n    f()\n",
            "if x or False:\n    f()\n",
        ),
        ("# guard: a: h( => g(); h(\nh(\n    1\n)\n", "g()\nh(1)\n"),
    ],
)
def test_python(code: str, left: str) -> None:
    """A mark removes a full statement or element, or changes one text in it."""
    assert ast.unparse(ast.parse(without(code))) == ast.unparse(ast.parse(left))


def test_two_marks_of_one_place() -> None:
    """Each of several marks above a place is applied alone."""
    text = "# guard: a: 1 => 2\n# guard: b\nX = 1\n"
    first, second = guards.marks_of("x.py", text)
    assert first.remove(text).endswith("X = 2\n")
    assert second.remove(text).endswith("pass\n")


def test_other_files() -> None:
    """In other languages, a mark removes or changes the next line."""
    assert without("a:\n  # guard: a\n  b: 1\n  c: 2\n", "x.yaml").endswith("guard: a\n  c: 2\n")
    assert without("// guard: a: 1 => 2\nlet x = 1;\n", "x.js").endswith("let x = 2;\n")


@pytest.mark.parametrize(
    "code",
    [
        "# guard: a: 1 => 2\nX = 11\n",
        "# guard: a: 2 => 3\nX = 1\n",
        "if (\n    x\n    # guard: a\n    or y\n):\n    f()\n",
        "X = 1\n# guard: a\n",
    ],
)
def test_marks_that_cannot_be_applied(code: str) -> None:
    """A mark whose text is not there once, or with nothing to remove below, is refused."""
    with pytest.raises(GuardError, match="a: "):
        without(code)


def test_marks_of_tests() -> None:
    """A mark names its guards, and the only case that must fail if there is one."""
    code = '@pytest.mark.guards("a", "b")\n@mark.guards("c", only="x-1")\ndef test_y(): ...\n'
    assert list(guards.tests_of("tests/test_x.py", code)) == [
        ("a", "tests/test_x.py::test_y"),
        ("b", "tests/test_x.py::test_y"),
        ("c", "tests/test_x.py::test_y[x-1]"),
    ]
