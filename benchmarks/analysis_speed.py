"""What the daily analysis costs, against the bare decode of the columns that it reads.

    python benchmarks/analysis_speed.py [--resources 1000] [--interval 30]

A simulated fleet of seven days is written to a lake in a temporary folder and compacted; the grid of six of them is
kept. Then, in one run and in processor seconds, those of other processes included: the bare decode of the columns by
Polars (every day file, nothing done with it), and the work of the new day: its grid is kept; residuals, p-values,
forest, incidents of the last day; the baselines. `--first` keeps nothing before: the first analysis of a lake.
"""

import argparse
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from plimsoll.lake import Lake
from plimsoll.project import Project, builtin_root
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies
from plimsoll.queries.baselines import learn
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import known_metrics
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES

UNTIL = datetime(2026, 1, 17, tzinfo=UTC)
DAYS, MOST = 7, 8.0


def write(root: Path, resources: int, interval_s: int, first: bool) -> None:
    """The lake of the fleet; in a process of its own, so that its memory is not counted."""
    fleet = Fleet.build(resources=resources, days=DAYS, until=UNTIL, interval_s=interval_s, devices=False)
    lake = Lake(root)
    lake.append(RESOURCES, fleet.resources(), collector="benchmark")
    for day in fleet.dates():
        lake.append(SAMPLES, fleet.day(day), collector="benchmark")
        lake.compact(now=UNTIL, grace_s=0)
    if not first:
        lake.keep_quarters(now=UNTIL - timedelta(days=1), most=DAYS)


def cpu_s() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def decode(sources: QueryContext) -> float:
    """Processor seconds to read every row of the columns, a day at a time."""
    columns = ("ts", "resource_id", "device", *known_metrics(sources.snapshot, UNTIL, UNTIL)[""])
    began = cpu_s()
    for n in range(DAYS):
        start = UNTIL - timedelta(days=DAYS - n)
        sources.snapshot.scan(SAMPLES, start=start, end=start + timedelta(days=1), columns=columns).collect()
    return cpu_s() - began


def main() -> None:
    """Prints seconds, the ratio and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=30)
    parser.add_argument("--first", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
        root = Path(scratch) / "lake"
        writer = get_context("spawn").Process(target=write, args=(root, args.resources, args.interval, args.first))
        writer.start()
        writer.join()
        began = cpu_s()
        days = Lake(root).keep_quarters(now=UNTIL, most=0 if args.first else DAYS)
        kept = cpu_s() - began
        sources = QueryContext(Lake(root).snapshot(), Project(builtin_root(), builtin_root()).config(), UNTIL)
        bare = decode(sources)
        began = cpu_s()
        document, _ = anomalies(sources, AnomaliesQuery.parse(time_range="24h", granularity="15m"))
        looked = cpu_s() - began
        began = cpu_s()
        series = sum(learnt.usual.height for learnt in learn(sources))
        learning = cpu_s() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    out = sys.stdout.write
    out(f"## {args.resources} resources, {DAYS} days at {args.interval} s, {series} series\n")
    out(f"grid of {days} days kept {kept:.1f} CPU s ({kept / bare:.1f} x)\n")
    out(f"bare decode {bare:.1f} s; anomalies {looked:.1f} s ({looked / bare:.1f} x), {len(document)} resources\n")
    out(f"baselines {learning:.1f} s ({learning / bare:.1f} x); peak memory {peak / 1e6:.0f} MB\n")
    whole = (kept + looked + learning) / bare
    out(f"{'yes' if whole <= MOST else 'NO '} daily analysis {whole:.1f} x the decode of its columns ({MOST:g})\n")


if __name__ == "__main__":
    main()
