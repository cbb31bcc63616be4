"""The login provider beside the local portal: confirms people who are made up, by one click.

It is a package of its own, which knows nothing of the portal: its pages are in English.
"""

from pathlib import Path

from tools.stack.companion import Companion
from tools.stack.stack import HOST, LOCAL, Stack

PEOPLE = Path(__file__).with_name("people.json")


def of(stack: Stack) -> Companion:
    """Return the login provider of a portal."""
    program = LOCAL / "stack" / "bin" / "oidc-provider-mock"
    address = ("--host", HOST, "--port", str(stack.provider_port))
    return Companion(
        stack,
        "provider",
        "login provider",
        stack.provider_port,
        (program, *address, "--user-claims-file", PEOPLE),
        stack.folder,
    )
