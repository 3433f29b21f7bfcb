"""Requests that are sent again and again: retries make the load that they suffer from."""

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.reading import mean_of
from plimsoll.analysis.optimization.terms import Metric, Part, Quotient

RETRIES_PCT, LEAST_HOURS = 10.0, 0.5


def find(case: Case) -> Found | None:
    """A tenth of all requests or more are repetitions."""
    again, requests = case.window("retries_per_s"), case.window("throughput_per_s")
    if again is None or requests is None:
        return None
    repeated = Quotient(Metric("retries_per_s"), Metric("throughput_per_s"), 100.0)
    held = at_least(repeated, RETRIES_PCT)
    mask, part = held.window(case), repeated.over(Part(case, slice(-case.window_rows, None)))
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("retries_per_s", held)
    mean = float(part[mask].mean())
    return Found(
        rule=RULE.name,
        component="requests",
        description=f"{mean:.0f} % of the requests were repetitions for {case.hours(mask):.1f} h",
        impact="the service answers the same question several times, most of all when it is slow",
        weight=60 + 20 * share(mask, part),
        metric="retries_per_s",
        observed=seen.value(case),
        threshold=RETRIES_PCT / 100 * float(requests[mask].mean()),
        share=share(mask, part),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule("retry_amplification", "requests", ("retries_per_s", "throughput_per_s"), find)
