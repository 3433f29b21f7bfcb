"""The contract of detectors: a grid and what to look at -> findings.

A detector is a module of this folder with NAME, and `find`. What all of them promise (`tests/contracts/detectors`):
multiplying a metric by a constant changes nothing, nor does the order of series; what was not read is never strange; a
series that never moved is never strange; the same grid gives the same findings.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from plimsoll.analysis.grid import Grid
from plimsoll.clock import rfc3339
from plimsoll.metrics import CATALOGUE

Severity: TypeAlias = Literal["medium", "high"]
HIGH_ABOVE_ALARM: Final = 0.5
MEDIUM_Z: Final = 2.0
HIGH_Z: Final = 3.0
NO_CLASSES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What to look at: rows from `since` on, what is worth an alarm, and the class of each resource (its type)."""

    since: int
    alarm: float
    classes: Mapping[str, str] = field(default_factory=lambda: NO_CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One metric at the peak of a finding: what was read, what was expected, its scale, and the robust z-score."""

    metric: str
    device: str
    value: float
    expected: float
    scale: float
    z: float

    @property
    def band(self) -> tuple[float, float]:
        """Two scales around what was expected, inside what the metric can be: a z of more than two lies outside.

        >>> Moved(metric="cpu_utilization_pct", device="", value=9, expected=1.5, scale=1.0, z=7.5).band
        (0.0, 3.5)
        """
        low, high = self.expected - MEDIUM_Z * self.scale, self.expected + MEDIUM_Z * self.scale
        metric = CATALOGUE.get(self.metric)
        if metric is None:
            return low, high
        least = low if metric.low is None else max(low, metric.low)
        return least, high if metric.high is None else min(high, metric.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something unusual.

    `end` is None while it goes on. `moved` are the metrics at the peak, the one that leads first; empty where readings
    are what is missing. `score` is the detector's own, `forest` the IsolationForest's; `once_in_h` says how rare the
    leading residual was in the history, and is never longer than that; `residual` names it.
    """

    detector: str
    resource_id: str
    metric: str
    start: datetime
    end: datetime | None
    peak: datetime
    severity: Severity
    score: float
    threshold: float
    samples: int
    moved: Sequence[Moved] = ()
    forest: float | None = None
    once_in_h: float | None = None
    residual: str = ""

    @property
    def id(self) -> str:
        """Stable: the same thing found again has the same one."""
        identity = f"{self.detector}\0{self.resource_id}\0{self.metric}\0{rfc3339(self.start)}".encode()
        return f"find-{hashlib.sha256(identity).hexdigest()[:12]}"


Find: TypeAlias = Callable[[Grid, Look], list[Finding]]


def severity(score: float, alarm: float) -> Severity:
    """`high` from half a point above the alarm on."""
    return "high" if score >= alarm + HIGH_ABOVE_ALARM else "medium"


def ended(grid: Grid, last: int) -> datetime | None:
    """The end of a stretch whose last row is `last`; None if that is the grid's last."""
    return None if last >= grid.rows - 1 else grid.time(last + 1)
