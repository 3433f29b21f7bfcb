"""Requests that fail more often than they used to."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.hysteresis import stays
from plimsoll.analysis.optimization.reading import mean_of

LEAST_PCT, TIMES, LEAST_HOURS = 1.0, 3.0, 0.25


def find(case: Case) -> Found | None:
    """One request in a hundred or more, and three times the usual share."""
    return stays(case, _look)


def _look(case: Case, easier: float) -> Found | None:
    failed, past = case.window("error_rate_pct"), case.past("error_rate_pct")
    if failed is None:
        return None
    usual = float(np.nanmedian(past)) if past is not None else 0.0
    limit = max(LEAST_PCT, TIMES * usual) * (1 - easier)
    held = at_least("error_rate_pct", limit)
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("error_rate_pct", held)
    mean = seen.value(case)
    return Found(
        rule=RULE.name,
        component="service",
        description=f"{mean:.1f} % of requests failed for {case.hours(mask):.1f} h, usually {usual:.1f} %",
        impact="users got no answer",
        weight=68 + 20 * min(1.0, mean / 20),
        metric="error_rate_pct",
        observed=mean,
        threshold=limit,
        share=share(mask, failed),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule("errors", "service", ("error_rate_pct",), find)
