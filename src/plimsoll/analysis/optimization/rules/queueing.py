"""Requests or jobs that wait: more comes in than can be worked on."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.reading import mean_of
from plimsoll.analysis.optimization.terms import Metric, Quotient

WAIT_SHARE, DEPTH, LEAST_HOURS = 0.5, 5.0, 1.0


def find(case: Case) -> Found | None:
    """Waiting takes half of the answer's time or more; without that reading, five in the queue and full GPUs."""
    waited, response = case.window("queue_time_ms"), case.window("response_time_ms")
    depth, busy = case.window("queue_depth_count"), case.window("gpu_utilization_pct")
    if waited is not None and response is not None:
        held = at_least(Quotient(Metric("queue_time_ms"), Metric("response_time_ms")), WAIT_SHARE)
        row, metric, limit = waited, "queue_time_ms", float(WAIT_SHARE * np.nanmedian(response))
    elif depth is not None and busy is not None:
        held = at_least("queue_depth_count", DEPTH) & at_least("gpu_utilization_pct", 90.0)
        row, metric, limit = depth, "queue_depth_count", DEPTH
    else:
        return None
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of(metric, held)
    mean = seen.value(case)
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
        seen=seen,
    )


RULE = Rule(
    "queueing",
    "queue",
    ("queue_time_ms", "response_time_ms", "queue_depth_count", "gpu_utilization_pct"),
    find,
    explains=frozenset({"cpu_saturated", "gpu_power_capped", "kv_cache_full", "slow_answers"}),
)
