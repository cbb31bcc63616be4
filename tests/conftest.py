"""What the tests of the deployed local stack share, and which marks and sockets each test gets."""

import gc
from typing import TYPE_CHECKING

import pytest

from tests.world.bus import Listener
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.mailbox import Mailbox
from tools.stack.stack import stack_for_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.stack.stack import Stack


FIXTURES = {"stack": {"stack"}, "browser": {"browser", "context", "page"}}
"""The fixtures that make a test one of a mark, used by it or by another of its fixtures."""
WITH_SOCKETS = ("stack", "browser", "build")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the stack or a browser, so that nobody can forget to.

    Sockets are closed for all others. A test that needs one uses ``socket_enabled``, or the mark
    ``enable_socket``: both are pytest-socket's.
    """
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        for mark, fixtures in FIXTURES.items():
            if used & fixtures:
                item.add_marker(mark)
        if not any(item.get_closest_marker(mark) for mark in WITH_SOCKETS):
            item.add_marker("disable_socket")


def pytest_collection_finish() -> None:
    """Have the garbage collector ignore what was loaded so far: it takes a tenth of the time."""
    gc.collect()
    gc.freeze()


pytest_plugins = ["tests.world.cloud", "tests.world.world", "tests.world.functions"]


@pytest.fixture(scope="session")
def stack() -> "Iterator[Stack]":
    """Start and deploy a stack of its own, empty, when the first test asks for it."""
    with stack_for_tests() as running:
        yield running


@pytest.fixture(scope="session")
def mailbox(stack: "Stack") -> Mailbox:
    """Return the mails that were sent."""
    return Mailbox(stack)


@pytest.fixture(scope="session")
def direct(stack: "Stack") -> Direct:
    """Return what lies behind the HTTP API, to arrange what takes hours otherwise."""
    return Direct(stack)


@pytest.fixture
def client(stack: "Stack") -> Client:
    """Return a client with an address of its own, so that no test uses up another's limits."""
    return Client(stack.port)


@pytest.fixture
def listener(direct: Direct) -> "Iterator[Listener]":
    """Listen to the portal's events."""
    listening = Listener(direct)
    yield listening
    listening.close()
