"""Values that no log may show."""

from msgspec import Struct


class Confidential(Struct, frozen=True):
    """An immutable value; its ``repr`` shows the name of its class and no content."""

    def __repr__(self) -> str:
        """Return the name of the class only."""
        return f"<{type(self).__name__}>"
