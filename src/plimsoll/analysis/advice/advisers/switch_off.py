"""Give a machine back on which nothing happens."""

from plimsoll.analysis.advice.commands import drain
from plimsoll.analysis.advice.cost import freeing
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText, SizeOutcome
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The whole machine; how long it has been quiet is what is known, not how long it will be."""
    hours = window.window_rows * window.step_s / 3600
    cost = freeing(window, 1.0)
    return Advice(
        priority="medium",
        title=f"Switch {window.resource.name} off, or give it work",
        description=f"{bottleneck.description}. Ask its owner first: a spare is idle on purpose. "
        f"If nothing is done: {bottleneck.impact}.",
        improvement=f"{hours * bottleneck.share:.0f} to {hours:.0f} machine-hours of the last {hours:.0f} h were "
        f"not needed",
        estimate=Estimate(
            low=hours * bottleneck.share,
            middle=hours,
            high=hours,
            unit="machine-hours",
            formula="hours of the window x the share of them that was quiet; high: all of them",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=window.resource.gpu_count or 0.0,
        changes=drain(window.resource, "idle"),
    )


ADVISER = Adviser(
    name="switch_off",
    answers=frozenset({"idle_host"}),
    advise=advise,
    platform=PlatformText("Switch idle machines off", "did nothing for a day"),
    outcome=SizeOutcome(whole=True),
)
