"""Values that must not be read in a log, whatever prints them."""

from msgspec import Struct


class Confidential(Struct, frozen=True):
    """An immutable value whose ``repr`` gives its name and nothing of what it holds."""

    def __repr__(self) -> str:
        """Return the name of the class alone."""
        return f"<{type(self).__name__}>"
