"""Silence: a source that was read all day and then was not.

What was never regular is not missed. When more than half of the fleet is silent at once it is the collecting that
stopped: that is the coverage's to tell, not a hundred findings.
"""

from typing import Final

import numpy as np

from plimsoll.analysis.anomalies.contract import Finding, Look, ended
from plimsoll.analysis.anomalies.events import runs
from plimsoll.analysis.grid import Grid

NAME: Final = "silence"
_HEARD_SHARE: Final = 0.8
_LEAST_S: Final = 1800.0
_HIGH_S: Final = 6 * 3600.0
_TOO_MANY: Final = 0.5


def find(grid: Grid, look: Look) -> list[Finding]:
    """Half an hour or more without a reading of a resource, after a day in which it was read."""
    day = max(1, round(grid.per_day))
    least = max(2, round(_LEAST_S / grid.step_s))
    members = grid.of_resources()
    if not members:
        return []
    present = np.stack([np.any(~np.isnan(grid.values[series]), axis=0) for series in members.values()])
    absent = 1.0 - present.mean(axis=0)
    found: list[Finding] = []
    for n, (resource_id, series) in enumerate(members.items()):
        for first, last in runs(~present[n]):
            before = present[n, max(0, first - day) : first]
            regular = len(before) == day and before.mean() >= _HEARD_SHARE
            alone = len(members) == 1 or absent[first] <= _TOO_MANY
            if last - first + 1 < least or first < look.since or not regular or not alone:
                continue
            found.append(
                Finding(
                    detector=NAME,
                    resource_id=resource_id,
                    metric=grid.series[series[0]].metric,
                    start=grid.time(first),
                    end=ended(grid, last),
                    peak=grid.time(first),
                    severity="high" if (last - first + 1) * grid.step_s >= _HIGH_S else "medium",
                    score=round((last - first + 1) / least, 3),
                    threshold=1.0,
                    samples=int(before.sum()),
                )
            )
    return sorted(found, key=lambda one: (one.resource_id, one.start))
