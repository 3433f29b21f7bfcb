"""A language model server that reads long prompts and finds none of them in its cache."""

from typing import Annotated

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least, at_most
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class PrefixCacheUnusedLimits(Limits):
    """The limits of `prefix_cache_unused`."""

    hit_pct: Percent = Field(default=1.0, description="at most this share of the prompt is found in the cache")
    prompt_tokens_per_s: Annotated[float, Field(ge=0, le=1e6)] = Field(
        default=1000.0, description="at this load or more"
    )
    least_hours: Hours = Field(default=4.0, description="for at least so long in the window")


def find(window: ResourceWindow, limits: PrefixCacheUnusedLimits) -> Bottleneck | None:
    """Hardly a hit for hours, under a load at which hits would be worth something."""
    hits, tokens = window.row("prefix_cache_hit_pct"), window.row("prompt_tokens_per_s")
    if hits is None or tokens is None:
        return None
    condition = at_most("prefix_cache_hit_pct", limits.hit_pct) & at_least(
        "prompt_tokens_per_s", limits.prompt_tokens_per_s
    )
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("prefix_cache_hit_pct", condition)
    return Bottleneck(
        description=f"{measure.value(window):.1f} % of {float(tokens[mask].mean()):,.0f} prompt tokens a "
        f"second were found in the cache for {window.hours(mask):.1f} h",
        impact="what prompts have in common is computed for each of them",
        weight=16 + 10 * share(mask, hits),
        metric="prefix_cache_hit_pct",
        observed=measure.value(window),
        threshold=limits.hit_pct,
        share=share(mask, hits),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="prefix_cache_unused",
    component="prefix cache",
    summary="A language model server that reads long prompts and finds none of them in its cache",
    reads=("prefix_cache_hit_pct", "prompt_tokens_per_s"),
    needs_all=True,
    find=find,
    limits=PrefixCacheUnusedLimits(),
    use=Place("service", "utilization"),
    min_weight=16.0,
    remediation="Turn prefix caching on, and put first what prompts have in common.",
    history=lambda limits: History(limits.least_hours, "window"),
)
