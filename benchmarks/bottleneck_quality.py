"""Whether the rules name the planted cause, and leave healthy resources alone.

    python benchmarks/bottleneck_quality.py [--seeds 30] [--resources 200]

Simulated fleets of 28 days, one a seed. Each planted incident is looked at as of its end (24 hours back, 14 days of
history): its cause should be the resource's first bottleneck, or among the first three. Resources without an incident
in the last four days are looked at as of four instants: any bottleneck accuses them.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from plimsoll.analysis.anomalies.grid import Grid, grid
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.rules.gpu_straggler import METRICS as COMPARED
from plimsoll.analysis.optimization.sweep import sweep
from plimsoll.analysis.robust import Floats
from plimsoll.inventory import Resource, resources_at
from plimsoll.metrics import CATALOGUE
from plimsoll.simulator import Fleet

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAYS, STEP_S, WINDOW, HISTORY = 28, 300, 288, 14 * 288
CALM = timedelta(days=4)
CAUSES = {
    "input_starvation": {"input_starvation"},
    "thermal_throttling": {"thermal_throttling"},
    "memory_leak": {"memory_leak", "memory_pressure"},
    "saturated_queue": {"queueing", "kv_cache_full"},
    "slow_disk": {"slow_disk"},
    "filling_volume": {"volume_filling", "volume_full"},
    "straggler_gpu": {"gpu_straggler"},
    "idle_gpu": {"gpu_idle"},
    "traffic_spike": {"traffic_spike"},
    "silent_source": {"blind"},
}
FIRST, TOP_THREE, ACCUSED = 0.90, 0.98, 0.02


def read(fleet: Fleet) -> Grid:
    """The whole history by five minutes, resources and GPUs."""
    frames = {day: fleet.day(day).lazy() for day in fleet.dates()}
    first = frames[fleet.dates()[1]].collect()
    metrics = [name for name in CATALOGUE if name in first.columns and first[name].null_count() < first.height]

    def scan(start: datetime, end: datetime) -> pl.LazyFrame:
        touched = [frame for day, frame in frames.items() if start.date() <= day <= end.date()]
        return pl.concat(touched).filter(pl.col("ts") >= start, pl.col("ts") < end)

    window = {"start": fleet.since, "end": fleet.until}
    devices = [(m.resource_id, f"gpu{n}") for m in fleet.members if m.type == "cluster" for n in range(m.gpu_count)]
    whole = grid(scan, [(m.resource_id, "") for m in fleet.members], metrics, step_s=STEP_S, **window)
    return whole.joined(grid(scan, devices, COMPARED, step_s=STEP_S, **window))


def case_at(at: Grid, index: Mapping[str, list[int]], resource: Resource, instant: datetime) -> Case:
    """The resource as it would be seen at an instant."""
    end = at.row(instant)
    begin = max(0, end - HISTORY)
    rows: dict[str, Floats] = {}
    devices: dict[tuple[str, str], Floats] = {}
    heard = np.zeros(WINDOW, dtype=np.bool_)
    for n in index.get(resource.resource_id, []):
        series, row = at.series[n], at.doubles(slice(n, n + 1))[0][begin:end]
        if series.device:
            devices[(series.device, series.metric)] = row
        else:
            rows[series.metric] = row
            heard |= ~np.isnan(row[-WINDOW:])
    return Case(resource, rows, WINDOW, STEP_S, float(heard.mean()), devices)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--resources", type=int, default=200)
    args = parser.parse_args()
    planted, first, three, wrong = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    healthy = accused = 0
    for seed in range(1, args.seeds + 1):
        fleet = Fleet.build(resources=args.resources, days=DAYS, seed=seed, until=UNTIL, interval_s=STEP_S)
        at = read(fleet)
        index: dict[str, list[int]] = {}
        for n, one in enumerate(at.series):
            index.setdefault(one.resource_id, []).append(n)
        resources = {r.resource_id: r for r in resources_at(fleet.resources())}
        for incident in fleet.incidents:
            found = sweep(case_at(at, index, resources[incident.resource_id], incident.end)).bottlenecks
            named = [top.rule for top, _ in found[:3]]
            planted[incident.kind] += 1
            first[incident.kind] += bool(named) and named[0] in CAUSES[incident.kind]
            three[incident.kind] += any(name in CAUSES[incident.kind] for name in named)
        for back in (0, 3, 6, 9):
            instant = UNTIL - timedelta(days=back, hours=5 * back)
            for resource_id, resource in resources.items():
                own = [i for i in fleet.incidents if i.resource_id == resource_id]
                if any(i.start < instant and i.end > instant - CALM for i in own):
                    continue
                found = sweep(case_at(at, index, resource, instant)).bottlenecks
                healthy, accused = healthy + 1, accused + bool(found)
                wrong.update(top.rule for top, _ in found)
        sys.stdout.write(f"seed {seed}\n")
        sys.stdout.flush()
    _print(planted, first, three, wrong, accused / healthy)


def _print(planted: Counter[str], first: Counter[str], three: Counter[str], wrong: Counter[str], share: float) -> None:
    out = sys.stdout.write
    out(f"\n{'cause':22} planted  first  in the first three\n")
    for kind in sorted(planted):
        out(f"{kind:22} {planted[kind]:7} {first[kind] / planted[kind]:6.3f} {three[kind] / planted[kind]:8.3f}\n")
    out(f"\nhealthy resources accused {share:.4f}: {dict(wrong.most_common(6))}\n\n## reached\n")
    lowest = min(first[kind] / planted[kind] for kind in planted)
    third = min(three[kind] / planted[kind] for kind in planted)
    out(f"{'yes' if lowest >= FIRST else 'NO '} first bottleneck in {lowest:.1%} or more of each kind (90 %)\n")
    out(f"{'yes' if third >= TOP_THREE else 'NO '} in the first three in {third:.1%} or more (98 %)\n")
    out(f"{'yes' if share <= ACCUSED else 'NO '} {share:.2%} of healthy resources accused (2 %)\n")


if __name__ == "__main__":
    main()
