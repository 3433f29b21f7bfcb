"""GPUs that wait for data: the input pipeline is slower than they are."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import Held, at_least, at_most, either
from plimsoll.analysis.optimization.reading import Reading, mean_of
from plimsoll.analysis.optimization.terms import Part

WAITING_PCT = 30.0
GPU_BELOW_PCT = 50.0
CPU_BUSY_PCT, IO_WAIT_PCT, DISK_BUSY_PCT = 90.0, 20.0, 90.0
LEAST_HOURS = 0.5
LEAST_EXCESS = 0.10
AS_EVER = 0.85


def find(case: Case) -> Found | None:
    """Measured waiting for input; without that reading, GPUs low while the host's CPU or disks are full."""
    waiting = case.window("input_wait_pct")
    if waiting is not None:
        held = at_least("input_wait_pct", WAITING_PCT)
        mask = held.window(case)
        if case.hours(mask) < LEAST_HOURS:
            return None
        seen = mean_of("input_wait_pct", held)
        return _found(case, share(mask, waiting), seen, "input_wait_pct", WAITING_PCT, int(mask.sum()))
    return _joint(case)


def _joint(case: Case) -> Found | None:
    """More often together than by chance: the share of both less the product of the shares."""
    busy = case.window("gpu_utilization_pct")
    if busy is None:
        return None
    held_low, held_full = at_most("gpu_utilization_pct", GPU_BELOW_PCT), list[Held]()
    limits = {"cpu_utilization_pct": CPU_BUSY_PCT, "cpu_iowait_pct": IO_WAIT_PCT, "disk_busy_pct": DISK_BUSY_PCT}
    for metric, limit in limits.items():
        if case.window(metric) is not None:
            held_full.append(at_least(metric, limit))
    if not held_full:
        return None
    any_full = either(held_full)
    ever = any_full.over(Part(case, slice(None)))
    low, full = held_low.window(case), ever[-case.window_rows :]
    both = share(low & full, busy)
    excess = both - share(low, busy) * share(full, busy)
    if case.hours(low & full) < LEAST_HOURS or excess < LEAST_EXCESS or _as_ever(case, low & full, ever):
        return None
    seen = mean_of("gpu_utilization_pct", held_low & any_full)
    return _found(case, both, seen, "gpu_utilization_pct", GPU_BELOW_PCT, int((low & full).sum()))


def _as_ever(case: Case, mask: NDArray[np.bool_], full: NDArray[np.bool_]) -> bool:
    """Whether the GPUs were as busy at these hours of other days while nothing was full: then it is their rhythm."""
    whole = np.where(full, np.nan, case.readings["gpu_utilization_pct"])
    usual = replace(case, readings={"gpu_utilization_pct": whole}).usual("gpu_utilization_pct")
    busy = case.window("gpu_utilization_pct")
    if usual is None or busy is None or not np.isfinite(usual[mask]).any():
        return False
    known = mask & ~np.isnan(usual)
    return float(np.mean(busy[known])) > AS_EVER * float(np.mean(usual[known]))


def _found(case: Case, part: float, seen: Reading, metric: str, threshold: float, samples: int) -> Found:
    hours, observed = samples * case.step_s / 3600, seen.value(case)
    waited = f"steps waited {observed:.0f} % of their time for data" if metric == "input_wait_pct" else "GPUs were low"
    return Found(
        rule=RULE.name,
        component="input pipeline",
        description=f"{waited} for {hours:.1f} h, {100 * part:.0f} % of the window",
        impact="GPUs stand still while data is read and prepared",
        weight=70 + 25 * min(1.0, hours / 8),
        metric=metric,
        observed=observed,
        threshold=threshold,
        share=part,
        samples=samples,
        seen=seen,
    )


RULE = Rule(
    "input_starvation",
    "input pipeline",
    ("input_wait_pct", "gpu_utilization_pct", "cpu_utilization_pct", "cpu_iowait_pct", "disk_busy_pct"),
    find,
    explains=frozenset({"gpu_under_used", "cpu_saturated", "disk_saturated", "batch_too_small", "gpu_ineffective"}),
)
