"""What all rules and advisers cost over 1,000 resources and 24 hours, against the bare decode of the columns read.

    python benchmarks/rules_speed.py [--resources 1000] [--interval 30]

CPU seconds of both, in one run; the lake is a temporary folder, compacted.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.lake import Lake
from plimsoll.project import Project, builtin_root
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.optimization import windows as cases
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES

UNTIL = datetime(2026, 1, 17, tzinfo=UTC)


def write(root: Path, resources: int, interval_s: int) -> None:
    """The lake of one day."""
    fleet = Fleet.build(resources=resources, days=1, until=UNTIL, interval_s=interval_s, devices=False)
    lake = Lake(root)
    lake.append(RESOURCES, fleet.resources(), collector="benchmark")
    for day in fleet.dates():
        lake.append(SAMPLES, fleet.day(day), collector="benchmark")
    lake.compact(now=UNTIL, grace_s=0)


def decode(sources: QueryContext) -> None:
    """Every row of the columns that some rule reads."""
    columns = sorted({metric for rule in rules().values() for metric in rule.reads})
    start = UNTIL - timedelta(days=1)
    keys = ("ts", "resource_id", "device")
    sources.snapshot.scan(SAMPLES, start=start, end=UNTIL, columns=(*keys, *columns)).collect()


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of all threads, the better of two runs."""
    took: list[float] = []
    for _ in range(2):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def main() -> None:
    """Prints CPU seconds and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=30)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
        root = Path(scratch) / "lake"
        writer = get_context("spawn").Process(target=write, args=(root, args.resources, args.interval))
        writer.start()
        writer.join()
        if writer.exitcode:
            raise SystemExit("the lake could not be written")
        sources = QueryContext(Lake(root).snapshot(), Project(builtin_root(), builtin_root()).config(), UNTIL)
        query = OptimizationQuery(time_range="24h")
        bare = cpu_s(lambda: decode(sources))
        ready = list(cases(sources, query))
        swept = cpu_s(lambda: [assess(case) for case in ready])
        whole = cpu_s(lambda: optimization(sources, query))
    print(f"{args.resources} resources x 24 h every {args.interval} s, {len(rules())} rules")
    print(f"bare decode of the columns read      {bare:7.2f} CPU s")
    print(f"rules and advisers alone             {swept:7.2f} CPU s, {swept / bare:5.2f} times the decode")
    print(f"the whole optimization document      {whole:7.2f} CPU s, {whole / bare:5.2f} times the decode")


if __name__ == "__main__":
    main()
