"""GPUs that wait for copies over PCIe."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.reading import Reading
from plimsoll.analysis.optimization.terms import Largest, Metric, Part

BUSY_PCT, GIGABYTES_PER_S = 70.0, 10.0
LEAST_HOURS = 1.0
METRICS = ("gpu_pcie_receive_bytes_per_s", "gpu_pcie_transmit_bytes_per_s")


def find(case: Case) -> Found | None:
    """Ten gigabytes a second and GPU or more, one way, while the GPUs are not busy."""
    busy, moved = case.window("gpu_utilization_pct"), [m for m in METRICS if case.window(m) is not None]
    if busy is None or not moved:
        return None
    of_each = Largest(tuple(Metric(metric) for metric in moved), case.resource.gpu_count or 1.0)
    held = at_least(of_each, GIGABYTES_PER_S * 1e9) & at_most("gpu_utilization_pct", BUSY_PCT)
    mask, each = held.window(case), of_each.over(Part(case, slice(-case.window_rows, None)))
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = Reading(of=of_each, where=held)
    mean = seen.value(case)
    return Found(
        rule=RULE.name,
        component="pcie",
        description=f"{mean / 1e9:.0f} GB/s went over PCIe to or from each GPU for {case.hours(mask):.1f} h while the "
        f"GPUs were {float(np.nanmean(busy[mask])):.0f} % busy",
        impact="GPUs wait for copies between host and device",
        weight=50 + 20 * share(mask, each),
        metric=METRICS[0],
        observed=mean,
        threshold=GIGABYTES_PER_S * 1e9,
        share=share(mask, each),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule(
    "host_device_transfer", "pcie", (*METRICS, "gpu_utilization_pct"), find, explains=frozenset({"gpu_under_used"})
)
