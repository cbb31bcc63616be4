"""The marks that a test gets from the fixtures that it uses."""

import socket

import pytest
from pytest_socket import SocketBlockedError

from tests.conftest import pytest_collection_modifyitems


class Item:
    """A collected test that uses some fixtures."""

    def __init__(self, fixtures: set[str], marks: set[str]) -> None:
        self.fixturenames = fixtures
        self.marks = marks

    def add_marker(self, name: str) -> None:
        """Add a mark."""
        self.marks.add(name)

    def get_closest_marker(self, name: str) -> bool:
        """Return whether it has a mark."""
        return name in self.marks


@pytest.mark.parametrize(
    ("fixtures", "marks", "expected"),
    [
        (set(), set(), {"disable_socket"}),
        ({"client", "stack"}, set(), {"stack"}),
        ({"stack", "page", "context"}, set(), {"stack", "browser"}),
        ({"context"}, set(), {"browser"}),
        ({"tmp_path"}, {"build"}, {"build"}),
    ],
)
def test_marks(fixtures: set[str], marks: set[str], expected: set[str]) -> None:
    """Tests of a stack or browser are marked; sockets are closed without these or a build."""
    item = Item(fixtures, set(marks))
    pytest_collection_modifyitems([item])
    assert item.marks == expected


def test_no_socket() -> None:
    """A test that asks for nothing opens no socket."""
    # pytest-socket warns before it raises, and warnings are errors here.
    with pytest.raises((SocketBlockedError, UserWarning), match="tried to use socket"):
        socket.socket()
