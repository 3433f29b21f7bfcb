"""Whether advice keeps its word, and whether the outcome ledger says so rightly.

    python benchmarks/outcome_quality.py [--seeds 30]

Simulated fleets of 18 days, one a seed. In each a training job starves, a cluster is too hot and a volume is slow, for
half a day each, in a size drawn by chance; advice is given at the end of that, and the simulator applies it an hour
later: the fault is gone. Promised interval against the true effect (the same fleet with and without the fault, same
hours), and what the ledger says two days later, by difference in differences, against the promise and the truth.
"""

import argparse
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np

from benchmarks.bottleneck_quality import STEP_S, case_at, read
from plimsoll.analysis.anomalies.grid import Grid
from plimsoll.analysis.optimization.outcomes import MEASURES, realised
from plimsoll.analysis.optimization.sweep import sweep
from plimsoll.analysis.robust import Floats
from plimsoll.inventory import resources_at
from plimsoll.simulator import Fleet, Incident

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAYS = 18
GIVEN = UNTIL - timedelta(hours=50)
APPLIED = GIVEN + timedelta(hours=1)
LASTED = timedelta(hours=12)
KINDS = {"input_starvation": ("training", "fix_input"), "thermal_throttling": ("cluster", "cool"),
         "slow_disk": ("storage", "faster_disk")}  # fmt: skip
KEPT = 0.85


def fleet_of(seed: int) -> tuple[Fleet, list[Incident]]:
    """A fleet with one incident of each kind, and the incidents."""
    empty = Fleet.build(resources=48, days=DAYS, seed=seed, until=UNTIL, interval_s=STEP_S, incidents=())
    chance = np.random.default_rng(seed)
    planted: list[Incident] = []
    for kind, (type_, _) in KINDS.items():
        members = [m.resource_id for m in empty.members if m.type == type_]
        size = float(chance.uniform(0.4, 1.1))
        start = APPLIED - LASTED
        planted.append(
            Incident(kind=kind, resource_id=str(chance.choice(members)), start=start, end=APPLIED, size=size)
        )
    return replace(empty, incidents=tuple(planted)), planted


def row_of(at: Grid, resource_id: str, metric: str) -> Floats | None:
    """One metric of one resource as a whole."""
    for n, one in enumerate(at.series):
        if (one.resource_id, one.metric, one.device) == (resource_id, metric, ""):
            row: Floats = at.doubles(slice(n, n + 1))[0]
            return row
    return None


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    args = parser.parse_args()
    given, true, right, near = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    unknown = lonely = 0
    for seed in range(1, args.seeds + 1):
        fleet, planted = fleet_of(seed)
        at, without = read(fleet), read(replace(fleet, incidents=()))
        index: dict[str, list[int]] = {}
        for n, one in enumerate(at.series):
            index.setdefault(one.resource_id, []).append(n)
        resources = {r.resource_id: r for r in resources_at(fleet.resources())}
        for incident in planted:
            type_, adviser = KINDS[incident.kind]
            advice = sweep(case_at(at, index, resources[incident.resource_id], GIVEN)).advice
            told = next((one for one in advice if one.adviser == adviser and one.estimate), None)
            if told is None or told.estimate is None:
                continue
            measure = MEASURES[adviser]
            row, bare = (row_of(g, incident.resource_id, measure.metric) for g in (at, without))
            assert row is not None
            assert bare is not None
            held = slice(at.row(incident.start), at.row(APPLIED))
            effect = measure.sign * 100 * (float(np.nanmean(bare[held]) / np.nanmean(row[held])) - 1)
            given[adviser] += 1
            true[adviser] += told.estimate.low <= effect <= told.estimate.high
            peers = [
                found
                for other in resources.values()
                if other.type == type_
                and other.resource_id not in {i.resource_id for i in planted}
                and (found := row_of(at, other.resource_id, measure.metric)) is not None
            ]
            promised = (told.estimate.low, told.estimate.high)

            asked = partial(
                realised, held=held, changed=at.row(APPLIED), step_s=STEP_S, measure=measure, promised=promised
            )
            outcome = asked(row, peers, None)
            right[adviser] += outcome.state == "kept"
            near[adviser] += outcome.value is not None and abs(outcome.value - effect) <= max(5.0, 0.15 * abs(effect))
            moved = np.where(np.arange(len(row)) >= at.row(APPLIED), 1.4, 1.0)
            lonely += 1
            unknown += asked(row * moved, [], moved).state == "cannot tell"
        sys.stdout.write(f"seed {seed}\n")
        sys.stdout.flush()
    _print(given, true, right, near, unknown / lonely)


def _print(given: Counter[str], true: Counter[str], right: Counter[str], near: Counter[str], unknown: float) -> None:
    out = sys.stdout.write
    out(f"\n{'adviser':14} given  holds the truth  ledger says kept  ledger near the truth\n")
    for name in sorted(given):
        n = given[name]
        out(f"{name:14} {n:5} {true[name] / n:16.2f} {right[name] / n:17.2f} {near[name] / n:22.2f}\n")
    total = sum(given.values())
    held, kept = sum(true.values()) / total, sum(right.values()) / total
    out("\n## reached\n")
    out(f"{'yes' if held >= KEPT else 'NO '} the promised interval holds the true effect in {held:.1%} (85 %)\n")
    out(f"{'yes' if kept >= KEPT else 'NO '} the ledger finds the promise kept in {kept:.1%} (85 %)\n")
    out(f"{'yes' if unknown == 1 else 'NO '} 'cannot tell' in {unknown:.1%} where load moved by 40 % without equals\n")


if __name__ == "__main__":
    main()
