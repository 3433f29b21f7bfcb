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
    """For errors no gain is invented; what is stopped is the machine, and only where its errors ask for that."""
    if bottleneck.rule == "gpu_straggler":
        return _straggler(window, bottleneck)
    return Advice(
        priority="medium" if bottleneck.rule in ("gpu_rows_to_remap", "link_errors") else "high",
        title=f"Take {bottleneck.device or 'the GPU'} of {window.resource.name} out of work and have it looked at",
        description=f"{bottleneck.description}. If nothing is done: {bottleneck.impact}.",
        changes=commands.drain(window.resource, bottleneck.rule),
    )


def _straggler(window: ResourceWindow, bottleneck: Bottleneck) -> Advice:
    """A slow card works: mended it gives more, taken out it gives less, unless all wait for it. No machine is drained.

    With n cards, the slow one at the share s of the others: mended n / (n - 1 + s), in step 1 / s; taken out
    (n - 1) / (n - 1 + s), in step (n - 1) / (n s).
    """
    count, device = window.resource.gpu_count, bottleneck.device or "the slow GPU"
    share = 1 / _best_over_slowest(window, bottleneck) if bottleneck.observed > 0 else float("nan")
    improvement, estimate, out = None, None, ""
    if count is not None and count >= 2 and 0 < share < 1:
        low, high = 100 * (count / (count - 1 + share) - 1), 100 * (1 / share - 1)
        alone, in_step = (100 * ((count - 1) / of - 1) for of in (count - 1 + share, count * share))
        improvement = f"mended: {low:.0f} % more work, and {high:.0f} % where all {count:g} GPUs work in step"
        out = f" Taken out it is {alone:+.0f} %, and {in_step:+.0f} % where they work in step."
        estimate = Estimate(
            low=low,
            middle=(low + high) / 2,
            high=high,
            unit="% more work",
            formula="n / (n - 1 + s) - 1 to 1 / s - 1, s the slow one's share of its equals; high: all work in step",
        )
    return Advice(
        priority="high",
        title=f"Have {device} of {window.resource.name} mended or replaced",
        description=f"{bottleneck.description}.{out} If nothing is done: {bottleneck.impact}.",
        improvement=improvement,
        estimate=estimate,
    )


ADVISER = Adviser(
    name="drain",
    answers=frozenset({"gpu_straggler", "gpu_memory_errors", "gpu_rows_to_remap", "link_errors"}),
    advise=advise,
    platform=PlatformText("Have faulty hardware looked at", "fail or hold their equals back"),
)
