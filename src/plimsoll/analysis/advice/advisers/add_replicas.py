"""More replicas or GPUs where requests wait, by what queueing theory says of it."""

import math

from plimsoll.analysis.advice.commands import scale
from plimsoll.analysis.advice.cost import adding
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, MetricOutcome, PlatformText
from plimsoll.analysis.advice.plan import Plan
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.advice.queueing import SATURATED, VARIABILITY, busiest, waiting
from plimsoll.analysis.advice.replay import replayed
from plimsoll.analysis.advice.usl import Usl, law_of
from plimsoll.analysis.advice.waits import MeasuredWait, demand, measured_wait
from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

TARGET = 0.65


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """Enough for the target at the busiest hours of the window; no number where the queue says it is saturated."""
    metric, units = busiest(window), window.resource.replicas_count or window.resource.gpu_count
    if metric is None or not units:
        return None
    if bottleneck.rule == "cpu_saturated" and not window.resource.replicas_count:
        return None  # more GPUs would not help
    used = quantile_of(metric, 0.95)
    rho = used.value(window) / 100
    law = law_of(window) if window.resource.replicas_count else None
    more = max(units + 1, math.ceil(units * min(rho, 1.0) / TARGET))
    if law is not None and more > law.peak:
        more = float(math.floor(law.peak))
        if more <= units:
            return None  # by its own history more replicas would do less
    noun, one = ("replicas", "replica") if window.resource.replicas_count else ("GPUs", "GPU")
    asked = demand(window, metric)
    replay = replayed(asked.use_pct * units / more, window.step_s)
    cost = adding(window, (more - units) / units, hours_share=bottleneck.share)
    said, estimate = _improvement(rho, units, more, measured_wait(window, bottleneck, metric))
    words = "" if replay is None else replay.words.replace("never full, ", "") if asked.unserved_h else replay.words
    return Advice(
        priority="high" if bottleneck.weight >= 85 else "medium",
        title=_title(window.resource.name, f"{more - units:g} more {one if more - units == 1 else noun}", noun),
        description=f"{bottleneck.description}; utilization reached {100 * rho:.0f} %. "
        f"{words}{asked.words} {_scaling(law, units, more)}If nothing is done, the wait grows faster than the load.",
        improvement=said,
        estimate=estimate,
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        replay=replay,
        changes=scale(window.resource, more, back=units) if noun == "replicas" else {},  # a machine has its own GPUs
        plan=Plan(
            what=noun,
            start=float(units),
            to=float(more),
            unit=noun,
            until=f"{100 * bottleneck.share:.0f} % of the time, as in this window",
            why=f"{100 * rho:.0f} % used in the busy hours; {100 * TARGET:.0f} % is the aim",
        ),
        inputs={"utilization, 95th percentile": used},
    )


def _scaling(law: Usl | None, units: float, more: float) -> str:
    """What the universal scalability law says, where it fits the service's own history."""
    if law is None:
        return ""
    gain = 100 * (law.at(more) / law.at(units) - 1)
    return (
        f"By how it scaled with {law.sizes} numbers of replicas (USL, kappa {law.kappa:.2g}) that is {gain:.0f} % more "
        f"throughput; beyond {law.peak:.0f} replicas there is less. "
    )


def _title(name: str, what: str, noun: str) -> str:
    """A machine has the GPUs that it has: others have to be found beside it."""
    if noun == "GPUs":
        return f"Find {what} beside {name} for its work at such times"
    return f"Give {name} {what} at such times"


def _improvement(
    rho: float, units: float, more: float, measured: MeasuredWait | None
) -> tuple[str | None, Estimate | None]:
    """By the waits where they are read: no more can be won than was waited."""
    if measured is not None:
        estimate = measured.gain(units, more)
        said = f"answers {estimate.low:.0f} to {estimate.high:.0f} % sooner"
        return f"{said}, of {measured.share_pct:.0f} % that they wait", estimate
    if rho >= SATURATED:
        return None, None  # how long the queue is, and with it what emptying it brings, is not read
    less = [100 * (1 - (1 + waiting(rho * units / more, more, v)) / (1 + waiting(rho, units, v))) for v in VARIABILITY]
    low, middle, high = less
    estimate = Estimate(
        low=low,
        middle=middle,
        high=high,
        unit="% less time to answer",
        formula="1 - (S + W(c')) / (S + W(c)), W by Sakasegawa, variability 0.5 to 2",
    )
    return f"answers {low:.0f} to {high:.0f} % sooner", estimate


ADVISER = Adviser(
    name="add_replicas",
    answers=frozenset({"queueing", "kv_cache_full", "traffic_spike", "cpu_saturated"}),
    advise=advise,
    reads=("replicas_count", "running_count"),
    platform=PlatformText("Add capacity where requests wait", "let requests or jobs wait"),
    outcome=MetricOutcome("response_time_ms", -1),
    wants=Preconditions(measured=(("gpu_utilization_pct",),)),
)
