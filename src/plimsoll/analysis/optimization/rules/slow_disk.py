"""Disks that answer much more slowly than they used to."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.hysteresis import stays
from plimsoll.analysis.optimization.reading import mean_of

TIMES, LEAST_MS, LEAST_HOURS = 3.0, 2.0, 0.5


def find(case: Case) -> Found | None:
    """Three times the median of the days before."""
    return stays(case, _look)


def _look(case: Case, easier: float) -> Found | None:
    latency, past = case.window("disk_latency_ms"), case.past("disk_latency_ms")
    if latency is None or past is None:
        return None
    usual = float(np.nanmedian(past))
    limit = max(TIMES * usual, LEAST_MS) * (1 - easier)
    held = at_least("disk_latency_ms", limit)
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("disk_latency_ms", held)
    mean = seen.value(case)
    return Found(
        rule=RULE.name,
        component="disk",
        description=f"operations took {mean:.1f} ms for {case.hours(mask):.1f} h, usually {usual:.1f} ms",
        impact=f"whatever reads or writes waits {mean / usual:.0f} times longer"
        if usual
        else "what reads or writes waits",
        weight=82 + 10 * share(mask, latency),
        metric="disk_latency_ms",
        observed=mean,
        threshold=limit,
        share=share(mask, latency),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule(
    "slow_disk",
    "disk",
    ("disk_latency_ms",),
    find,
    explains=frozenset({"disk_saturated"}),
    history_h=24,
    before_window=True,
)
