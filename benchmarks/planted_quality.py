"""Whether planted incidents are found, and how much is said that was not planted.

    python benchmarks/planted_quality.py [--seeds 30] [--resources 200]

Simulated fleets of 28 days, one a seed, read every five minutes, analyzed by quarters of an hour over the last two
thirds of their history (incidents are planted there). An incident is found if a finding of the shipped detectors
overlaps it on its resource; a finding that overlaps none (twelve hours of recovery allowed) is false.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from plimsoll.analysis.anomalies import straggler
from plimsoll.analysis.anomalies.analyse import first_row
from plimsoll.analysis.anomalies.contract import Finding, Look
from plimsoll.analysis.anomalies.detectors import DEFAULT, DETECTORS
from plimsoll.analysis.anomalies.scores import ALARM
from plimsoll.analysis.grid import Grid, grid
from plimsoll.metrics import CATALOGUE
from plimsoll.simulator import Fleet

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAYS, INTERVAL_S, STEP_S = 28, 300, 900
JUDGED_S = DAYS * 2 / 3 * 86_400
RECOVERY = timedelta(hours=12)
AT_LEAST_FOUND, MOST_FALSE = 0.95, 0.5


def read(fleet: Fleet) -> Grid:
    """The fleet's readings on the analysis grid, as the shipped answer reads them."""
    frames = {day: fleet.day(day).lazy() for day in fleet.dates()}
    first = frames[fleet.dates()[1]].collect()
    metrics = [name for name in CATALOGUE if name in first.columns and first[name].null_count() < first.height]

    def scan(start: datetime, end: datetime) -> pl.LazyFrame:
        touched = [frame for day, frame in frames.items() if start.date() <= day <= end.date()]
        return pl.concat(touched).filter(pl.col("ts") >= start, pl.col("ts") < end)

    window = {"start": fleet.since, "end": fleet.until}
    devices = [(m.resource_id, f"gpu{n}") for m in fleet.members if m.type == "cluster" for n in range(m.gpu_count)]
    whole = grid(scan, [(m.resource_id, "") for m in fleet.members], metrics, step_s=STEP_S, **window)
    return whole.joined(grid(scan, devices, straggler.METRICS, step_s=STEP_S, **window))


def main() -> None:
    """Prints the table; ends with 1 if a figure is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--resources", type=int, default=200)
    args = parser.parse_args()
    planted, found, false = Counter[str](), Counter[str](), Counter[str]()
    weeks = 0.0
    for seed in range(1, args.seeds + 1):
        fleet = Fleet.build(resources=args.resources, days=DAYS, seed=seed, until=UNTIL, interval_s=INTERVAL_S)
        at = read(fleet)
        since = first_row(at, at_least_s=JUDGED_S)
        look = Look(since=since, alarm=ALARM, classes={m.resource_id: m.type for m in fleet.members})
        said = [finding for name in DEFAULT for finding in DETECTORS[name](at, look)]
        _count(fleet, said, planted, found, false)
        weeks += args.resources * (at.rows - since) * STEP_S / 604_800
        sys.stdout.write(f"seed {seed}: {len(fleet.incidents)} planted, {len(said)} findings\n")
        sys.stdout.flush()
    _print(planted, found, false, weeks)


def _count(
    fleet: Fleet, said: Sequence[Finding], planted: Counter[str], found: Counter[str], false: Counter[str]
) -> None:
    for incident in fleet.incidents:
        planted[incident.kind] += 1
        found[incident.kind] += any(
            one.resource_id == incident.resource_id
            and one.start < incident.end + timedelta(hours=1)
            and (one.end or UNTIL) >= incident.start
            for one in said
        )
    for one in said:
        false[one.detector] += not any(
            one.resource_id == incident.resource_id
            and one.start < incident.end + RECOVERY
            and (one.end or UNTIL) >= incident.start - timedelta(hours=1)
            for incident in fleet.incidents
        )


def _print(planted: Counter[str], found: Counter[str], false: Counter[str], weeks: float) -> None:
    out = sys.stdout.write
    out("\n## planted incidents found\n")
    for kind in sorted(planted):
        out(f"{kind:22} {found[kind]:4} of {planted[kind]:4}  {found[kind] / planted[kind]:.3f}\n")
    out("\n## said without an incident, a resource and week\n")
    for detector, count in sorted(false.items()):
        out(f"{detector:22} {count / weeks:.3f}\n")
    share = min(found[kind] / planted[kind] for kind in planted)
    rate = sum(false.values()) / weeks
    out("\n## reached\n")
    out(f"{'yes' if share >= AT_LEAST_FOUND else 'NO '} every kind found in {share:.1%} or more (95 %)\n")
    out(f"{'yes' if rate <= MOST_FALSE else 'NO '} {rate:.3f} false a resource and week (0.5)\n")


if __name__ == "__main__":
    main()
