"""Fewer GPUs or replicas: the smallest number that would have met the target through all of history."""

import math

import numpy as np

from plimsoll.analysis.advice.commands import scale
from plimsoll.analysis.advice.cost import freeing
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText, SizeOutcome
from plimsoll.analysis.advice.plan import Plan
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.advice.replay import FULL_PCT, Replay, replayed
from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.rules.over_provisioned import OverProvisionedLimits

TARGET_PCT = 65.0
CAUTIOUS, SAVING = 0.995, 0.95
MOST_RISK = 0.005
LEAST_DAYS = 7.0
LEAST_REPLICAS = 2
"""A service of one replica is down whenever that one is."""


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """N' = ceil(n Q(utilization) / target), Q cautious; replayed: each step that would have been over 100 % counts."""
    busy = window.whole("gpu_utilization_pct")
    units = window.resource.replicas_count or window.resource.gpu_count
    cautious, saving = (quantile_of("gpu_utilization_pct", q, rows="whole") for q in (CAUTIOUS, SAVING))
    if busy is None or not units or units < 2 or len(cautious.known(window)) < LEAST_DAYS * 24 * window.rows_per_hour:
        return None
    target = target_of(bottleneck)
    spare = LEAST_REPLICAS if window.resource.replicas_count else 1
    chosen = smallest(window, units, max(spare, math.ceil(units * cautious.value(window) / target)))
    if chosen is None:
        return None
    fewer, replay = chosen
    bolder = min(fewer, max(spare, math.ceil(units * saving.value(window) / target)))
    part, cost = (units - fewer) / units, freeing(window, (units - fewer) / units)
    noun = "replicas" if window.resource.replicas_count else "GPUs"
    return Advice(
        priority=replay.lowered("medium" if part >= 0.25 else "low"),
        title=f"Run {window.resource.name} on {fewer} {noun} instead of {units:g}",
        description=f"{bottleneck.description}. {replay.words} {_redundancy(window, units, fewer)}If nothing is done, "
        f"{units - fewer:g} {noun} stay unused.",
        improvement=f"{100 * part:.0f} % fewer {noun}"
        + (f" (up to {100 * (units - bolder) / units:.0f} %)" if bolder < fewer else ""),
        estimate=Estimate(
            low=100 * part,
            middle=100 * part,
            high=100 * ((units - bolder) / units),
            unit="%",
            formula="1 - ceil(n Q(utilization) / target) / n, Q from the 99.5th to the 95th percentile",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=units - fewer,
        replay=replay,
        plan=Plan(
            what=noun,
            start=float(units),
            to=float(fewer),
            unit=noun,
            until="as long as the work stays as it was",
            why=f"{cautious.value(window):.0f} % used at the 99.5th percentile; {target:.0f} % is the aim",
        ),
        asks={} if noun == "replicas" else {"gpus": float(fewer)},
        changes=scale(window.resource, fewer) if noun == "replicas" else {"slurm": f"#SBATCH --gres=gpu:{fewer}"},
        inputs={"99.5th percentile": cautious, "95th percentile": saving},
    )


def _redundancy(window: ResourceWindow, units: float, fewer: int) -> str:
    """What is left when one of the replicas fails, in the busiest moment of the history."""
    busy = window.whole("gpu_utilization_pct")
    if not window.resource.replicas_count or fewer < 2 or busy is None:
        return ""
    left = float(np.nanmax(busy)) * units / (fewer - 1)
    enough = "would still be enough" if left <= FULL_PCT else "would not be enough"
    return f"If one of the {fewer} fails, the rest is {left:.0f} % used at the worst moment: it {enough}. "


def target_of(bottleneck: Bottleneck) -> float:
    """The use that units are meant for, in percent: that of the rule that found it, where the rule has one."""
    limits = bottleneck.limits
    return limits.target_pct if isinstance(limits, OverProvisionedLimits) else TARGET_PCT


def smallest(window: ResourceWindow, units: float, at_least: int) -> tuple[int, Replay] | None:
    """The smallest number from `at_least` on whose replay stays under half a per cent; None where none is smaller."""
    busy = window.whole("gpu_utilization_pct")
    for fewer in range(max(1, at_least), math.ceil(units)):
        replay = None if busy is None else replayed(busy * units / fewer, window.step_s)
        if replay is not None and replay.share <= MOST_RISK:
            return fewer, replay
    return None


ADVISER = Adviser(
    name="right_size",
    answers=frozenset({"over_provisioned", "gpu_under_used"}),
    advise=advise,
    platform=PlatformText("Right-size what is too large", "would have been enough with less"),
    outcome=SizeOutcome(),
    wants=Preconditions(
        measured=(("gpu_utilization_pct",),), over_h=24 * LEAST_DAYS, acts_on=frozenset({"node", "job", "deployment"})
    ),
)
