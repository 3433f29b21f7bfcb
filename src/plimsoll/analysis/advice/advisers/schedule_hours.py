"""Fewer replicas by night: as many as each hour of the clock has needed, and a half more."""

import math
from dataclasses import replace
from datetime import datetime

import numpy as np

from plimsoll.analysis.advice.advisers.right_size import MOST_RISK
from plimsoll.analysis.advice.cost import freeing
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText, SizeOutcome
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.advice.replay import Replay, replayed
from plimsoll.analysis.bottlenecks.expressions.hourly import ClockHours
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.rules.quiet_hours import QuietHoursLimits


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The quiet hours on what they need; replayed on those hours: a step that would have been full counts."""
    units, quiet, limits = window.resource.replicas_count, bottleneck.measure, bottleneck.limits
    if not units or not isinstance(quiet, ClockHours) or not isinstance(limits, QuietHoursLimits):
        return None
    start, hours = quiet.hours[0], len(quiet.hours)
    chosen = _smallest(window, units, max(1, math.ceil(units * bottleneck.observed / limits.target_pct)), start, hours)
    if chosen is None:
        return None
    fewer, replay = chosen
    part = (units - fewer) / units * hours / 24
    bold = (units - max(1, fewer - 1)) / units * hours / 24
    cost = freeing(window, part)
    return Advice(
        priority="low",
        title=f"Run {window.resource.name} on {fewer} replica{'' if fewer == 1 else 's'} for {hours} hours of each day",
        description=f"{bottleneck.description}{_clock(window, start, hours)}. {replay.words} {_alone(fewer)}"
        f"If nothing is done: {bottleneck.impact}.",
        improvement=f"{100 * part:.0f} to {100 * bold:.0f} % fewer replica-hours",
        estimate=Estimate(
            low=100 * part,
            middle=100 * part,
            high=100 * bold,
            unit="%",
            formula="(replicas - needed) / replicas x quiet hours / 24; high: one replica less",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=units - fewer,
        replay=replay,
        changes=_changes(window, start, hours, fewer, units),
        inputs={"use in the quiet hours": bottleneck.measure},
    )


def _alone(fewer: int) -> str:
    return "With one replica a failure in these hours is an outage. " if fewer == 1 else ""


def _smallest(window: ResourceWindow, units: float, at_least: int, start: int, hours: int) -> tuple[int, Replay] | None:
    """The fewest that would have done in those hours of every day, with their replay; None where none are fewer."""
    busy = window.whole("gpu_utilization_pct")
    per_hour, day = round(window.rows_per_hour), round(24 * window.rows_per_hour)
    if busy is None:
        return None
    quiet = np.full(len(busy), np.nan)
    of_hour = (np.arange(len(busy)) - len(busy)) % day // per_hour
    inside = np.isin(of_hour, [(start + n) % 24 for n in range(hours)])
    quiet[inside] = busy[inside]
    for fewer in range(at_least, math.ceil(units)):
        replay = replayed(quiet * units / fewer, window.step_s)
        if replay is not None and replay.share <= MOST_RISK:
            return fewer, replace(replay, days=len(busy) * window.step_s / 86_400)
    return None


def _between(end: datetime, start: int, hours: int) -> tuple[int, int]:
    """Whole hours of the clock (UTC) inside the quiet ones, which begin where the window's end lies in its hour."""
    late = 1 if end.minute or end.second else 0
    return (end.hour + start + late) % 24, (end.hour + start + hours) % 24


def _clock(window: ResourceWindow, start: int, hours: int) -> str:
    if window.end is None:
        return ""
    quiet, busy = _between(window.end, start, hours)
    return f" (from {quiet:02d}:00 to {busy:02d}:00 UTC)"


def _changes(window: ResourceWindow, start: int, hours: int, fewer: int, units: float) -> dict[str, str]:
    """Two scalings a day for KEDA's cron trigger; it wants the busy hours."""
    if window.end is None:
        return {}
    quiet, busy = _between(window.end, start, hours)
    return {
        "kubernetes": f'minReplicaCount: {fewer}; triggers: [{{type: cron, metadata: {{timezone: UTC, start: "0 {busy} '
        f'* * *", end: "0 {quiet} * * *", desiredReplicas: "{units:g}"}}}}]   # a KEDA ScaledObject'
    }


ADVISER = Adviser(
    name="schedule_hours",
    answers=frozenset({"quiet_hours"}),
    advise=advise,
    platform=PlatformText("Run fewer replicas by night", "need much less by night"),
    outcome=SizeOutcome(daily=True),
    wants=Preconditions(measured=(("gpu_utilization_pct",),), acts_on=frozenset({"deployment"})),
)
