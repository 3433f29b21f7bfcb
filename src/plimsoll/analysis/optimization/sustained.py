"""The shape that simple rules share: readings beyond a limit for long enough."""

from dataclasses import dataclass

from plimsoll.analysis.optimization.case import FEWEST, Case, share
from plimsoll.analysis.optimization.contract import Found
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.reading import mean_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """A limit (`above` or `below`, reached counts) and what to say; the texts may use hours, mean and samples."""

    metric: str
    least_hours: float
    weight: float
    component: str
    description: str
    impact: str
    above: float | None = None
    below: float | None = None


def sustained(case: Case, rule: str, limit: Sustained) -> Found | None:
    """The finding of a limit, weighted up by the share of the window in which it held."""
    row = case.window(limit.metric)
    if row is None:
        return None
    value = limit.above if limit.above is not None else limit.below
    if value is None:
        return None
    held = at_least(limit.metric, value) if limit.above is not None else at_most(limit.metric, value)
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
        description=limit.description.format(hours=hours, mean=mean, samples=samples),
        impact=limit.impact,
        weight=min(99.0, limit.weight + 10 * part),
        metric=limit.metric,
        observed=mean,
        threshold=value,
        share=part,
        samples=samples,
        seen=seen,
    )
