"""One GPU that does less than its equals: synchronous work goes at its pace."""

import numpy as np

from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.reading import Reading
from plimsoll.analysis.optimization.terms import Metric
from plimsoll.analysis.robust import Floats, absent

BEHIND, LEAST_HOURS, FEWEST_DEVICES = 0.05, 1.0, 3
METRICS = ("gpu_sm_clock_mhz", "gpu_utilization_pct", "gpu_sm_active_pct")
SCALES = 4.0


def find(case: Case) -> Found | None:
    """The device furthest behind the median of all, in the metric in which it shows first."""
    for metric in METRICS:
        rows = {device: row[-case.window_rows :] for (device, of), row in case.devices.items() if of == metric}
        if len(rows) >= FEWEST_DEVICES and (found := _of_metric(case, metric, rows)):
            return found
    return None


def _of_metric(case: Case, metric: str, rows: dict[str, Floats]) -> Found | None:
    names = sorted(rows)
    values = np.stack([rows[name] for name in names])
    known = np.count_nonzero(~np.isnan(values), axis=1)
    if known.min() < max(FEWEST, LEAST_HOURS * case.rows_per_hour):
        return None
    recent = max(FEWEST, round(LEAST_HOURS * case.rows_per_hour))
    levels = absent(np.nanmedian, values[:, -recent:])
    if not np.isfinite(levels).all():
        return None
    middle = float(np.median(levels))
    spread = 1.4826 * float(np.median(np.abs(levels - middle)))
    slowest = int(np.argmin(levels))
    behind = 1 - float(levels[slowest]) / middle if middle > 0 else 0.0
    if behind < BEHIND or middle - levels[slowest] < SCALES * spread:
        return None
    seen = Reading(of=Metric(metric), statistic="median", rows=recent, device=names[slowest])
    return Found(
        rule=RULE.name,
        component="gpu",
        description=f"{names[slowest]} is {100 * behind:.0f} % behind the median of its {len(names)} equals",
        impact=f"work that all of them share goes at its pace: up to {100 * behind:.0f} % of {len(names)} GPUs",
        weight=66 + 20 * min(1.0, behind / 0.3),
        metric=metric,
        observed=seen.value(case),
        threshold=(1 - BEHIND) * middle,
        share=1.0,
        samples=int(known[slowest]),
        seen=seen,
        device=names[slowest],
    )


RULE = Rule("gpu_straggler", "gpu", METRICS, find, explains=frozenset({"gpu_under_used"}))
