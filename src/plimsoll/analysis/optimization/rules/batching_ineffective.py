"""Requests that wait in front of a server that could work on more of them at once."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, above, below, share
from plimsoll.analysis.optimization.contract import Found, Rule

DEPTH, BUSY_PCT, CACHE_PCT, LEAST_HOURS = 5.0, 60.0, 60.0, 0.5


def find(case: Case) -> Found | None:
    """Five or more in the queue while GPUs and attention cache have room."""
    depth, busy = case.window("queue_depth_count"), case.window("gpu_utilization_pct")
    cache = case.window("kv_cache_utilization_pct")
    if depth is None or busy is None or cache is None:
        return None
    mask = above(depth, DEPTH) & below(busy, BUSY_PCT) & below(cache, CACHE_PCT)
    if case.hours(mask) < LEAST_HOURS:
        return None
    mean = float(depth[mask].mean())
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
    )


RULE = Rule(
    "batching_ineffective",
    "batching",
    ("queue_depth_count", "gpu_utilization_pct", "kv_cache_utilization_pct"),
    find,
    explains=frozenset({"queueing", "slow_answers", "gpu_under_used"}),
)
