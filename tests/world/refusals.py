"""Checks of refusals, and of requests that another request overtakes."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.core import aws
from portal.core.problems import Problem, ProblemType


def refused(kind: ProblemType, ask: Callable[[], object]) -> Problem:
    """Check that a call is refused with this kind of problem; return the problem."""
    with pytest.raises(Problem) as caught:
        ask()
    assert caught.value.kind is kind
    return caught.value


def overtaken(
    what: Callable[[], object], ask: Callable[[], Any], operation: str = "TransactWriteItems"
) -> Any:
    """Do ``what`` just before the request's first call of an operation; return its answer."""
    done: list[int] = []

    def overtake(**_: object) -> None:
        if not done:
            done.append(1)
            what()

    events = aws.dynamodb().meta.events
    events.register(f"before-call.*.{operation}", overtake)
    try:
        return ask()
    finally:
        events.unregister(f"before-call.*.{operation}", overtake)
        assert done
