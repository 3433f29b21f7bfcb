"""Take faulty hardware out: errors, stragglers."""

import numpy as np

from plimsoll.analysis.advice import commands
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.robust import absent


def _best_over_slowest(window: ResourceWindow, bottleneck: Bottleneck) -> float:
    """The fastest of the equals over the slowest at its lower quartile, in the last hour and where it shows."""
    recent = max(FEWEST, round(window.rows_per_hour))
    rows = [row[-recent:] for (_, metric), row in window.devices.items() if metric == bottleneck.metric]
    slowest = window.devices[bottleneck.device, bottleneck.metric][-recent:]
    return float(np.max(absent(np.nanmedian, np.stack(rows)))) / float(np.nanquantile(slowest, 0.25))


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """A straggler holds all of its equals back by what it is behind; for errors no gain is invented."""
    count = window.resource.gpu_count or 1.0
    improvement, estimate = None, None
    if bottleneck.rule == "gpu_straggler" and bottleneck.observed > 0:
        high = 100 * (_best_over_slowest(window, bottleneck) - 1)
        low = high / count
        improvement = f"{low:.0f} % more work, and {high:.0f} % where all {count:g} GPUs work in step"
        estimate = Estimate(
            low=low,
            middle=(low + high) / 2,
            high=high,
            unit="% more work",
            formula="best of the equals / slowest - 1; low: over the GPUs, where they do not wait for one another",
        )
    what = bottleneck.device or "the GPU"
    return Advice(
        priority="medium" if bottleneck.rule in ("gpu_rows_to_remap", "link_errors") else "high",
        title=f"Take {what} of {window.resource.name} out of work and have it looked at",
        description=f"{bottleneck.description}. If nothing is done: {bottleneck.impact}.",
        improvement=improvement,
        estimate=estimate,
        changes=commands.drain(window.resource, bottleneck.rule),
    )


ADVISER = Adviser(
    name="drain",
    answers=frozenset({"gpu_straggler", "gpu_memory_errors", "gpu_rows_to_remap", "link_errors"}),
    advise=advise,
    platform=PlatformText("Have faulty hardware looked at", "fail or hold their equals back"),
)
