"""The results that a measurement gives to the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Bound(StrEnum):
    """Whether a budget is a maximum or a minimum."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the budgets: the measured value and its budget."""

    what: str
    reached: float
    budget: float
    unit: str = ""
    bound: Bound = Bound.AT_MOST

    @property
    def is_met(self) -> bool:
        """Whether the budget is met."""
        if self.bound is Bound.AT_MOST:
            return self.reached <= self.budget
        return self.reached >= self.budget

    @property
    def share(self) -> float:
        """The share of the budget that is used: at most 1 when it is met."""
        if self.bound is Bound.AT_MOST:
            return self.reached / self.budget if self.budget else float(self.reached > 0)
        return self.budget / self.reached


@dataclass(frozen=True, slots=True)
class Section:
    """One measurement: its figures, and the table of all that was measured."""

    title: str
    how: str
    figures: Sequence[Figure]
    columns: Sequence[str]
    rows: Sequence[Sequence[object]] = field(default_factory=tuple)
