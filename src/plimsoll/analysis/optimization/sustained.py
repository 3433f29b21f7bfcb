"""The shape that simple rules share: readings beyond a limit for long enough."""

from dataclasses import dataclass
from functools import partial

from plimsoll.analysis.optimization.case import FEWEST, Case, share
from plimsoll.analysis.optimization.contract import Found
from plimsoll.analysis.optimization.held import Held, at_least, at_most
from plimsoll.analysis.optimization.hysteresis import stays
from plimsoll.analysis.optimization.reading import mean_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """A limit (`above` or `below`, reached counts) and what to say; the text may use hours, mean, samples, limit."""

    metric: str
    least_hours: float
    weight: float
    component: str
    description: str
    impact: str
    above: float | None = None
    below: float | None = None


def sustained(case: Case, rule: str, limit: Sustained, *, but: Held | None = None) -> Found | None:
    """The finding of a limit, weighted up by the share of the window in which it held; it goes at an easier one.

    `but` are steps that do not count.
    """
    return stays(case, partial(_beyond, rule=rule, limit=limit, but=but))


def _beyond(case: Case, easier: float, *, rule: str, limit: Sustained, but: Held | None) -> Found | None:
    row = case.window(limit.metric)
    told = limit.above if limit.above is not None else limit.below
    if row is None or told is None:
        return None
    value = told * (1 - easier if limit.above is not None else 1 + easier)
    held = at_least(limit.metric, value) if limit.above is not None else at_most(limit.metric, value)
    held = held if but is None else held & ~but
    mask = held.window(case)
    hours, samples = case.hours(mask), int(mask.sum())
    if hours < limit.least_hours or samples < (FEWEST if limit.least_hours else 1):
        return None
    seen = mean_of(limit.metric, held)
    mean = seen.value(case)
    part = share(mask, row)
    return Found(
        rule=rule,
        component=limit.component,
        description=limit.description.format(hours=hours, mean=mean, samples=samples, limit=value),
        impact=limit.impact,
        weight=min(99.0, limit.weight + 10 * part),
        metric=limit.metric,
        observed=mean,
        threshold=value,
        share=part,
        samples=samples,
        seen=seen,
    )
