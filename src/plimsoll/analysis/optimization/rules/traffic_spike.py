"""Much more traffic than at this hour of other days, and slower answers with it."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.reading import mean_of
from plimsoll.analysis.optimization.terms import Usual

TIMES, SLOWER, LEAST_HOURS = 1.7, 1.5, 0.25


def find(case: Case) -> Found | None:
    """Against the same hours of the days before."""
    now, usual = case.window("throughput_per_s"), case.usual("throughput_per_s")
    response, before = case.window("response_time_ms"), case.usual("response_time_ms")
    if now is None or usual is None or response is None or before is None:
        return None
    busier = at_least("throughput_per_s", Usual("throughput_per_s", TIMES))
    held = busier & at_least("response_time_ms", Usual("response_time_ms", SLOWER))
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("throughput_per_s", held)
    times = float(np.nanmedian(now[mask] / usual[mask]))
    return Found(
        rule=RULE.name,
        component="demand",
        description=f"{times:.1f} times the usual traffic for {case.hours(mask):.1f} h; answers took "
        f"{float(np.nanmedian(response[mask] / before[mask])):.1f} times as long",
        impact="users waited while the service worked as it should",
        weight=86 + 8 * share(mask, now),
        metric="throughput_per_s",
        observed=seen.value(case),
        threshold=float(TIMES * np.nanmean(usual[mask])),
        share=share(mask, now),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule(
    "traffic_spike",
    "demand",
    ("throughput_per_s", "response_time_ms"),
    find,
    explains=frozenset(
        {"queueing", "errors", "slow_answers", "cpu_saturated", "gpu_power_capped", "batching_ineffective"}
    ),
    history_h=48,
    before_window=True,
)
