"""The specification's own recipe, for comparison: one mean and one deviation of seven days, strange beyond the z.

On real data it raises 12 to 43 false alarms a resource and week; `plimsoll backtest anomalies` says how many on yours.
"""

from typing import Final

import numpy as np

from plimsoll.analysis.anomalies.contract import Finding, Look, Moved, ended
from plimsoll.analysis.anomalies.events import stretches
from plimsoll.analysis.grid import Grid

NAME: Final = "global_z"
THRESHOLD: Final = 2.0
_HIGH: Final = 3.0
_DAYS: Final = 7
_FEWEST: Final = 8


def find(grid: Grid, look: Look) -> list[Finding]:
    """Stretches of |value - mean| / deviation above 2; `high` above 3. The alarm of `look` is not used."""
    found: list[Finding] = []
    begin = max(0, look.since - round(_DAYS * grid.per_day))
    for n, series in enumerate(grid.series):
        values = grid.doubles(slice(n, n + 1))[0]
        past = values[begin : look.since]
        past = past[~np.isnan(past)]
        deviation = float(past.std()) if len(past) >= _FEWEST else 0.0
        if deviation <= 1e-9 * abs(float(past.mean()) if len(past) else 0.0):
            continue
        mean = float(past.mean())
        z = np.nan_to_num((values[look.since :] - mean) / deviation)
        for episode in stretches(np.abs(z), step_s=grid.step_s, alarm=np.nextafter(THRESHOLD, np.inf)):
            at = look.since + episode.peak
            there = float(z[episode.peak])
            found.append(
                Finding(
                    detector=NAME,
                    resource_id=series.resource_id,
                    metric=series.metric,
                    start=grid.time(look.since + episode.first),
                    end=ended(grid, look.since + episode.last),
                    peak=grid.time(at),
                    severity="high" if abs(there) > _HIGH else "medium",
                    score=round(abs(there), 3),
                    threshold=THRESHOLD,
                    samples=len(past),
                    moved=[
                        Moved(
                            metric=series.metric,
                            device=series.device,
                            value=float(values[at]),
                            expected=mean,
                            scale=deviation,
                            z=there,
                        )
                    ],
                )
            )
    return sorted(found, key=lambda one: (one.resource_id, one.start, one.metric))
