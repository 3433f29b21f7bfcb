"""A look at the fleet: every detector over a grid, and all findings held to the number that was asked for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from plimsoll.analysis.anomalies.contract import Finding, Look
from plimsoll.analysis.anomalies.detectors import DETECTORS
from plimsoll.analysis.anomalies.scores import ALARM
from plimsoll.analysis.grid import Grid

_WEEK_S: Final = 604_800.0
_SCORED_CELLS: Final = 2_000_000
_MOST_DAYS: Final = 14
_HISTORY_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class Looked:
    """The findings of a look, and how many there were a resource and week; `alarm` is the score that was needed."""

    findings: Sequence[Finding]
    since: datetime
    per_resource_week: float
    alarm: float


def first_row(grid: Grid, *, at_least_s: float) -> int:
    """From which row on a grid is scored: the window that is asked about, or up to 14 days while that is cheap.

    Earlier days are what habituation and the realised rate are made of. With less than two days before it nothing is
    judged: that is no history to compare with.
    """
    days = min(max(_SCORED_CELLS / grid.per_day / max(1, len(grid.series)), 1.0), _MOST_DAYS)
    seconds = max(at_least_s, days * 86_400)
    heard = np.flatnonzero(np.any(~np.isnan(grid.values), axis=0))
    judged = int(heard[0]) + round(_HISTORY_DAYS * grid.per_day) if len(heard) else grid.rows
    return min(max(1, judged, grid.rows - math.ceil(seconds / grid.step_s)), grid.rows)


def look_at(grid: Grid, *, names: Sequence[str], classes: Mapping[str, str], at_least_s: float) -> list[Finding]:
    """Every finding of the scored rows, in no promised order."""
    look = Look(since=first_row(grid, at_least_s=at_least_s), alarm=ALARM, classes=classes)
    return [finding for name in names for finding in DETECTORS[name](grid, look)]


def hold(
    found: Sequence[Finding], *, resources: int, since: datetime, until: datetime, most_per_resource_week: float
) -> Looked:
    """The findings, the strangest first; beyond the number that was asked for the weakest are left out."""
    weeks = (until - since).total_seconds() / _WEEK_S
    looked = resources * weeks
    allowed = max(1, math.floor(min(most_per_resource_week * looked, len(found)))) if looked > 0 else 1
    ranked = sorted(found, key=lambda one: (-one.score / one.threshold, one.start, one.resource_id, one.id))
    kept = ranked[:allowed]
    alarm = ALARM if len(kept) == len(ranked) or not kept else max(ALARM, ALARM * kept[-1].score / kept[-1].threshold)
    rate = len(kept) / looked if looked > 0 else 0.0
    return Looked(kept, since, rate, alarm)


def analyse(
    grid: Grid, *, names: Sequence[str], classes: Mapping[str, str], most_per_resource_week: float, at_least_s: float
) -> Looked:
    """One look at one grid, held to the number of findings."""
    return hold(
        look_at(grid, names=names, classes=classes, at_least_s=at_least_s),
        resources=len({one.resource_id for one in grid.series}),
        since=grid.time(first_row(grid, at_least_s=at_least_s)),
        until=grid.time(grid.rows),
        most_per_resource_week=most_per_resource_week,
    )
