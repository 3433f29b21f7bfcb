"""Processors that are taken away by a quota or a neighbor."""

import math

from plimsoll.analysis.advice.commands import limits
from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The limit is a setting: what the container was stopped for is what it lacks."""
    peak, count = min(bottleneck.observed, 90.0), window.resource.cpu_count
    cores = math.ceil(count / (1 - peak / 100)) if count else None
    return Advice(
        priority="medium",
        title=f"Give {window.resource.name} the processors that it asks for",
        description=f"{bottleneck.description}. Raise the CPU quota, or move it to a host with room. "
        f"If nothing is done: {bottleneck.impact}.",
        changes=limits(window.resource, cores=cores) if bottleneck.rule == "cpu_throttled" else {},
    )


ADVISER = Adviser(name="give_processors", answers=frozenset({"cpu_throttled", "cpu_stolen"}), advise=advise)
