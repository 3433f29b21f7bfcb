"""Requests that wait in front of a server that could work on more of them at once."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.reading import mean_of

DEPTH, BUSY_PCT, CACHE_PCT, LEAST_HOURS = 5.0, 60.0, 60.0, 0.5


def find(case: Case) -> Found | None:
    """Five or more in the queue while GPUs and attention cache have room."""
    depth, busy = case.window("queue_depth_count"), case.window("gpu_utilization_pct")
    cache = case.window("kv_cache_utilization_pct")
    if depth is None or busy is None or cache is None:
        return None
    room = at_most("gpu_utilization_pct", BUSY_PCT) & at_most("kv_cache_utilization_pct", CACHE_PCT)
    held = at_least("queue_depth_count", DEPTH) & room
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("queue_depth_count", held)
    mean = seen.value(case)
    return Found(
        rule=RULE.name,
        component="batching",
        description=f"{mean:.0f} requests waited for {case.hours(mask):.1f} h while the GPUs were "
        f"{float(np.nanmean(busy[mask])):.0f} % busy and the cache {float(np.nanmean(cache[mask])):.0f} % full",
        impact="answers are late though the server has room for more at once",
        weight=82 + 8 * share(mask, depth),
        metric="queue_depth_count",
        observed=mean,
        threshold=DEPTH,
        share=share(mask, depth),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule(
    "batching_ineffective",
    "batching",
    ("queue_depth_count", "gpu_utilization_pct", "kv_cache_utilization_pct"),
    find,
    explains=frozenset({"queueing", "slow_answers", "gpu_under_used"}),
)
