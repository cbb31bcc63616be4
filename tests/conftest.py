"""What the tests against the deployed local stack share; the unit tests use nothing of it."""

from typing import TYPE_CHECKING

import pytest

from tests.integration.bus import Listener
from tests.integration.client import Client
from tests.integration.direct import Direct
from tests.integration.mailbox import Mailbox
from tools.stack.stack import stack_for_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.stack.stack import Stack


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
