"""What runs before SnapStart takes the snapshot that functions start from.

Outside Lambda, and without SnapStart, it runs at first use.
"""

from collections.abc import Callable

import snapshot_restore_py  # pyright: ignore[reportMissingTypeStubs]


def before_snapshot(prepare: Callable[[], None]) -> Callable[[], None]:
    """Run a function before the snapshot; it must leave no secret and no open connection."""
    snapshot_restore_py.register_before_snapshot(prepare)  # pyright: ignore[reportUnknownMemberType]
    return prepare
