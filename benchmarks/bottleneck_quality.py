"""Whether every rule names its planted cause first, and leaves healthy resources alone.

    nice python benchmarks/bottleneck_quality.py [--seeds 30] [--resources 144]

Simulated fleets of 16 days, one a seed, with every sensor that a rule reads. In each, every fault is planted once on a
resource of its own, and beside it its twin: what looks like the fault and is healthy. Each is looked at as of its end
(24 hours back, 14 days of history). The fault's cause should be the resource's first bottleneck, or among the first
three; any bottleneck accuses a twin, or one of the rest of the fleet, which is looked at as of two instants. Ends with
1 where a bound is missed.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.analysis.bottlenecks.rules.gpu_straggler import METRICS as COMPARED
from plimsoll.analysis.grid import Grid, grid
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource, resources_at
from plimsoll.metrics import CATALOGUE
from plimsoll.simulator import Fleet
from plimsoll.simulator.all_faults import everything, strained
from plimsoll.simulator.incidents import FAULTS

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAYS, STEP_S, WINDOW, HISTORY = 16, 300, 288, 14 * 288
FIRST, TOP_THREE, ACCUSED = 0.90, 0.98, 0.02
CAUSES: Mapping[str, str] = {
    "input_starvation": "input_starvation", "thermal_throttling": "thermal_throttling", "memory_leak": "memory_leak",
    "saturated_queue": "kv_cache_full queueing", "slow_disk": "slow_disk", "filling_volume": "volume_filling",
    "straggler_gpu": "gpu_straggler", "idle_gpu": "gpu_idle", "traffic_spike": "traffic_spike",
    "silent_source": "blind", "hardware_slowdown": "gpu_hardware_slowdown", "power_capped": "gpu_power_capped",
    "ineffective_gpu": "gpu_ineffective", "memory_bandwidth": "gpu_memory_bandwidth", "small_batch": "batch_too_small",
    "host_device_copies": "host_device_transfer", "under_used_gpu": "gpu_under_used",
    "memory_errors": "gpu_memory_errors", "driver_errors": "gpu_driver_errors", "rows_to_remap": "gpu_rows_to_remap",
    "link_errors": "link_errors", "dead_allocation": "dead_allocation", "stranded_gpus": "gpus_stranded",
    "fragmented_gpus": "gpus_fragmented",
    "padded_limits": "padded_limit", "cpu_saturated": "cpu_saturated", "cpu_stolen": "cpu_stolen",
    "cpu_throttled": "cpu_throttled", "memory_pressure": "memory_pressure", "swapping": "swapping",
    "idle_host": "idle_host", "volume_full": "volume_full", "inodes_used_up": "inodes_used_up",
    "disk_saturated": "disk_saturated", "link_saturated": "link_saturated", "network_errors": "network_errors",
    "network_latency": "network_latency", "batching_ineffective": "batching_ineffective",
    "kv_cache_full": "kv_cache_full",
    "overloaded": "queueing", "preemptions": "preemptions", "prefix_cache_unused": "prefix_cache_unused",
    "cold_starts": "cold_starts", "errors": "errors", "slow_answers": "slow_answers",
    "retry_amplification": "retry_amplification", "over_provisioned": "over_provisioned", "quiet_hours": "quiet_hours",
}  # fmt: skip
"""The fault -> the rule that should name it (either, where it depends on what is read).

