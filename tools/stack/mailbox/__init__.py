"""The mailbox: every mail that the local portal sends, shown in a browser as a person sees it.

It runs beside the emulator as a process of its own, `python -m tools.stack.mailbox`, and ends with
it.
"""

import sys

from tools.stack.companion import Companion
from tools.stack.stack import HOST, ROOT, Stack

_DISTANCE = 100
_PORTS = 65536


def port_of(portal: int) -> int:
    """Return the port of the mailbox of a portal: a hundred above it, 4666 for 4566."""
    return portal + _DISTANCE if portal + _DISTANCE < _PORTS else portal - _DISTANCE


def address(stack: Stack) -> str:
    """Return the address of the mailbox, for a browser."""
    return f"http://{HOST}:{port_of(stack.port)}/"


def of(stack: Stack) -> Companion:
    """Return the mailbox of a portal; it ends by itself when the portal stops."""
    module = (sys.executable, "-m", "tools.stack.mailbox")
    return Companion(
        stack,
        "mailbox",
        "mailbox",
        port_of(stack.port),
        (*module, stack.name, str(stack.folder.parent)),
        ROOT,
    )
