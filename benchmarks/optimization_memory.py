"""How much memory the optimization document takes as the fleet grows: four times the resources, how much more?

    python benchmarks/optimization_memory.py [--resources 300] [--times 4]

A lake of three days at ten minutes, with devices, in a temporary folder, compacted. Each document of 24 hours is made
in a process of its own, so that its peak is its own: of the whole fleet, and of a quarter of the same lake.
"""

import argparse
import resource
import sys
import tempfile
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from plimsoll.lake import Lake
from plimsoll.project import Project, builtin_root
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES

UNTIL = datetime(2026, 1, 17, tzinfo=UTC)
DAYS, INTERVAL_S, MOST = 3, 600, 1.5


def write(root: Path, resources: int) -> None:
    """The lake; in a process of its own, so that its memory is not counted."""
    fleet = Fleet.build(resources=resources, days=DAYS, until=UNTIL, interval_s=INTERVAL_S, devices=True)
    lake = Lake(root)
    lake.append(RESOURCES, fleet.resources(), collector="benchmark")
    for day in fleet.dates():
        lake.append(SAMPLES, fleet.day(day), collector="benchmark")
    lake.compact(now=UNTIL, grace_s=0)


def answer(root: Path, resources: int, there: "Connection[tuple[int, int], None]") -> None:
    """Tells how many resources were answered for, and this process's peak in bytes."""
    sources = QueryContext(Lake(root).snapshot(), Project(builtin_root(), builtin_root()).config(), UNTIL)
    asked = tuple(one.resource_id for one in sources.resources()[:resources])
    document, _ = optimization(sources, OptimizationQuery(time_range="24h", resource_ids=asked))
    there.send((len(document.resources), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))


def peak_bytes(root: Path, resources: int) -> int:
    """The peak of a process that answers for so many resources."""
    spawn = get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=answer, args=(root, resources, there))
    process.start()
    there.close()
    answered: tuple[int, int] = here.recv()
    process.join()
    told, peak = answered
    if told != resources:
        raise SystemExit(f"{told} resources were answered for, not {resources}")
    return peak


def main() -> int:
    """Prints both peaks and their ratio; 1 if memory follows the fleet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=300)
    parser.add_argument("--times", type=int, default=4)
    args = parser.parse_args()
    many = args.resources * args.times
    with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
        root = Path(scratch) / "lake"
        writer = get_context("spawn").Process(target=write, args=(root, many))
        writer.start()
        writer.join()
        if writer.exitcode:
            raise SystemExit("the lake could not be written")
        few_bytes, many_bytes = peak_bytes(root, args.resources), peak_bytes(root, many)
    ratio = many_bytes / few_bytes
    print(f"{args.resources} of {many} resources {few_bytes / 2**20:5.0f} MiB")
    print(f"all of them {many_bytes / 2**20:5.0f} MiB, {ratio:.2f} times as much (most: {MOST})")
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())
