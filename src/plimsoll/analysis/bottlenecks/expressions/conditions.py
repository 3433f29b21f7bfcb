"""When something holds: conditions on readings, each evaluated in NumPy and written as SQL from one declaration.

A rule that declared its condition once cannot show a statement that selects something else. A gap (NaN, NULL) is never
at or beyond a limit.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice, Metric, Term, number
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow


class Condition(ABC):
    """Steps in which something holds: a comparison, or several of them joined."""

    __slots__ = ()

    @property
    @abstractmethod
    def terms(self) -> list[Term]:
        """Everything that is compared."""

    @abstractmethod
    def over(self, part: GridSlice) -> NDArray[np.bool_]:
        """Whether it holds, step by step."""

    @abstractmethod
    def sql(self, window: ResourceWindow) -> str:
        """The same as a condition of SQL."""

    def mask(self, window: ResourceWindow) -> NDArray[np.bool_]:
        """Whether it holds in each row of the window."""
        return self.over(GridSlice(window, slice(-window.window_rows, None)))

    def __and__(self, other: "Condition") -> "Condition":
        """Where both hold."""
        return _Joined("AND", self, other)

    def __or__(self, other: "Condition") -> "Condition":
        """Where either holds."""
        return _Joined("OR", self, other)

    def __invert__(self) -> "Condition":
        """Where it does not hold; unknown counts as not holding."""
        return _Not(self)


@dataclass(frozen=True, slots=True)
class _Compared(Condition):
    term: Term
    sign: Literal[">=", "<="]
    limit: Term | float

    @property
    def terms(self) -> list[Term]:
        return [self.term] if isinstance(self.limit, float | int) else [self.term, self.limit]

    def over(self, part: GridSlice) -> NDArray[np.bool_]:
        row = self.term.over(part)
        limit = self.limit if isinstance(self.limit, float | int) else self.limit.over(part)
        with np.errstate(invalid="ignore"):
            return np.asarray(row >= limit if self.sign == ">=" else row <= limit, dtype=np.bool_)

    def sql(self, window: ResourceWindow) -> str:
        limit = number(self.limit) if isinstance(self.limit, float | int) else self.limit.sql(window)
        return f"{self.term.sql(window)} {self.sign} {limit}"


@dataclass(frozen=True, slots=True)
class _Joined(Condition):
    by: Literal["AND", "OR"]
    one: Condition
    two: Condition

    @property
    def terms(self) -> list[Term]:
        return [*self.one.terms, *self.two.terms]

    def over(self, part: GridSlice) -> NDArray[np.bool_]:
        one, two = self.one.over(part), self.two.over(part)
        return one & two if self.by == "AND" else one | two

    def sql(self, window: ResourceWindow) -> str:
        return f"({self.one.sql(window)} {self.by} {self.two.sql(window)})"


@dataclass(frozen=True, slots=True)
class _Not(Condition):
    negated: Condition

    @property
    def terms(self) -> list[Term]:
        return self.negated.terms

    def over(self, part: GridSlice) -> NDArray[np.bool_]:
        return ~self.negated.over(part)

    def sql(self, window: ResourceWindow) -> str:
        return f"NOT coalesce({self.negated.sql(window)}, false)"


def at_least(term: Term | str, limit: Term | float) -> Condition:
    """Where a metric or a term is at or above a limit."""
    return _Compared(Metric(term) if isinstance(term, str) else term, ">=", limit)


def either(several: Sequence[Condition]) -> Condition:
    """Where at least one of them holds."""
    first, *others = several
    for other in others:
        first |= other
    return first


def at_most(term: Term | str, limit: Term | float) -> Condition:
    """Where a metric or a term is at or below a limit."""
    return _Compared(Metric(term) if isinstance(term, str) else term, "<=", limit)
