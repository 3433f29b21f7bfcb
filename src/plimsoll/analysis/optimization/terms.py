"""What rules compare: readings, and plain arithmetic on them. One tree gives both the NumPy value and the SQL text.

A rule that declared its condition once cannot show a statement that selects something else. A gap (NaN, NULL) is never
at or beyond a limit.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.robust import Floats


@dataclass(frozen=True, slots=True)
class Part:
    """Rows `rows` of the grid of a case: of the resource as a whole, or of one of its devices."""

    case: Case
    rows: slice
    device: str = ""

    def row(self, metric: str) -> Floats:
        """The readings of a metric; nothing but gaps where it was never read."""
        of = self.case
        found = of.devices.get((self.device, metric)) if self.device else of.readings.get(metric)
        return np.full(of.rows, np.nan)[self.rows] if found is None else found[self.rows]


class Term(Protocol):
    """A number for each step."""

    @property
    def metrics(self) -> frozenset[str]:
        """What it reads."""
        ...

    @property
    def looks_back(self) -> bool:
        """Whether it needs the days before the window."""
        ...

    def over(self, part: Part) -> Floats:
        """Its value in each step."""
        ...

    def sql(self, case: Case) -> str:
        """The same as an expression over a row `s` of `steps`."""
        ...


@dataclass(frozen=True, slots=True)
class Metric:
    """The reading itself."""

    name: str

    @property
    def metrics(self) -> frozenset[str]:
        """Itself."""
        return frozenset({self.name})

    @property
    def looks_back(self) -> bool:
        """It does not."""
        return False

    def over(self, part: Part) -> Floats:
        """The readings."""
        return part.row(self.name)

    def sql(self, case: Case) -> str:  # noqa: ARG002 - one signature for all terms
        """The column."""
        return f"s.{self.name}"


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of the same time of day on the days before, as `Case.usual` has it; only for the window."""

    name: str
    times: float = 1.0

    @property
    def metrics(self) -> frozenset[str]:
        """The metric."""
        return frozenset({self.name})

    @property
    def looks_back(self) -> bool:
        """It does."""
        return True

    def over(self, part: Part) -> Floats:
        """The usual value, so many times."""
        usual = part.case.usual(self.name)
        return self.times * (np.full(part.case.window_rows, np.nan) if usual is None else usual)

    def sql(self, case: Case) -> str:
        """A look at the same steps of earlier days."""
        day = round(24 * case.rows_per_hour)
        furthest = (case.rows - case.window_rows) // day * day
        return (
            f"{number(self.times)} * (SELECT median(p.{self.name}) FROM steps p WHERE p.step < s.step "  # noqa: S608 - a metric
            f"AND p.step >= s.step - {furthest} AND (s.step - p.step) % {day} = 0)"
        )


