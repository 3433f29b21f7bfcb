"""The four executors on the same blocks: wall time against one process, with one thread a task, and what they hold.

    python benchmarks/executors.py [--resources 800] [--repeats 2]

Two processes must be 1.7 times as fast as one or better; two Dask workers must take at most 0.7 of its time. Ray's own
daemons compete with the work on two processors: its ratio is shown without a bound. Start-up is not counted for the
clusters, which exist already; it is for the processes, which do not. The anomaly analysis of hourly steps is the work.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import psutil

os.environ["POLARS_MAX_THREADS"] = "1"  # one thread a task, here as everywhere: set before Polars is imported

from plimsoll.analysis.anomalies.detectors import DEFAULT
from plimsoll.clock import rfc3339
from plimsoll.execution import Execution, Executor, executor
from plimsoll.execution.contract import Item
from plimsoll.execution.processes import Processes
from plimsoll.execution.serial import Serial
from plimsoll.lake import Lake
from plimsoll.project import Project, builtin_root
from plimsoll.queries.blocks import BlockLook, analyse_block
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import known_metrics
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES
from tests.clusters import Cluster, dask_cluster, ray_cluster

UNTIL = datetime(2026, 1, 17, tzinfo=UTC)
DAYS, STEP_S, BLOCK = 4, 1800, 50
FASTER, SHARE = 1.7, 0.7
Start = Callable[[Path], AbstractContextManager[Cluster]]


def items_of(root: Path, resources: int) -> list[Item]:
    """A lake of so many resources, and its blocks."""
    fleet = Fleet.build(resources=resources, days=DAYS, until=UNTIL, interval_s=STEP_S, devices=False)
    lake = Lake(root)
    lake.append(RESOURCES, fleet.resources(), collector="benchmark")
    for day in fleet.dates():
        lake.append(SAMPLES, fleet.day(day), collector="benchmark")
    lake.compact(now=UNTIL, grace_s=0)
    sources = QueryContext(lake.snapshot(), Project(builtin_root(), builtin_root()).config(), UNTIL)
    look = BlockLook(
        end=rfc3339(UNTIL), history_s=DAYS * 86_400, step_s=STEP_S, at_least_s=86_400, detectors=DEFAULT,
        known=known_metrics(sources.snapshot, UNTIL, UNTIL),
    )  # fmt: skip
    known = sorted(sources.resources(), key=lambda one: (one.type, one.resource_id))
    return [(str(root), look.parameters(known[n : n + BLOCK])) for n in range(0, resources, BLOCK)]


def taken(way: Executor, items: Sequence[Item]) -> tuple[float, list[object]]:
    """Seconds for all items, and what came of them."""
    began = time.perf_counter()
    came: list[object] = [one for _, one in way.map(analyse_block, items)]
    return time.perf_counter() - began, came


def resident(pids: Sequence[int]) -> float:
    """MiB that these processes and all their children hold, less what they share."""
    found: set[psutil.Process] = set()
    for pid in pids:
        parent = psutil.Process(pid)
        found |= {parent, *parent.children(recursive=True)}
    return sum(one.memory_full_info().uss for one in found) / 2**20


def line(name: str, ratios: Sequence[float], bound: str, held: float | None) -> None:
    """One row of the table."""
    memory = f"{held:9.0f}" if held is not None else "        –"
    print(f"{name:<12}{statistics.median(ratios):8.2f}{min(ratios):8.2f}{max(ratios):8.2f}  {memory}  {bound}")


def main() -> None:
    """Prints the ratios of wall times, each to a serial run just before it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=800)
    parser.add_argument("--repeats", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
        items = items_of(Path(scratch) / "lake", args.resources)
        taken(Serial(), items[:1])  # imports are paid here
        serial, expected = taken(Serial(), items)
        print(
            f"{args.resources} resources in {len(items)} blocks, {serial:.1f} s in one process, {os.cpu_count()} CPUs"
        )
        print("wall / one process, median     min     max   MiB held  bound")

        def ratios(way: Executor) -> list[float]:
            found: list[float] = []
            taken(way, items[:2])  # workers import once
            for _ in range(args.repeats):
                alone, _ = taken(Serial(), items)
                together, came = taken(way, items)
                assert came == expected, "another result than one process gives"
                found.append(together / alone)
            return found

        line("processes", pair := ratios(Processes(2)), verdict(1 / statistics.median(pair), FASTER), None)
        for name, start in (("dask", dask_cluster), ("ray", ray_cluster)):
            folder = Path(scratch) / name
            folder.mkdir()
            cluster_line(name, start, folder, ratios)


def cluster_line(name: str, start: Start, folder: Path, ratios: Callable[[Executor], list[float]]) -> None:
    """The row of a cluster of two nodes on this machine."""
    if find_spec({"dask": "distributed"}.get(name, name)) is None:
        print(f"{name:<12}not installed")
        return
    with start(folder) as running:
        found = ratios(executor(Execution.model_validate(dict(running.settings)), 2))
        held = resident([node.pid for node in running.nodes])
    middle = statistics.median(found)
    said = f"{'yes' if middle <= SHARE else 'NO '} at most {SHARE}" if name == "dask" else "none"
    line(name, found, said, held)


def verdict(times: float, least: float) -> str:
    """Whether it was as many times as fast as asked."""
    return f"{'yes' if times >= least else 'NO '} {times:.2f} times as fast (at least {least})"


if __name__ == "__main__":
    main()
