"""What a measurement hands to the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Bound(StrEnum):
    """Which side of its budget a figure must stay on."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the budgets: what was reached, beside what is allowed."""

    what: str
    reached: float
    budget: float
    unit: str = ""
    bound: Bound = Bound.AT_MOST

    @property
    def is_met(self) -> bool:
        """Whether the budget holds."""
        if self.bound is Bound.AT_MOST:
            return self.reached <= self.budget
        return self.reached >= self.budget

    @property
    def share(self) -> float:
        """How much of the budget is used: up to 1 when it is met."""
        if self.bound is Bound.AT_MOST:
            return self.reached / self.budget if self.budget else float(self.reached > 0)
        return self.budget / self.reached


@dataclass(frozen=True, slots=True)
class Section:
    """One measurement: its figures, and the table that they come from."""

    title: str
    how: str
    figures: Sequence[Figure]
    columns: Sequence[str]
    rows: Sequence[Sequence[object]] = field(default_factory=tuple)
