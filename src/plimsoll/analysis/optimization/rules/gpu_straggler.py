"""One GPU that does less than its equals: synchronous work goes at its pace."""

import numpy as np

from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.reading import Reading
from plimsoll.analysis.optimization.terms import Metric
from plimsoll.analysis.robust import Floats, absent

BEHIND, LEAST_HOURS, FEWEST_DEVICES = 0.05, 1.0, 3
IDLE_PCT = 2.0
METRICS = ("gpu_sm_clock_mhz", "gpu_utilization_pct", "gpu_sm_active_pct")
SCALES = 4.0


def find(case: Case) -> Found | None:
    """The device furthest behind the median of all that work, in the metric in which it shows first."""
    idle = _idle(case)
    for metric in METRICS:
        rows = {
            device: row[-case.window_rows :]
            for (device, of), row in case.devices.items()
            if of == metric and device not in idle
        }
        if len(rows) >= FEWEST_DEVICES and (found := _of_metric(case, metric, rows)):
            return found
    return None


def _idle(case: Case) -> set[str]:
    """Devices that have no work: they hold nobody up; whether somebody holds them is another rule's question."""
    recent = max(FEWEST, round(LEAST_HOURS * case.rows_per_hour))
    busy = {device: row[-recent:] for (device, of), row in case.devices.items() if of == "gpu_utilization_pct"}
    return {device for device, row in busy.items() if np.isfinite(row).any() and float(np.nanmax(row)) <= IDLE_PCT}


def _at_the_same_moments(values: Floats) -> Floats:
    """Each device over the median of all, step by step: a missing reading must not look like one that is low."""
    middle = absent(np.nanmedian, values, axis=0)
    level = np.divide(values, middle, out=np.full_like(values, np.nan), where=np.nan_to_num(middle) > 0)
    return absent(np.nanmedian, level, axis=1)


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
    if _at_the_same_moments(values[:, -recent:])[slowest] > 1 - BEHIND:
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
