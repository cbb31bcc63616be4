"""Fixtures for the deployed local stack, and the marks and sockets of each test."""

import gc
from typing import TYPE_CHECKING

import pytest

from tests.world.bus import Listener
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.mailbox import Mailbox
from tools.stack import provider
from tools.stack.stack import stack_for_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.stack.stack import Stack


FIXTURES = {"stack": {"stack"}, "browser": {"browser", "context", "page"}}
"""The fixtures that give a test a mark, directly or through another fixture."""
WITH_SOCKETS = ("stack", "browser", "build")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the stack or a browser, so that nobody forgets to.

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


gc.set_threshold(50_000)
"""Objects between two runs of the garbage collector: at Python's 2,000 they take a twentieth."""


def pytest_collection_finish() -> None:
    """Make the garbage collector ignore what is loaded: it takes a tenth of the time."""
    gc.collect()
    gc.freeze()


pytest_plugins = ["tests.world.cloud", "tests.world.world", "tests.world.functions"]


@pytest.fixture(scope="session")
def stack() -> "Iterator[Stack]":
    """Start and deploy an empty stack of its own when the first test asks for it."""
    with stack_for_tests() as running:
        yield running


@pytest.fixture(scope="session")
def login_provider(stack: "Stack") -> "Iterator[str]":
    """Return the address of the stack's login provider, which keeps its keys for all tests."""
    provider.of(stack).start()
    yield stack.provider_url
    provider.of(stack).stop()


@pytest.fixture(scope="session")
def mailbox(stack: "Stack") -> Mailbox:
    """Return the mails that were sent."""
    return Mailbox(stack)


@pytest.fixture(scope="session")
def direct(stack: "Stack") -> Direct:
    """Return access to what is behind the HTTP API, for what takes hours otherwise."""
    return Direct(stack)


@pytest.fixture
def client(stack: "Stack") -> Client:
    """Return a client with its own address, so that tests do not share limits."""
    return Client(stack.port)


@pytest.fixture
def listener(direct: Direct) -> "Iterator[Listener]":
    """Listen to the portal's events."""
    listening = Listener(direct)
    yield listening
    listening.close()
