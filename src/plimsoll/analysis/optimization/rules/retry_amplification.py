"""Requests that are sent again and again: retries make the load that they suffer from."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, above, share
from plimsoll.analysis.optimization.contract import Found, Rule

RETRIES_PCT, LEAST_HOURS = 10.0, 0.5


def find(case: Case) -> Found | None:
    """A tenth of all requests or more are repetitions."""
    again, requests = case.window("retries_per_s"), case.window("throughput_per_s")
    if again is None or requests is None:
        return None
    part = np.divide(100 * again, requests, out=np.full_like(again, np.nan), where=np.nan_to_num(requests) > 0)
    mask = above(part, RETRIES_PCT)
    if case.hours(mask) < LEAST_HOURS:
        return None
    mean = float(part[mask].mean())
    return Found(
        rule=RULE.name,
        component="requests",
        description=f"{mean:.0f} % of the requests were repetitions for {case.hours(mask):.1f} h",
        impact="the service answers the same question several times, most of all when it is slow",
        weight=60 + 20 * share(mask, part),
        metric="retries_per_s",
        observed=float(again[mask].mean()),
        threshold=RETRIES_PCT / 100 * float(requests[mask].mean()),
        share=share(mask, part),
        samples=int(mask.sum()),
    )


RULE = Rule("retry_amplification", "requests", ("retries_per_s", "throughput_per_s"), find)
