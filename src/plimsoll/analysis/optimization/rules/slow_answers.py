"""Answers that take much longer than at this hour of other days, for no reason that another rule knows."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.reading import mean_of
from plimsoll.analysis.optimization.terms import Usual

TIMES, LEAST_HOURS = 2.0, 0.25


def find(case: Case) -> Found | None:
    """Twice the median of the same hours of the days before."""
    response, usual = case.window("response_time_ms"), case.usual("response_time_ms")
    if response is None or usual is None:
        return None
    held = at_least("response_time_ms", Usual("response_time_ms", TIMES))
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("response_time_ms", held)
    mean, before = seen.value(case), float(np.nanmean(usual[mask]))
    return Found(
        rule=RULE.name,
        component="service",
        description=f"answers took {mean:,.0f} ms for {case.hours(mask):.1f} h, usually {before:,.0f} ms",
        impact="users waited",
        weight=55 + 15 * share(mask, response),
        metric="response_time_ms",
        observed=mean,
        threshold=TIMES * before,
        share=share(mask, response),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule("slow_answers", "service", ("response_time_ms",), find, history_h=48, before_window=True)
