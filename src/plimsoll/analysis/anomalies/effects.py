"""How far a metric must move before it matters to anybody: a least effect by metric, a least volume for ratios.

A constant series makes every wiggle rare. One more job in the queue, a hundredth of a percent of errors or one degree
more is not news, however rare it is.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from plimsoll.analysis.anomalies.contract import Finding
from plimsoll.analysis.grid import Grid, Series
from plimsoll.metrics import CATALOGUE
from plimsoll.units import Unit

FEWEST_FAILED: Final = 5.0
_OWN: Final[Mapping[str, float]] = MappingProxyType(
    {
        "error_rate_pct": 0.1,
        "up_pct": 1.0,
        "probe_success_pct": 1.0,
        "gpu_ecc_corrected_count": 1.0,
        "gpu_ecc_uncorrected_count": 1.0,
        "gpu_rows_pending_count": 1.0,
        "replicas_count": 1.0,
    }
)
_FIXED: Final[Mapping[Unit, float]] = MappingProxyType(
    {Unit.PERCENT: 2.0, Unit.CELSIUS: 3.0, Unit.COUNT: 4.0, Unit.MILLISECONDS: 0.5, Unit.PER_SECOND: 0.02}
)
_SHARE: Final = 0.05
_COUNTED: Final = 2.0
_VOLUMES: Final[Mapping[str, str]] = MappingProxyType({"error_rate_pct": "throughput_per_s"})
"""Shares of requests, and what counts the requests."""


def least_effect(metric: str, expected: float) -> float:
    """The smallest move away from `expected` that is worth a word, in the metric's unit.

    Points for percentages, degrees, for counts two roots of what is expected, for the rest a twentieth of it.

    >>> least_effect("cpu_utilization_pct", 50.0), least_effect("queue_depth_count", 0.0)
    (2.0, 4.0)
    >>> least_effect("queue_depth_count", 100.0), least_effect("response_time_ms", 200.0)
    (20.0, 10.0)
    """
    if metric in _OWN:
        return _OWN[metric]
    unit = CATALOGUE[metric].unit if metric in CATALOGUE else None
    fixed = _FIXED.get(unit, 0.0) if unit is not None else 0.0
    if unit in (Unit.PERCENT, Unit.CELSIUS):
        return fixed
    return max(fixed, _COUNTED * math.sqrt(abs(expected)) if unit is Unit.COUNT else _SHARE * abs(expected))


def that_matter(grid: Grid, found: list[Finding]) -> list[Finding]:
    """The findings of one's own past with the metrics that moved far enough; none, where none did."""
    of = {series: n for n, series in enumerate(grid.series)}
    return [kept for one in found if (kept := _mattering(grid, of, one)) is not None]


def _mattering(grid: Grid, of: Mapping[Series, int], finding: Finding) -> Finding | None:
    moved = [
        one
        for one in finding.moved
        if abs(one.value - one.expected) > least_effect(one.metric, one.expected)
        and _volume(grid, of, finding, one.metric) * abs(one.value - one.expected) / 100 >= FEWEST_FAILED
    ]
    return replace(finding, metric=moved[0].metric, moved=moved) if moved else None


def _volume(grid: Grid, of: Mapping[Series, int], finding: Finding, metric: str) -> float:
    """Of a share of requests: how many requests there were in the step of the peak; infinite where nothing counts."""
    counted = of.get(Series(finding.resource_id, "", _VOLUMES.get(metric, "")))
    row = grid.row(finding.peak)
    if counted is None or row >= grid.rows:
        return math.inf
    rate = float(grid.values[counted, row])
    return math.inf if math.isnan(rate) else rate * grid.step_s
