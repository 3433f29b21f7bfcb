"""Requests or jobs that wait: more comes in than can be worked on."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, above, share
from plimsoll.analysis.optimization.contract import Found, Rule

WAIT_SHARE, DEPTH, LEAST_HOURS = 0.5, 5.0, 1.0


def find(case: Case) -> Found | None:
    """Waiting takes half of the answer's time or more; without that reading, five in the queue and full GPUs."""
    waited, response = case.window("queue_time_ms"), case.window("response_time_ms")
    depth, busy = case.window("queue_depth_count"), case.window("gpu_utilization_pct")
    if waited is not None and response is not None:
        mask = np.nan_to_num(waited) >= WAIT_SHARE * np.nan_to_num(response, nan=np.inf)
        row, metric, limit = waited, "queue_time_ms", float(WAIT_SHARE * np.nanmedian(response))
    elif depth is not None and busy is not None:
        mask = above(depth, DEPTH) & above(busy, 90.0)
        row, metric, limit = depth, "queue_depth_count", DEPTH
    else:
        return None
    if case.hours(mask) < LEAST_HOURS:
        return None
    mean = float(row[mask].mean())
    said = f"requests waited {mean:,.0f} ms" if metric == "queue_time_ms" else f"{mean:.0f} jobs waited"
    return Found(
        rule=RULE.name,
        component="queue",
        description=f"{said} before their turn for {case.hours(mask):.1f} h",
        impact="answers are late though the work itself is not slower",
        weight=80 + 12 * share(mask, row),
        metric=metric,
        observed=mean,
        threshold=limit,
        share=share(mask, row),
        samples=int(mask.sum()),
    )


RULE = Rule(
    "queueing",
    "queue",
    ("queue_time_ms", "response_time_ms", "queue_depth_count", "gpu_utilization_pct"),
    find,
    explains=frozenset({"cpu_saturated", "gpu_power_capped", "kv_cache_full", "slow_answers"}),
)
