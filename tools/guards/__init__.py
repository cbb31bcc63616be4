"""The guards of the service's promises: what each is in the code, and the tests that hold it."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("guards.toml")
STACK = ("tests/attacks/", "tests/integration/")
"""Where the tests that need the deployed stack are."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: where it stands, what is left when it is removed, and the tests that then fail.

    ``line`` is the number of the promise in docs/security.md; ``text`` stands once in ``file``.
    A test is named without its parameters when any of them may be the one that fails.
    """

    line: int
    name: str
    file: str
    text: str
    without: str
    tests: Sequence[str]

    @property
    def needs_stack(self) -> bool:
        """Whether one of its tests speaks to the deployed stack."""
        return any(test.startswith(STACK) for test in self.tests)

    def remove(self, text: str) -> str:
        """Return a file's text without the guard; raises ``ValueError`` unless it is there once."""
        if text.count(self.text) != 1:
            raise ValueError(f"{self.name}: stands {text.count(self.text)} times in {self.file}")
        return text.replace(self.text, self.without)


def read() -> Sequence[Guard]:
    """Return the guards, in the order of their lines."""
    found = [
        Guard(**{**each, "tests": [f"tests/{test}" for test in each["tests"]]})
        for each in tomllib.loads(LIST.read_text())["guard"]
    ]
    return sorted(found, key=lambda guard: guard.line)
