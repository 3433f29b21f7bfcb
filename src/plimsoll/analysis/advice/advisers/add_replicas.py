"""More replicas or GPUs where requests wait, by what queueing theory says of it."""

import math

from plimsoll.analysis.advice.commands import scale
from plimsoll.analysis.advice.cost import adding
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, MetricOutcome, PlatformText
from plimsoll.analysis.advice.queueing import SATURATED, VARIABILITY, busiest, waiting
from plimsoll.analysis.advice.replay import replayed
from plimsoll.analysis.advice.usl import Usl, law_of
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
        return _processors(window, bottleneck)
    used = quantile_of(metric, 0.95)
    rho = used.value(window) / 100
    law = law_of(window) if window.resource.replicas_count else None
    more = max(units + 1, math.ceil(units * min(rho, 1.0) / TARGET))
    if law is not None and more > law.peak:
        more = float(math.floor(law.peak))
        if more <= units:
            return None  # by its own history more replicas would do less
    noun, one = ("replicas", "replica") if window.resource.replicas_count else ("GPUs", "GPU")
    cost, replay = (
        adding(window, (more - units) / units),
        replayed(window.readings[metric] * units / more, window.step_s),
    )
    said, estimate = _improvement(rho, units, more)
    return Advice(
        priority="high" if bottleneck.weight >= 85 else "medium",
        title=f"Give {window.resource.name} {more - units:g} more {one if more - units == 1 else noun} at such times",
        description=f"{bottleneck.description}; utilisation reached {100 * rho:.0f} %. "
        f"{replay.words if replay else ''} "
        f"{_scaling(law, units, more)}If nothing is done, the wait grows faster than the load.",
        improvement=said,
        estimate=estimate,
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        replay=replay,
        changes=scale(window.resource, more) if noun == "replicas" else {},  # a machine has the GPUs that it has
        inputs={"utilisation, 95th percentile": used},
    )


def _processors(window: ResourceWindow, bottleneck: Bottleneck) -> Advice:
    """Where processors are short and there are no replicas, more GPUs would not help."""
    return Advice(
        priority="medium",
        title=f"Give {window.resource.name} more processors, or less to do at such times",
        description=f"{bottleneck.description}. Move work that can wait to other hours or to a machine that has room; "
        f"more GPUs would not help. If nothing is done: {bottleneck.impact}.",
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


def _improvement(rho: float, units: float, more: float) -> tuple[str, Estimate | None]:
    if rho >= SATURATED:
        return "saturated: the wait falls at least as far as the queue empties", None
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
    reads=("replicas_count",),
    platform=PlatformText("Add capacity where requests wait", "let requests or jobs wait"),
    outcome=MetricOutcome("response_time_ms", -1),
)
