"""Work from where requests wait to equals that have room: the one kind of advice that looks at several resources."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from plimsoll.analysis.optimization.abstention import ENOUGH_COVERAGE
from plimsoll.analysis.optimization.advisers.add_replicas import SATURATED, VARIABILITY, waiting
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Estimate, Found
from plimsoll.analysis.optimization.reading import Seen, quantile_of
from plimsoll.analysis.optimization.replay import Replay, replayed
from plimsoll.analysis.optimization.sweep import Sweep

NAME, METRIC = "rebalance", "gpu_utilization_pct"
BUSY_PCT, ROOMY_PCT, TARGET_PCT = 80.0, 50.0, 65.0
_CAUSES = ("queueing", "traffic_spike")
_LEAST_MOVED = 0.05


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A reading of another resource than the one that is advised on."""

    case: Case
    seen: Seen

    def value(self, case: Case) -> float:  # noqa: ARG002 - it is of its own case
        """The number of the other one."""
        return self.seen.value(self.case)

    def sql(self, case: Case, end: datetime) -> str:  # noqa: ARG002
        """Its statement."""
        return self.seen.sql(self.case, end)


@dataclass(frozen=True, slots=True)
class Move:
    """`part` of what a resource does, to an equal."""

    to: Case
    part: float


def rebalance(swept: Sequence[tuple[Case, Sweep]]) -> dict[str, Advice]:
    """Advice by the resource that is relieved; room is given away once, the most constrained resource first.

    Equals are of one type, region, GPU model and group. One that is to be made smaller has no room to give.
    """
    room: dict[str, float] = {}
    equals: dict[tuple[str, ...], list[Case]] = {}
    for case, result in swept:
        if _has_room(case, result):
            equals.setdefault(_kind(case), []).append(case)
            room[case.resource.resource_id] = _units(case) * (TARGET_PCT - _used(case))
    found: dict[str, Advice] = {}
    for case, result in swept:
        cause = _cause(case, result)
        if cause is not None and (moves := _moves(case, equals.get(_kind(case), []), room)):
            found[case.resource.resource_id] = _advice(case, cause, moves)
    return found


def remembered(case: Case, result: Sweep) -> Case:
    """The case with what `rebalance` asks of it and nothing else: one metric where it waits or has room, else none."""
    takes_part = _cause(case, result) is not None or _has_room(case, result)
    return case.only(METRIC) if takes_part else case.only()


def _kind(case: Case) -> tuple[str, ...]:
    of = case.resource
    return (of.type, of.region or "", of.labels.get("gpu_model", ""), of.labels.get("group", ""))


def _units(case: Case) -> float:
    return case.resource.replicas_count or case.resource.gpu_count or 0.0


def _used(case: Case) -> float:
    """Use in the busy hours of the window; NaN without readings."""
    return quantile_of(METRIC, 0.95).value(case)


def _cause(case: Case, result: Sweep) -> Found | None:
    """What says that requests wait on a resource that is busy; None where they do not, or its use is not read."""
    cause = next((top for top, _ in result.bottlenecks if top.rule in _CAUSES), None)
    return cause if cause is not None and _units(case) and _used(case) >= BUSY_PCT else None


def _has_room(case: Case, result: Sweep) -> bool:
    enough = case.coverage is not None and case.coverage >= ENOUGH_COVERAGE
    return (
        enough
        and _units(case) > 0
        and case.window(METRIC) is not None
        and _used(case) <= ROOMY_PCT
        and not any(one.frees > 0 for one in result.advice)
    )


def _moves(case: Case, equals: Sequence[Case], room: dict[str, float]) -> list[Move]:
    """As much as is over the target, to those with most room first; what is given is taken from `room`."""
    load = _units(case) * _used(case)
    need = _units(case) * (_used(case) - TARGET_PCT)
    moves: list[Move] = []
    for other in sorted(equals, key=lambda one: (-room[one.resource.resource_id], one.resource.resource_id)):
        given = min(need, room[other.resource.resource_id])
        if other is case or given < _LEAST_MOVED * load:
            continue
        moves.append(Move(other, given / load))
        room[other.resource.resource_id] -= given
        need -= given
    return moves


def _advice(case: Case, cause: Found, moves: Sequence[Move]) -> Advice:
    part = sum(one.part for one in moves)
    names = [one.to.resource.name for one in moves]
    shares = {case.resource.resource_id: 1 - part} | {one.to.resource.resource_id: one.part for one in moves}
    weights = ", ".join(f"{{name: {json.dumps(name)}, weight: {100 * share:.0f}}}" for name, share in shares.items())
    said, estimate = _improvement(_used(case) / 100, _units(case), part)
    replay = _replay(case, moves, part)
    used = quantile_of(METRIC, 0.95)
    return Advice(
        adviser=NAME,
        rule=cause.rule,
        resource_id=case.resource.resource_id,
        priority=replay.lowered("medium") if replay else "low",
        title=f"Send {100 * part:.0f} % of the work of {case.resource.name} to {' and '.join(names)}",
        description=f"{cause.description}. {', '.join(names)}: of the same kind, and at most {ROOMY_PCT:.0f} % used in "
        f"busy hours. {replay.words if replay else ''} If nothing is done: {cause.impact}, beside room that lies idle.",
        improvement=said,
        estimate=estimate,
        cost="costs nothing",
        replay=replay,
        changes={"kubernetes": f"backendRefs: [{weights}]   # of a Gateway API HTTPRoute"},
        inputs={"its use, 95th percentile": used}
        | {f"use of {one.to.resource.resource_id}, 95th percentile": Elsewhere(one.to, used) for one in moves},
    )


def _replay(case: Case, moves: Sequence[Move], part: float) -> Replay | None:
    """The fullest of all that take part, step by step."""
    own = case.readings[METRIC]
    others = [one.to.readings[METRIC] + own * one.part * _units(case) / _units(one.to) for one in moves]
    return replayed(np.fmax.reduce([own * (1 - part), *others]), case.step_s)


def _improvement(rho: float, servers: float, part: float) -> tuple[str, Estimate | None]:
    """The wait with less work on the same servers; the work itself takes as long as before."""
    if rho >= SATURATED:
        return "saturated: the wait falls at least as far as the queue empties", None
    low, middle, high = (
        100 * (1 - (1 + waiting(rho * (1 - part), servers, v)) / (1 + waiting(rho, servers, v))) for v in VARIABILITY
    )
    formula = "1 - (S + W(rho')) / (S + W(rho)), W by Sakasegawa, rho' = rho x what stays, variability 0.5 to 2"
    estimate = Estimate(low=low, middle=middle, high=high, unit="% less time to answer", formula=formula)
    return f"answers {low:.0f} to {high:.0f} % sooner", estimate