A rule that is not here has no planted truth, and that is said.
"""


@dataclass
class Tally:
    """How often what was planted was found, by kind; which rules accused the healthy."""

    planted: Counter[str] = field(default_factory=Counter[str])
    first: Counter[str] = field(default_factory=Counter[str])
    three: Counter[str] = field(default_factory=Counter[str])
    instead: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    calm: int = 0
    accused: int = 0
    wrong: Counter[str] = field(default_factory=Counter[str])

    def note(self, kind: str, named: list[str]) -> None:
        """What was named where a fault or a twin was planted."""
        self.planted[kind] += 1
        wanted = CAUSES.get(kind, "").split()
        if not wanted:
            self.first[kind] += bool(named)
            self.instead.update((kind, name) for name in named)
            return
        self.first[kind] += any(name in wanted for name in named[:1])
        self.three[kind] += any(name in wanted for name in named[:3])
        if not any(name in wanted for name in named[:1]):
            self.instead[kind, named[0] if named else "nothing"] += 1

    def share(self, of: Counter[str], kind: str) -> float:
        """Of what was planted of a kind."""
        return of[kind] / self.planted[kind] if self.planted[kind] else float("nan")


def planted(seed: int, resources: int) -> Fleet:
    """A fleet with every fault and every twin once."""
    return everything(resources=resources, days=DAYS, seed=seed, until=UNTIL, interval_s=STEP_S)


def read(fleet: Fleet) -> Grid:
    """The whole history by five minutes, resources and GPUs, in what rules and advisers read."""
    frames = {day: fleet.day(day).lazy() for day in fleet.dates()}
    first = pl.concat([frames[day] for day in fleet.dates()[-2:]]).collect()
    metrics = [name for name in CATALOGUE if name in first.columns and first[name].null_count() < first.height]

    def scan(start: datetime, end: datetime) -> pl.LazyFrame:
        touched = [frame for day, frame in frames.items() if start.date() <= day <= end.date()]
        return pl.concat(touched).filter(pl.col("ts") >= start, pl.col("ts") < end)

    window = {"start": fleet.since, "end": fleet.until}
    devices = [(m.resource_id, f"gpu{n}") for m in fleet.members if m.type == "cluster" for n in range(m.gpu_count)]
    whole = grid(scan, [(m.resource_id, "") for m in fleet.members], metrics, step_s=STEP_S, **window)
    return whole.joined(grid(scan, devices, COMPARED, step_s=STEP_S, **window))


def indexed(at: Grid) -> dict[str, list[int]]:
    """The series of each resource and its devices."""
    index: dict[str, list[int]] = {}
    for n, one in enumerate(at.series):
        index.setdefault(one.resource_id, []).append(n)
    return index


def case_at(at: Grid, index: Mapping[str, list[int]], resource: Resource, instant: datetime) -> ResourceWindow:
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
    return ResourceWindow(resource, rows, WINDOW, STEP_S, float(heard.mean()), devices)


def look(seed: int, resources: int, tally: Tally) -> None:
    """One fleet."""
    fleet = planted(seed, resources)
    at = read(fleet)
    index = indexed(at)
    known = {r.resource_id: r for r in resources_at(fleet.resources())}

    def named(resource_id: str, instant: datetime) -> list[str]:
        return [top.rule for top, _ in assess(case_at(at, index, known[resource_id], instant)).bottlenecks]

    for incident in fleet.incidents:
        tally.note(incident.kind, named(incident.resource_id, incident.end))
    hit = {incident.resource_id for incident in fleet.incidents}
    for resource_id in sorted(known.keys() - hit - strained(fleet)):
        for back in (0, 11):
            found = named(resource_id, UNTIL - timedelta(hours=back))
            tally.calm, tally.accused = tally.calm + 1, tally.accused + bool(found)
            tally.wrong.update(found)


def report(tally: Tally) -> bool:
    """Prints the table; whether every bound is kept."""
    out = sys.stdout.write
    out(f"\n{'planted':22} {'named by':22}    n  first  top 3  twin accused   instead\n")
    for kind, rule in CAUSES.items():
        instead = ", ".join(f"{name} {n}" for (of, name), n in tally.instead.most_common() if of == kind)
        twin = "; twin: " + ", ".join(f"{name} {n}" for (of, name), n in tally.instead.items() if of == f"like {kind}")
        out(
            f"{kind:22} {rule:22} {tally.planted[kind]:4} {tally.share(tally.first, kind):6.3f} "
            f"{tally.share(tally.three, kind):6.3f} {tally.share(tally.first, f'like {kind}'):13.3f}   "
            f"{instead}{twin if not twin.endswith(': ') else ''}\n"
        )
    bare = sorted(set(rules()) - set(" ".join(CAUSES.values()).split()))
    unnamed = sorted(set(FAULTS) - set(CAUSES))
    first = min(tally.share(tally.first, kind) for kind in CAUSES)
    three = min(tally.share(tally.three, kind) for kind in CAUSES)
    twins = [kind for kind in tally.planted if kind not in CAUSES]
    looked = tally.calm + sum(tally.planted[kind] for kind in twins)
    accused = (tally.accused + sum(tally.first[kind] for kind in twins)) / looked
    of_twins = max(tally.share(tally.first, kind) for kind in twins)
    out(f"\nwithout any incident: {tally.accused} of {tally.calm} accused {dict(tally.wrong.most_common(6))}\n")
    out("\n## reached\n")
    kept = (
        (not bare and not unnamed, f"every rule has a planted cause; without: {', '.join(bare + unnamed) or 'none'}"),
        (first >= FIRST, f"first bottleneck in {first:.1%} or more of each kind (90 %)"),
        (three >= TOP_THREE, f"in the first three in {three:.1%} or more of each kind (98 %)"),
        (accused < ACCUSED, f"{accused:.2%} of {looked} healthy looks accused, twins included (2 %)"),
        (of_twins <= 1 - FIRST, f"no kind of twin accused in more than {of_twins:.1%} (10 %)"),
    )
    for reached, text in kept:
        out(f"{'yes' if reached else 'NO '} {text}\n")
    return all(reached for reached, _ in kept)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--resources", type=int, default=144)
    args = parser.parse_args()
    tally = Tally()
    for seed in range(1, args.seeds + 1):
        look(seed, args.resources, tally)
        sys.stderr.write(f"seed {seed}\n")
    sys.exit(0 if report(tally) else 1)


if __name__ == "__main__":
    main()
