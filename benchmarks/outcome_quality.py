"""Whether advice keeps its word, and whether the outcome ledger says so rightly.

    nice python benchmarks/outcome_quality.py [--seeds 30]

Simulated fleets of 18 days, one a seed. In each, faults whose advice promises a number are planted in a size drawn by
chance, and services that queue by themselves are looked for; advice is given, and the simulator applies it an hour
later: the fault is gone, the replicas are there, the job has its new size. Promised interval against the true effect of
that, how wide the interval is against its middle, and what the ledger says two days later, by difference in differences
or by the inventory, against the promise. Ends with 1 where a bound is missed.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.bottleneck_quality import STEP_S, WINDOW, case_at, indexed, read
from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.model import Advice, Estimate, MetricOutcome, SizeOutcome
from plimsoll.analysis.advice.outcomes import Outcome, realized
from plimsoll.analysis.advice.size_outcomes import realized_size
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource, resources_at
from plimsoll.queries.outcomes import measure_of
from plimsoll.simulator import Fleet, Incident
from plimsoll.simulator.all_faults import without_gpus
from plimsoll.simulator.load_profile import loads
from plimsoll.simulator.members import Member
from plimsoll.simulator.physics import sensors

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAYS, RESOURCES = 18, 96
GIVEN = UNTIL - timedelta(hours=50)
APPLIED = GIVEN + timedelta(hours=1)
WEEKS = timedelta(days=14)
KEPT, QUIET_PCT = 0.85, 26.0


@dataclass(frozen=True)
class Trial:
    """A fault, on which type, for how many hours until the advice, in which size; who gives the advice."""

    kind: str
    type: str
    adviser: str
    hours: tuple[float, float] = (12, 12)
    sizes: tuple[float, float] = (0.4, 1.1)


TRIALS = (
    Trial("input_starvation", "training", "fix_input"),
    Trial("thermal_throttling", "cluster", "cool"),
    Trial("hardware_slowdown", "cluster", "cool"),
    Trial("slow_disk", "storage", "faster_disk"),
    Trial("idle_gpu", "cluster", "release", (4, 60), (1.0, 1.0)),
    Trial("idle_host", "cluster", "switch_off", (26, 60), (1.0, 1.0)),
    Trial("dead_allocation", "cluster", "end_dead_jobs", (4, 24), (1.0, 1.0)),
    Trial("straggler_gpu", "cluster", "drain", (6, 30), (0.4, 1.2)),
    Trial("filling_volume", "storage", "make_room", (72, 150), (0.9, 1.2)),
    Trial("over_provisioned", "endpoint", "right_size", (0, 0), (0.7, 1.2)),
    Trial("quiet_hours", "endpoint", "schedule_hours", (0, 0), (1.0, 1.0)),
)


@dataclass
class Tally:
    """By adviser: advice given, intervals that held, widths, what the ledger said."""

    given: Counter[str] = field(default_factory=Counter[str])
    true: Counter[str] = field(default_factory=Counter[str])
    judged: Counter[str] = field(default_factory=Counter[str])
    kept: Counter[str] = field(default_factory=Counter[str])
    widths: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    missed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    lonely: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Measure:
    """One fleet with its faults and the same without, as grids."""

    fleet: Fleet
    at: Grid
    bare: Grid
    index: Mapping[str, list[int]]
    resources: Mapping[str, Resource]

    def row(self, resource_id: str, metric: str, *, bare: bool = False) -> Floats | None:
        """One metric of one resource as a whole."""
        grid = self.bare if bare else self.at
        for n in indexed(grid).get(resource_id, []) if bare else self.index.get(resource_id, []):
            if (grid.series[n].metric, grid.series[n].device) == (metric, ""):
                row: Floats = grid.doubles(slice(n, n + 1))[0]
                return row
        return None

    def equals(self, resource_id: str, metric: str) -> list[Floats]:
        """The same metric of others of its type that nothing was planted on."""
        hit = {incident.resource_id for incident in self.fleet.incidents} | {resource_id}
        others = [r for r in self.resources.values() if r.type == self.resources[resource_id].type]
        rows = [self.row(other.resource_id, metric) for other in others if other.resource_id not in hit]
        return [row for row in rows if row is not None]

    def advice(self, resource_id: str, adviser: str) -> Advice | None:
        """What the adviser says of it."""
        given = assess(case_at(self.at, self.index, self.resources[resource_id], GIVEN)).advice
        return next((one for one in given if one.adviser == adviser and one.estimate), None)


def seen(seed: int) -> tuple[Measure, list[tuple[Trial, Incident]]]:
    """A fleet with one fault of each trial."""
    empty = Fleet.build(
        resources=RESOURCES, days=DAYS, seed=seed, until=UNTIL, interval_s=STEP_S, incidents=(), detailed=True
    )
    chance = np.random.default_rng(seed)
    calm, planted, more = list(empty.members), list[tuple[Trial, Incident]](), list[Incident]()
    for trial in TRIALS:
        able = [m for m in calm if m.type == trial.type and (trial.type != "endpoint" or m.replicas >= 3)]
        member = able[int(chance.integers(len(able)))]
        calm.remove(member)
        lasted = timedelta(hours=float(chance.uniform(*trial.hours))) if trial.hours[1] else WEEKS
        device = f"gpu{int(chance.integers(member.gpu_count))}" if trial.adviser in ("drain", "end_dead_jobs") else ""
        end = GIVEN if lasted == WEEKS else APPLIED
        one = Incident(
            kind=trial.kind, resource_id=member.resource_id, start=end - lasted, end=end, device=device,
            size=float(chance.uniform(*trial.sizes)),
        )  # fmt: skip
        planted.append((trial, one))
        more += [one, replace(one, start=GIVEN, end=GIVEN + WEEKS)] if lasted == WEEKS else [one]
    bare = [one.resource_id for trial, one in planted if trial.kind == "idle_host"]
    fleet = replace(empty, incidents=tuple(more), members=without_gpus(empty.members, bare))
    at = read(fleet)
    known = {r.resource_id: r for r in resources_at(fleet.resources())}
    return Measure(fleet, at, read(empty), indexed(at), known), planted


def metric_of(adviser: str) -> MetricOutcome:
    """The metric in which what came of its advice is measured."""
    measure = measure_of(adviser)
    assert isinstance(measure, MetricOutcome)
    return measure


def whole_of(adviser: str) -> bool:
    """Whether it promises the whole resource back."""
    measure = measure_of(adviser)
    return isinstance(measure, SizeOutcome) and measure.whole


def of_metric(look: Measure, one: Incident, _: Advice, adviser: str) -> float | None:
    """The metric without the fault over the metric with it, in the hours of the fault."""
    measure = metric_of(adviser)
    row, bare = look.row(one.resource_id, measure.metric), look.row(one.resource_id, measure.metric, bare=True)
    held = slice(look.at.row(one.start), look.at.row(APPLIED))
    if row is None or bare is None:
        return None
    return measure.sign * 100 * (float(np.nanmean(bare[held]) / np.nanmean(row[held])) - 1)


def of_hours(look: Measure, one: Incident, _: Advice, adviser: str) -> float:
    """The hours that nothing was done in, of every GPU or of the machine within the window."""
    hours = (GIVEN - one.start).total_seconds() / 3600
    if adviser == "switch_off":
        return min(hours, WINDOW * STEP_S / 3600)
    return (look.resources[one.resource_id].gpu_count or 1.0) * hours


def of_one_gpu(_: Measure, one: Incident, __: Advice, adviser: str) -> float:
    """One dead GPU a day; or what its equals could do more if they did not wait for it."""
    return 24.0 if adviser == "end_dead_jobs" else 100 * (1 / (1 - 0.3 * one.size) - 1)


def of_room(look: Measure, one: Incident, _: Advice, __: str) -> float:
    """Days until what was freed is used again, at the pace that was planted."""
    row, bare = (look.row(one.resource_id, "storage_utilization_pct", bare=b) for b in (False, True))
    assert row is not None
    assert bare is not None
    full, start = float(row[look.at.row(GIVEN) - 1]), float(bare[look.at.row(GIVEN) - 1])
    pace = (80 - start) * one.size / ((one.end - one.start).total_seconds() / 86_400)
    return max(full - 70.0, 5.0) / pace


def of_size(look: Measure, one: Incident, told: Advice, adviser: str) -> float:
    """Percent fewer unit-hours if it was enough in the two days after; nothing if it was full then."""
    units, busy = resized(look, one.resource_id, told, adviser)
    after = slice(look.at.row(APPLIED), None)
    if float(np.mean(busy[after][np.isfinite(busy[after])] > 100)) > 0.005:
        return 0.0
    whole = look.at.row(APPLIED)
    return 100 * (1 - float(units[whole : whole + WINDOW].mean()) / float(units[whole - WINDOW : whole].mean()))


def resized(look: Measure, resource_id: str, told: Advice, adviser: str) -> tuple[Floats, Floats]:
    """Units and their use once the advice is followed: the same work on what is left."""
    resource, busy = look.resources[resource_id], look.row(resource_id, "gpu_utilization_pct")
    before = resource.replicas_count or resource.gpu_count or 1.0
    units = np.full(look.at.rows, before)
    after = np.arange(look.at.rows) >= look.at.row(APPLIED)
    left = before - told.frees
    if adviser == "schedule_hours" and busy is not None:
        clock = (look.at.start.hour + np.arange(look.at.rows) // 12) % 24
        known = slice(look.at.row(GIVEN) - WINDOW * 14, look.at.row(GIVEN))
        quiet = [h for h in range(24) if np.nanquantile(busy[known][clock[known] == h], 0.98) <= QUIET_PCT]
        after &= np.isin(clock, quiet)
    units[after] = 0.0 if whole_of(adviser) else left
    if busy is None:
        return units, np.full(look.at.rows, np.nan)
    return units, np.divide(busy * before, units, out=np.full_like(busy, np.nan), where=units > 0)


EFFECTS: Mapping[str, Callable[[Measure, Incident, Advice, str], float | None]] = {
    "fix_input": of_metric, "cool": of_metric, "faster_disk": of_metric, "release": of_hours, "switch_off": of_hours,
    "end_dead_jobs": of_one_gpu, "drain": of_one_gpu, "make_room": of_room, "right_size": of_size,
    "schedule_hours": of_size,
}  # fmt: skip


def note(tally: Tally, adviser: str, estimate: Estimate, effect: float) -> None:
    """Whether the interval held the effect."""
    held = estimate.low - 1e-6 <= effect <= estimate.high + 1e-6
    tally.given[adviser] += 1
    tally.true[adviser] += held
    if estimate.middle > 0:
        tally.widths.setdefault(adviser, []).append((estimate.high - estimate.low) / estimate.middle)
    if not held:
        tally.missed.setdefault(adviser, []).append(f"{effect:.3g} not in {estimate.low:.3g}..{estimate.high:.3g}")


def judge(tally: Tally, adviser: str, outcome: Outcome, alone: Outcome | None) -> None:
    """What the ledger says, and what it says where the load moved by 40 % without equals."""
    tally.judged[adviser] += 1
    tally.kept[adviser] += outcome.state == "kept"
    if alone is not None:
        tally.lonely += 1
        tally.unknown += alone.state == "cannot tell"


def ledger(look: Measure, one: Incident, told: Advice, adviser: str, tally: Tally) -> None:
    """The outcome of advice that was followed."""
    assert told.estimate is not None
    promised, changed = (told.estimate.low, told.estimate.high), look.at.row(APPLIED)
    moved = np.where(np.arange(look.at.rows) >= changed, 1.4, 1.0)
    if isinstance(measure_of(adviser), SizeOutcome):
        units, busy = resized(look, one.resource_id, told, adviser)
        whole = (100.0, 100.0) if whole_of(adviser) else promised
        asked = partial(realized_size, units, changed=changed, step_s=STEP_S, promised=whole)
        daily = adviser == "schedule_hours"
        outcome = asked(busy, look.equals(one.resource_id, "gpu_utilization_pct"), daily=daily)
        judge(tally, adviser, outcome, None if whole_of(adviser) else asked(busy * moved, [], daily=daily))
    elif measure_of(adviser) is not None:
        measure = metric_of(adviser)
        row = look.row(one.resource_id, measure.metric)
        assert row is not None
        held = slice(look.at.row(one.start), changed)
        told_of = partial(realized, cause_rows=held, changed=changed, step_s=STEP_S, measure=measure, promised=promised)
        judge(tally, adviser, told_of(row, look.equals(one.resource_id, measure.metric), None),
              told_of(row * moved, [], moved))  # fmt: skip


def queueing(look: Measure, tally: Tally) -> None:
    """Services that queue by themselves: the simulator gives them the replicas that are advised."""
    hit = {incident.resource_id for incident in look.fleet.incidents}
    for member in look.fleet.members:
        if member.type not in ("endpoint", "ai-service") or member.resource_id in hit:
            continue
        told = look.advice(member.resource_id, "add_replicas")
        if told is None or told.estimate is None or told.plan is None:
            continue
        more = round(told.plan.to)
        before, after, waited = replicas_added(look, member, more)
        note(tally, "add_replicas", told.estimate, 100 * (1 - float(after[waited].mean() / before[waited].mean())))


def replicas_added(look: Measure, member: Member, more: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Time to answer before and after, and where half of it was the wait, in the day before the advice."""
    number = (GIVEN.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
    load = np.concatenate([loads([member], seed=look.fleet.seed, day=day, steps=288)
                           for day in (number - 1, number)], axis=1)  # fmt: skip
    load = load[:, GIVEN.hour * 12 : GIVEN.hour * 12 + 288]
    was = sensors(member.type, [member], load)
    now = sensors(member.type, [replace(member, replicas=more)], load * member.replicas / more)
    waited = was["queue_time_ms"][0] >= 0.5 * was["response_time_ms"][0]
    return was["response_time_ms"][0], now["response_time_ms"][0], waited


def report(tally: Tally) -> bool:
    """Prints the table; whether every bound is kept."""
    out = sys.stdout.write
    out(f"\n{'adviser':14} given  holds the effect  width / middle  ledger asked  says kept   missed\n")
    for name in sorted(tally.given):
        n, asked = tally.given[name], tally.judged[name]
        width = float(np.median(tally.widths.get(name, [np.nan])))
        said = f"{tally.kept[name] / asked:9.2f}" if asked else f"{'-':>9}"
        out(
            f"{name:14} {n:5} {tally.true[name] / n:17.2f} {width:15.2f} {asked:13} {said}   "
            f"{'; '.join(tally.missed.get(name, [])[:3])}\n"
        )
    lowest = min(tally.true[name] / n for name, n in tally.given.items())
    kept = min(tally.kept[name] / n for name, n in tally.judged.items())
    silent = sorted(set(EFFECTS) - set(tally.given))
    unknown = tally.unknown / max(1, tally.lonely)
    out("\n## reached\n")
    results = (
        (not silent, f"every adviser that promises a number was heard; not: {', '.join(silent) or 'none'}"),
        (lowest >= KEPT, f"the promised interval holds the true effect in {lowest:.1%} or more of each adviser (85 %)"),
        (kept >= KEPT, f"the ledger finds the promise kept in {kept:.1%} or more of each adviser (85 %)"),
        (unknown == 1, f"'cannot tell' in {unknown:.1%} where load moved by 40 % without equals"),
    )
    for reached, text in results:
        out(f"{'yes' if reached else 'NO '} {text}\n")
    return all(reached for reached, _ in results)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    args = parser.parse_args()
    tally = Tally()
    for seed in range(1, args.seeds + 1):
        look, planted = seen(seed)
        for trial, one in planted:
            told = look.advice(one.resource_id, trial.adviser)
            if told is None or told.estimate is None:
                continue
            effect = EFFECTS[trial.adviser](look, one, told, trial.adviser)
            if effect is not None:
                note(tally, trial.adviser, told.estimate, effect)
                ledger(look, one, told, trial.adviser, tally)
        queueing(look, tally)
        sys.stderr.write(f"seed {seed}\n")
    sys.exit(0 if report(tally) else 1)


if __name__ == "__main__":
    main()
