"""A resource of which too little is read to judge it."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.coverage import Coverage
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Share
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, Place, Rule


class BlindLimits(Limits):
    """The limits of `blind`."""

    enough: Share = Field(default=0.8, description="share of the expected readings below which too little arrived")
    longest_h: Hours = Field(default=1.0, description="without any reading for so long")


def find(window: ResourceWindow, limits: BlindLimits) -> Bottleneck | None:
    """Fewer than four in five of the readings that were due, or an hour and more without any."""
    if window.coverage is None:
        return None
    silent = window.longest_silence_h()
    if window.coverage >= limits.enough and silent < limits.longest_h:
        return None
    measure = Coverage()
    arrived = measure.value(window)
    return Bottleneck(
        description=f"{arrived:.0f} % of the readings that were due arrived; nothing was read for {silent:.1f} h",
        impact="nothing can be said of that time",
        weight=97 - arrived / 5 if window.coverage < limits.enough else 70 + min(silent, 8.0),
        metric="up_pct",
        observed=arrived,
        threshold=100 * limits.enough,
        share=1 - window.coverage,
        samples=0,
        measure=measure,
    )


RULE = Rule(
    name="blind",
    component="coverage",
    summary="A resource of which too little is read to judge it",
    reads=(),
    find=find,
    limits=BlindLimits(),
    use=Place("readings", "errors"),
    min_weight=70.0,
    remediation="Check the exporter, its network and its credentials: plimsoll doctor.",
)
