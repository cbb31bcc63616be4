"""What is done before SnapStart takes the snapshot that functions start from.

Elsewhere, and where SnapStart is off, it is done at the first use.
"""

from collections.abc import Callable

import snapshot_restore_py  # pyright: ignore[reportMissingTypeStubs]


def before_snapshot(prepare: Callable[[], None]) -> Callable[[], None]:
    """Have something done before the snapshot; it must leave no secret and no connection."""
    snapshot_restore_py.register_before_snapshot(prepare)  # pyright: ignore[reportUnknownMemberType]
    return prepare
