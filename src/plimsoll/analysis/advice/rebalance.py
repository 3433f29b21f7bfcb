"""Work from where requests wait to equals that have room: the one kind of advice that looks at several resources."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from plimsoll.analysis.advice.assessment import Assessment
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText, of_the_fleet
from plimsoll.analysis.advice.queueing import SATURATED, VARIABILITY, waiting
from plimsoll.analysis.advice.replay import Replay, replayed
from plimsoll.analysis.advice.waits import MeasuredWait, measured_wait
from plimsoll.analysis.bottlenecks.expressions.measures import Measure, quantile_of
from plimsoll.analysis.bottlenecks.insufficient_data import ENOUGH_COVERAGE
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

METRIC = "gpu_utilization_pct"
BUSY_PCT, ROOMY_PCT, TARGET_PCT = 80.0, 50.0, 65.0
_CAUSES = ("queueing", "traffic_spike")
_LEAST_MOVED = 0.05


@dataclass(frozen=True, slots=True)
class OtherResource:
    """A reading of another resource than the one that is advised on."""

    window: ResourceWindow
    measure: Measure

    def value(self, window: ResourceWindow) -> float:  # noqa: ARG002 - it is of its own window
        """The number of the other one."""
        return self.measure.value(self.window)

    def sql(self, window: ResourceWindow, end: datetime) -> str:  # noqa: ARG002
        """Its statement."""
        return self.measure.sql(self.window, end)


@dataclass(frozen=True, slots=True)
class Move:
    """`part` of what a resource does, to an equal."""

    to: ResourceWindow
    part: float


def rebalance(swept: Sequence[tuple[ResourceWindow, Assessment]]) -> dict[str, Advice]:
    """Advice by the resource that is relieved; room is given away once, the most constrained resource first.

    Equals are of one type, region, GPU model and group. One that is to be made smaller has no room to give.
    """
    room: dict[str, float] = {}
    equals: dict[tuple[str, ...], list[ResourceWindow]] = {}
    for window, result in swept:
        if _has_room(window, result):
            equals.setdefault(_kind(window), []).append(window)
            room[window.resource.resource_id] = _units(window) * (TARGET_PCT - _used(window))
    found: dict[str, Advice] = {}
    for window, result in swept:
        cause = _cause(window, result)
        if cause is not None and (moves := _moves(window, equals.get(_kind(window), []), room)):
            advice = ADVISER.sign(_advice(window, cause, moves), window, cause)
            assert advice is not None  # noqa: S101 - what is signed was there
            found[window.resource.resource_id] = advice
    return found


def remembered(window: ResourceWindow, result: Assessment) -> ResourceWindow:
    """The window with what `rebalance` needs: use where it has room, its waits too where it waits; else with none."""
    if _cause(window, result) is not None:
        return window.only(METRIC, "queue_time_ms", "response_time_ms")
    return window.only(METRIC) if _has_room(window, result) else window.only()


def _kind(window: ResourceWindow) -> tuple[str, ...]:
    of = window.resource
    return (of.type, of.region or "", of.labels.get("gpu_model", ""), of.labels.get("group", ""))


def _units(window: ResourceWindow) -> float:
    return window.resource.replicas_count or window.resource.gpu_count or 0.0


def _used(window: ResourceWindow) -> float:
    """Use in the busy hours of the window; NaN without readings."""
    return quantile_of(METRIC, 0.95).value(window)


def _cause(window: ResourceWindow, result: Assessment) -> Bottleneck | None:
    """What says that requests wait on a resource that is busy; None where they do not, or its use is not read."""
    cause = next((top for top, _ in result.bottlenecks if top.rule in _CAUSES), None)
    return cause if cause is not None and _units(window) and _used(window) >= BUSY_PCT else None


def _has_room(window: ResourceWindow, result: Assessment) -> bool:
    enough = window.coverage is not None and window.coverage >= ENOUGH_COVERAGE
    return (
        enough
        and _units(window) > 0
        and window.row(METRIC) is not None
        and _used(window) <= ROOMY_PCT
        and not any(one.frees > 0 for one in result.advice)
    )


def _moves(window: ResourceWindow, equals: Sequence[ResourceWindow], room: dict[str, float]) -> list[Move]:
    """As much as is over the target, to those with most room first; what is given is taken from `room`."""
    load = _units(window) * _used(window)
    need = _units(window) * (_used(window) - TARGET_PCT)
    moves: list[Move] = []
    for other in sorted(equals, key=lambda one: (-room[one.resource.resource_id], one.resource.resource_id)):
        given = min(need, room[other.resource.resource_id])
        if other is window or given < _LEAST_MOVED * load:
            continue
        moves.append(Move(other, given / load))
        room[other.resource.resource_id] -= given
        need -= given
    return moves


def _advice(window: ResourceWindow, cause: Bottleneck, moves: Sequence[Move]) -> Advice:
    part = sum(one.part for one in moves)
    names = [one.to.resource.name for one in moves]
    shares = {window.resource.resource_id: 1 - part} | {one.to.resource.resource_id: one.part for one in moves}
    weights = ", ".join(f"{{name: {json.dumps(name)}, weight: {100 * share:.0f}}}" for name, share in shares.items())
    waited = measured_wait(window, cause, METRIC)
    said, estimate = _improvement(_used(window) / 100, _units(window), part, waited)
    replay = _replay(window, moves, part)
    used = quantile_of(METRIC, 0.95)
    return Advice(
        priority=replay.lowered("medium") if replay else "low",
        title=f"Send {100 * part:.0f} % of the work of {window.resource.name} to {' and '.join(names)}",
        description=f"{cause.description}. {', '.join(names)}: of the same kind, and at most {ROOMY_PCT:.0f} % used in "
        f"busy hours. {replay.words if replay else ''} If nothing is done: {cause.impact}, beside room that lies idle.",
        improvement=said,
        estimate=estimate,
        cost="costs nothing",
        replay=replay,
        changes={"kubernetes": f"backendRefs: [{weights}]   # of a Gateway API HTTPRoute"},
        inputs={"its use, 95th percentile": used}
        | {f"use of {one.to.resource.resource_id}, 95th percentile": OtherResource(one.to, used) for one in moves},
    )


def _replay(window: ResourceWindow, moves: Sequence[Move], part: float) -> Replay | None:
    """The fullest of all that take part, step by step."""
    own = window.readings[METRIC]
    others = [one.to.readings[METRIC] + own * one.part * _units(window) / _units(one.to) for one in moves]
    return replayed(np.fmax.reduce([own * (1 - part), *others]), window.step_s)


def _improvement(
    rho: float, servers: float, part: float, waited: MeasuredWait | None
) -> tuple[str | None, Estimate | None]:
    """The wait with less work on the same servers; the work itself takes as long as before."""
    if waited is not None:
        estimate = waited.gain(servers, servers, 1 - part)
        said = f"answers {estimate.low:.0f} to {estimate.high:.0f} % sooner, of {waited.share_pct:.0f} % that they wait"
        return said, estimate
    if rho >= SATURATED:
        return None, None
    low, middle, high = (
        100 * (1 - (1 + waiting(rho * (1 - part), servers, v)) / (1 + waiting(rho, servers, v))) for v in VARIABILITY
    )
    formula = "1 - (S + W(rho')) / (S + W(rho)), W by Sakasegawa, rho' = rho x what stays, variability 0.5 to 2"
    estimate = Estimate(low=low, middle=middle, high=high, unit="% less time to answer", formula=formula)
    return f"answers {low:.0f} to {high:.0f} % sooner", estimate


ADVISER = Adviser(
    name="rebalance",
    answers=frozenset(_CAUSES),
    advise=of_the_fleet,
    platform=PlatformText("Use the room that equals have", "wait while equals have room"),
)
