"""What rules compare: readings, and plain arithmetic on them. One tree gives both the NumPy value and the SQL text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.robust import Floats


@dataclass(frozen=True, slots=True)
class GridSlice:
    """Rows `rows` of the grid of a window: of the resource as a whole, or of one of its devices."""

    window: ResourceWindow
    rows: slice
    device: str = ""

    def row(self, metric: str) -> Floats:
        """The readings of a metric; nothing but gaps where it was never read."""
        of = self.window
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

    def over(self, part: GridSlice) -> Floats:
        """Its value in each step."""
        ...

    def sql(self, window: ResourceWindow) -> str:
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

    def over(self, part: GridSlice) -> Floats:
        """The readings."""
        return part.row(self.name)

    def sql(self, window: ResourceWindow) -> str:  # noqa: ARG002 - one signature for all terms
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

    def over(self, part: GridSlice) -> Floats:
        """The usual value, so many times."""
        usual = part.window.usual(self.name)
        return self.times * (np.full(part.window.window_rows, np.nan) if usual is None else usual)

    def sql(self, window: ResourceWindow) -> str:
        """A look at the same steps of earlier days."""
        day = round(24 * window.rows_per_hour)
        furthest = (window.rows - window.window_rows) // day * day
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

    def over(self, part: GridSlice) -> Floats:
        """The quotient in each step."""
        above, below = self.times * self.above.over(part), self.below.over(part)
        return np.divide(above, below, out=np.full_like(above, np.nan), where=np.nan_to_num(below) > 0)

    def sql(self, window: ResourceWindow) -> str:
        """The quotient, or NULL."""
        below = self.below.sql(window)
        return f"CASE WHEN {below} > 0 THEN {number(self.times)} * {self.above.sql(window)} / {below} END"


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

    def over(self, part: GridSlice) -> Floats:
        """The largest in each step."""
        found: Floats = np.fmax.reduce([term.over(part) for term in self.terms])
        return found / self.divisor

    def sql(self, window: ResourceWindow) -> str:
        """`greatest` passes NULL over."""
        return f"greatest({', '.join(term.sql(window) for term in self.terms)}) / {number(self.divisor)}"


def number(value: float) -> str:
    """A literal that DuckDB reads as exactly this double.

    >>> number(80.0), number(0.5), number(1e10), number(0.1 + 0.2)
    ('80', '0.5', '10000000000', '0.30000000000000004e0')
    """
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(float(value))
    return text if "e" in text or len(text) <= 8 else f"{text}e0"