@dataclass(frozen=True, slots=True)
class Quotient:
    """`times` one term over another, unknown where the second is not above zero."""

    above: Term
    below: Term
    times: float = 1.0

    @property
    def metrics(self) -> frozenset[str]:
        """Those of both."""
        return self.above.metrics | self.below.metrics

    @property
    def looks_back(self) -> bool:
        """Where either does."""
        return self.above.looks_back or self.below.looks_back

    def over(self, part: Part) -> Floats:
        """The quotient in each step."""
        above, below = self.times * self.above.over(part), self.below.over(part)
        return np.divide(above, below, out=np.full_like(above, np.nan), where=np.nan_to_num(below) > 0)

    def sql(self, case: Case) -> str:
        """The quotient, or NULL."""
        below = self.below.sql(case)
        return f"CASE WHEN {below} > 0 THEN {number(self.times)} * {self.above.sql(case)} / {below} END"


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest of several that is known, divided by a number."""

    terms: Sequence[Term]
    divisor: float = 1.0

    @property
    def metrics(self) -> frozenset[str]:
        """Those of all."""
        return frozenset[str]().union(*(term.metrics for term in self.terms))

    @property
    def looks_back(self) -> bool:
        """Where one does."""
        return any(term.looks_back for term in self.terms)

    def over(self, part: Part) -> Floats:
        """The largest in each step."""
        found: Floats = np.fmax.reduce([term.over(part) for term in self.terms])
        return found / self.divisor

    def sql(self, case: Case) -> str:
        """`greatest` passes NULL over."""
        return f"greatest({', '.join(term.sql(case) for term in self.terms)}) / {number(self.divisor)}"


def number(value: float) -> str:
    """A literal that DuckDB reads as exactly this double.

    >>> number(80.0), number(0.5), number(1e10), number(0.1 + 0.2)
    ('80', '0.5', '10000000000', '0.30000000000000004e0')
    """
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(float(value))
    return text if "e" in text or len(text) <= 8 else f"{text}e0"


class Held(ABC):
    """Steps in which something holds: a comparison, or several of them joined."""

    __slots__ = ()

    @property
    @abstractmethod
    def terms(self) -> list[Term]:
        """Everything that is compared."""

    @abstractmethod
    def over(self, part: Part) -> NDArray[np.bool_]:
        """Whether it holds, step by step."""

    @abstractmethod
    def sql(self, case: Case) -> str:
        """The same as a condition of SQL."""

    def window(self, case: Case) -> NDArray[np.bool_]:
        """Whether it holds in each row of the window."""
        return self.over(Part(case, slice(-case.window_rows, None)))

    def __and__(self, other: "Held") -> "Held":
        """Where both hold."""
        return _Joined("AND", self, other)

    def __or__(self, other: "Held") -> "Held":
        """Where either holds."""
        return _Joined("OR", self, other)

    def __invert__(self) -> "Held":
        """Where it does not hold; unknown counts as not held."""
        return _Not(self)


@dataclass(frozen=True, slots=True)
class _Compared(Held):
    term: Term
    sign: Literal[">=", "<="]
    limit: Term | float

    @property
    def terms(self) -> list[Term]:
        return [self.term] if isinstance(self.limit, float | int) else [self.term, self.limit]

    def over(self, part: Part) -> NDArray[np.bool_]:
        row = self.term.over(part)
        limit = self.limit if isinstance(self.limit, float | int) else self.limit.over(part)
        with np.errstate(invalid="ignore"):
            return np.asarray(row >= limit if self.sign == ">=" else row <= limit, dtype=np.bool_)

    def sql(self, case: Case) -> str:
        limit = number(self.limit) if isinstance(self.limit, float | int) else self.limit.sql(case)
        return f"{self.term.sql(case)} {self.sign} {limit}"


@dataclass(frozen=True, slots=True)
class _Joined(Held):
    by: Literal["AND", "OR"]
    one: Held
    two: Held

    @property
    def terms(self) -> list[Term]:
        return [*self.one.terms, *self.two.terms]

    def over(self, part: Part) -> NDArray[np.bool_]:
        one, two = self.one.over(part), self.two.over(part)
        return one & two if self.by == "AND" else one | two

    def sql(self, case: Case) -> str:
        return f"({self.one.sql(case)} {self.by} {self.two.sql(case)})"


@dataclass(frozen=True, slots=True)
class _Not(Held):
    held: Held

    @property
    def terms(self) -> list[Term]:
        return self.held.terms

    def over(self, part: Part) -> NDArray[np.bool_]:
        return ~self.held.over(part)

    def sql(self, case: Case) -> str:
        return f"NOT coalesce({self.held.sql(case)}, false)"


def at_least(term: Term | str, limit: Term | float) -> Held:
    """Where a metric or a term is at or above a limit."""
    return _Compared(Metric(term) if isinstance(term, str) else term, ">=", limit)


def either(several: Sequence[Held]) -> Held:
    """Where at least one of them holds."""
    first, *others = several
    for other in others:
        first |= other
    return first


def at_most(term: Term | str, limit: Term | float) -> Held:
    """Where a metric or a term is at or below a limit."""
    return _Compared(Metric(term) if isinstance(term, str) else term, "<=", limit)
