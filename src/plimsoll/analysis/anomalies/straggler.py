"""Stragglers: one of several equal devices that does less than the others, for hours.

Synchronous work goes at the pace of its slowest device. A device is compared with the median of its group at the same
time, so that load, which all of them share, cancels out.
"""

from typing import Final

import numpy as np

from plimsoll.analysis.anomalies.contract import Finding, Look, Moved, ended, severity
from plimsoll.analysis.anomalies.events import runs
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, median

NAME: Final = "straggler"
METRICS: Final = ("gpu_sm_clock_mhz", "gpu_utilization_pct", "gpu_sm_active_pct")
BEHIND: Final = 0.05
_FEWEST_DEVICES: Final = 3
_SMOOTH_S: Final = 2 * 3600.0
_SCALES: Final = 4.0
_BUSY_SHARE: Final = 0.02


def find(grid: Grid, look: Look) -> list[Finding]:
    """Devices 5 % or more behind the median of their resource's devices for two hours or longer."""
    groups: dict[tuple[str, str], list[int]] = {}
    for n, one in enumerate(grid.series):
        if one.device:
            groups.setdefault((one.resource_id, one.metric), []).append(n)
    found: dict[tuple[str, str], Finding] = {}
    for metric in METRICS:
        for (resource_id, of), members in sorted(groups.items()):
            if of == metric and len(members) >= _FEWEST_DEVICES:
                for finding in _of_group(grid, look, members):
                    found.setdefault((resource_id, finding.moved[0].device), finding)
    return sorted(found.values(), key=lambda one: (one.resource_id, one.start, one.moved[0].device))


def _of_group(grid: Grid, look: Look, members: list[int]) -> list[Finding]:
    rows = max(2, round(_SMOOTH_S / grid.step_s))
    values = grid.values[members].astype(np.float64)
    middle = median(values.T)
    usual = np.nanmedian(middle) if np.isfinite(middle).any() else 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(middle > _BUSY_SHARE * abs(usual), values / middle, np.nan)
    smooth = _rolling_median(ratio, rows)
    spread = MAD_TO_SIGMA * median(np.abs(smooth - median(smooth.T)[None, :]).T)
    behind = (smooth <= 1 - BEHIND) & (1 - smooth > _SCALES * spread[None, :])
    return [
        _finding(grid, members[n], behind_from, last, smooth[n], middle)
        for n in range(len(members))
        for first, last in runs(behind[n])
        if (behind_from := max(first - rows // 2, 0)) >= look.since - rows and last >= look.since
    ]


def _rolling_median(ratio: Floats, rows: int) -> Floats:
    """The median of the last `rows` ratios; NaN before there are as many."""
    out = np.full(ratio.shape, np.nan)
    if ratio.shape[1] < rows:
        return out
    windows = np.lib.stride_tricks.sliding_window_view(ratio, rows, axis=1)
    out[:, rows - 1 :] = median(windows)
    return out


def _finding(grid: Grid, n: int, first: int, last: int, smooth: Floats, middle: Floats) -> Finding:
    series = grid.series[n]
    at = first + int(np.nanargmin(smooth[first : last + 1]))
    behind = float(1 - smooth[at])
    expected = float(middle[at])
    return Finding(
        detector=NAME,
        resource_id=series.resource_id,
        metric=series.metric,
        start=grid.time(first),
        end=ended(grid, last),
        peak=grid.time(at),
        severity=severity(behind / BEHIND, 2.5),
        score=round(behind / BEHIND, 3),
        threshold=1.0,
        samples=last - first + 1,
        moved=[
            Moved(
                metric=series.metric,
                device=series.device,
                value=float(smooth[at]) * expected,
                expected=expected,
                scale=BEHIND * expected,
                z=-behind / BEHIND,
            )
        ],
    )
