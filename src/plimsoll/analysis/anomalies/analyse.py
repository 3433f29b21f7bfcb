"""A look at the fleet: every detector over a grid, and what is reported of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from plimsoll.analysis.anomalies import unusual
from plimsoll.analysis.anomalies.contract import Finding, Look
from plimsoll.analysis.anomalies.detectors import DETECTORS
from plimsoll.analysis.anomalies.effects import that_matter
from plimsoll.analysis.anomalies.scores import ALARM
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.incidents.contract import Incident, Place
from plimsoll.analysis.incidents.telling import Asked, incidents

_WEEK_S: Final = 604_800.0
_SCORED_CELLS: Final = 2_000_000
_MOST_DAYS: Final = 14
_HISTORY_DAYS: Final = 2
UNREAD: Final = "no reading in"
"""Begins the reason of a resource of which nothing was read in the window."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found: the findings that are reported, and every incident of the window, reported or not.

    `per_resource_week` counts the incidents that are reported; silence is not among them.
    `since` is where findings were looked for from; `not_judged` are the resources of which nothing could be compared
    with their own past, each with the reason.
    """

    findings: Sequence[Finding]
    incidents: Sequence[Incident]
    since: datetime
    per_resource_week: float
    not_judged: Mapping[str, str] = field(default_factory=dict[str, str])


def first_row(grid: Grid, *, at_least_s: float) -> int:
    """From which row on a grid is scored: the window that is asked about, or up to 14 days while that is cheap.

    Earlier days are what habituation and the realized rate are made of. With less than two days before it nothing is
    judged: that is not a history to compare with.
    """
    days = min(max(_SCORED_CELLS / grid.per_day / max(1, len(grid.series)), 1.0), _MOST_DAYS)
    seconds = max(at_least_s, days * 86_400)
    read = np.flatnonzero(np.any(~np.isnan(grid.values), axis=0))
    judged = int(read[0]) + round(_HISTORY_DAYS * grid.per_day) if len(read) else grid.rows
    return min(max(1, judged, grid.rows - math.ceil(seconds / grid.step_s)), grid.rows)


def look_at(grid: Grid, *, names: Sequence[str], classes: Mapping[str, str], at_least_s: float) -> list[Finding]:
    """Every finding of the scored rows that matters, in no promised order."""
    look = Look(since=first_row(grid, at_least_s=at_least_s), alarm=ALARM, classes=classes)
    found = {name: DETECTORS[name](grid, look) for name in names}
    if unusual.NAME in found:
        since = judged_from(grid)
        old_enough = [one for one in found[unusual.NAME] if grid.row(one.peak) >= since.get(one.resource_id, 0)]
        found[unusual.NAME] = that_matter(grid, old_enough)
    return [finding for of in found.values() for finding in of]


def judged_from(grid: Grid) -> dict[str, int]:
    """The row from which each resource has two days of history to be compared with."""
    days = round(_HISTORY_DAYS * grid.per_day)
    read = {name: np.any(~np.isnan(grid.values[of]), axis=0) for name, of in grid.of_resources().items()}
    return {name: (int(np.argmax(row)) if row.any() else grid.rows) + days for name, row in read.items()}


def not_judged(grid: Grid, resources: Iterable[str], *, at_least_s: float) -> dict[str, str]:
    """Resources of which nothing in the last `at_least_s` seconds was compared with their own past, and why.

    "22.8 h of history", "no reading in 24 h", "only its devices are read".
    """
    asked = min(grid.rows, math.ceil(at_least_s / grid.step_s))
    unread = f"{UNREAD} {asked * grid.step_s / 3600:,.0f} h"
    since, of = judged_from(grid), grid.of_resources()
    devices = {one.resource_id for one in grid.series}
    found: dict[str, str] = {}
    for name in resources:
        if name not in since:
            found[name] = (
                "only its devices are read" if name in devices else unread
            )  # what was earlier is not in the grid
            continue
        read = np.any(~np.isnan(grid.values[of[name], grid.rows - asked :]), axis=0)
        history = (grid.rows - since[name]) * grid.step_s / 3600 + 24 * _HISTORY_DAYS
        if not read.any():
            found[name] = unread
        elif since[name] >= grid.rows:
            found[name] = f"{history:.1f} h of history"
    return found


def reported_of(found: Sequence[Finding], places: Mapping[str, Place], asked: Asked) -> Looked:
    """What is reported of findings; those of reported incidents, and all the incidents."""
    every = incidents(found, places, asked)
    reported = [finding for one in every if one.reported for finding in one.members]
    weeks = (asked.end - asked.start).total_seconds() / _WEEK_S
    count = sum(one.reported and not one.is_silence for one in every)
    rate = count / (asked.resources * weeks) if asked.resources and weeks > 0 else 0.0
    return Looked(reported, every, asked.since, rate)


def analyse(
    grid: Grid, *, names: Sequence[str], classes: Mapping[str, str], most_per_resource_week: float, at_least_s: float
) -> Looked:
    """One look at one grid: what is reported of all its scored rows."""
    since = grid.time(first_row(grid, at_least_s=at_least_s))
    resources = {one.resource_id for one in grid.series}
    return reported_of(
        look_at(grid, names=names, classes=classes, at_least_s=at_least_s),
        {name: Place(type=classes.get(name, "")) for name in resources},
        Asked(since, grid.time(grid.rows), since, len(resources), most_per_resource_week),
    )
