"""The lake's speed and size, each against something measured in the same run.

python benchmarks/lake_speed.py            the whole table (about ten minutes, 3 GB)
python benchmarks/lake_speed.py --quick    a tenth of the data
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from plimsoll.analysis.grouped_quantiles import Runs, begins
from plimsoll.lake import Lake, as_stored
from plimsoll.lake.format.encoding import encode_segment
from plimsoll.metrics import CATALOGUE
from plimsoll.simulator import Fleet
from plimsoll.tables import SAMPLES

START = datetime(2026, 1, 5, tzinfo=UTC)
METRICS = (
    "cpu_utilization_pct",
    "memory_utilization_pct",
    "load_average_count",
    "disk_busy_pct",
    "disk_read_bytes_per_s",
    "disk_write_bytes_per_s",
    "network_receive_bits_per_s",
    "network_transmit_bits_per_s",
    "memory_used_bytes",
    "storage_used_bytes",
    "gpu_utilization_pct",
    "gpu_memory_utilization_pct",
    "gpu_temperature_c",
    "gpu_power_w",
)


def fleet_day(resources: int, day: int, *, step_s: int = 30, seed: int = 1) -> pl.DataFrame:
    """One day of readings: daily waves, noise, jittered stamps; half of the fleet has no GPU."""
    chance = np.random.default_rng(seed + day)
    steps = 86_400 // step_s
    seconds = np.arange(steps) * step_s
    frames: list[pl.DataFrame] = []
    for n in range(resources):
        jitter_ms = chance.integers(0, 200, steps)
        at = (START + timedelta(days=day)).timestamp() * 1000 + seconds * 1000 + jitter_ms
        wave = 0.5 + 0.3 * np.sin(seconds / 86_400 * 2 * np.pi + n)
        columns: dict[str, object] = {"ts": at.astype(np.int64), "resource_id": [f"r{n:05d}"] * steps}
        for metric in METRICS:
            if metric.startswith("gpu_") and n % 2:
                columns[metric] = [None] * steps
                continue
            columns[metric] = _series(chance, metric, wave)
        frames.append(pl.DataFrame(columns, schema_overrides=dict.fromkeys(METRICS, pl.Float64)))
    whole = pl.concat(frames).with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")), device=pl.lit(""))
    return whole.with_columns(source=pl.lit("host"))


def _series(chance: np.random.Generator, metric: str, wave: np.ndarray) -> np.ndarray:
    noise = chance.normal(0, 1, len(wave))
    if metric.endswith("_per_s"):
        return np.exp(17 + 2 * wave + 0.8 * noise)
    if metric.endswith("_bytes"):
        return np.round(1e11 * (0.4 + 0.1 * wave) + 1e7 * noise.cumsum() / 50)
    if metric.endswith("_c"):
        return np.round(45 + 30 * wave + noise)
    scale = 400.0 if metric.endswith("_w") else 100.0
    return np.round(np.clip(scale * (wave + 0.05 * noise), 0, scale), 1 if scale == 100.0 else 0)


def cpu_s(work: Callable[[], object], repeats: int = 5) -> float:
    """The median of the CPU seconds of several runs; the first one warms up."""
    spent: list[float] = []
    for _ in range(repeats + 1):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return statistics.median(spent[1:])


def wall_ms(work: Callable[[], object], repeats: int) -> float:
    """The median wall time of several runs, in ms."""
    spent: list[float] = []
    for _ in range(repeats):
        before = time.perf_counter()
        work()
        spent.append(time.perf_counter() - before)
    return 1000 * statistics.median(spent)


def append_ratio(folder: Path) -> tuple[str, float]:
    """A durable append of 1,000 rows against writing, syncing and renaming the same bytes."""
    lake, frame = Lake(folder / "append"), fleet_day(10, 0, step_s=864)
    data, _ = encode_segment(as_stored(SAMPLES, frame, complete=False))
    count = iter(range(10**6))

    def floor() -> None:
        path = folder / "floor" / f"{next(count)}.bin"
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path.with_suffix(".tmp"), os.O_WRONLY | os.O_CREAT)
        os.write(descriptor, data)
        os.fsync(descriptor)
        os.close(descriptor)
        path.with_suffix(".tmp").rename(path)
        within = os.open(path.parent, os.O_RDONLY)
        os.fsync(within)
        os.close(within)

    ratios = [wall_ms(lambda: lake.append(SAMPLES, frame, collector="b"), 40) / wall_ms(floor, 40) for _ in range(5)]
    return f"append of {frame.height} rows / the same bytes, synced and renamed", statistics.median(ratios)


def reading_ratios(folder: Path, resources: int) -> list[tuple[str, float]]:
    """One resource's day against the bare decode of its row groups; with 64 open segments against compacted."""
    whole, end = fleet_day(resources, 0), START + timedelta(days=1)
    recent = pl.col("ts") >= end - timedelta(minutes=32)
    lakes = {name: Lake(folder / name) for name in ("compacted", "32 open", "64 open", "64 late")}
    for name, lake in lakes.items():
        count = int(name[:2]) if name != "compacted" else 0
        lake.append(SAMPLES, whole.filter(~recent) if name.endswith("open") else whole, collector="b")
        lake.compact(now=START)
        for n in range(count):
            part = whole.filter(recent, pl.col("ts").dt.epoch("s") // 30 % count == n)
            lake.append(SAMPLES, part, collector="b")
    file = lakes["compacted"].snapshot(proven=False).manifest.of("samples")["2026-01-05"]
    path = lakes["compacted"].root / "samples" / file.name
    wanted = f"r{resources // 2:05d}"
    columns = ["ts", "resource_id", *METRICS]

    def bare() -> pl.DataFrame:
        return pl.scan_parquet(path, glob=False).filter(pl.col("resource_id") == wanted).select(columns).collect()

    def day_of(lake: Lake) -> pl.DataFrame:
        rows = lake.snapshot(proven=False).scan(SAMPLES, start=START, end=end, columns=columns, resource_ids=[wanted])
        return rows.collect()

    assert {bare().height, *(day_of(lake).height for lake in lakes.values())} == {2880}
    works: list[Callable[[], object]] = [bare, *(partial(day_of, lake) for lake in lakes.values())]
    works += [lambda: day_of(Lake(lakes["64 open"].root))]
    rounds = [[wall_ms(work, 20) for work in works] for _ in range(5)]
    told = (
        ("24 h of one resource / bare decode of its row groups", 1, 0),
        ("the same with 32 open segments (what the schedule lets come) / compacted", 2, 1),
        ("the same with 64 open segments / compacted", 3, 1),
        ("the same with 64 segments of late data over it / compacted", 4, 1),
        ("the first look of a process at 64 open segments / compacted", 5, 1),
    )
    return [(what, statistics.median(times[n] / times[of] for times in rounds)) for what, n, of in told]


def sizes(folder: Path, resources: int) -> list[tuple[str, float]]:
    """Bytes of a compacted day for each reading, of its rollups for each hour and metric."""
    plain = Lake(folder / "plain")
    whole = fleet_day(resources, 0)
    plain.append(SAMPLES, whole, collector="b")
    plain.compact(now=START)
    held = plain.snapshot(proven=False).manifest.of("samples")[START.date().isoformat()].bytes
    until = START + timedelta(days=1)
    lake = Lake(folder / "sizes")
    lake.append(
        SAMPLES, Fleet.build(resources=resources, days=1, until=until, interval_s=30).day(START.date()), collector="b"
    )
    lake.compact(now=until)
    lake.roll_up(now=until)
    snapshot = lake.snapshot(proven=False)
    (name,) = snapshot.partitions("hours")
    hours = snapshot.derived("hours", name)
    assert hours is not None
    compacted = snapshot.manifest.of("samples")[START.date().isoformat()].bytes
    files = [path for kind in ("hours", "hour_buckets") for path in (lake.root / "derived" / kind).iterdir()]
    return [
        ("bytes / reading, compacted (14 metrics, 30 s)", held / sum(whole[metric].count() for metric in METRICS)),
        ("bytes / reading, compacted (the demo's fleet, 30 s)", compacted / float(hours["count"].sum())),
        ("bytes / hour and metric, rolled up", sum(path.stat().st_size for path in files) / hours.height),
    ]


def rolled_up(day: pl.LazyFrame) -> None:
    """The mean and p95 of three metrics in each quarter of an hour; only the flags of the keys are kept."""
    keys = pl.col("resource_id"), pl.col("device"), pl.col("ts").dt.epoch("ms") // 900_000
    frame = day.select(*METRICS[:3], begins=begins(*keys)).collect()
    runs = Runs.where(frame["begins"])
    for metric in METRICS[:3]:
        values = frame[metric].to_numpy()
        assert len(runs.mean(values)) == len(runs.quantile(values, 0.95)) > 0


def rollup_child(part: str, root: str, days: int) -> None:
    """Prints CPU seconds and peak memory in MiB of the bare decode, or of the 15-minute rollup."""
    lake, columns = Lake(Path(root)), ["ts", "resource_id", "device", *METRICS[:3]]
    snapshot = lake.snapshot(proven=False)
    before = time.process_time()
    if part == "decode":
        for file in list(snapshot.manifest.of("samples").values())[:days]:
            pl.scan_parquet(lake.root / "samples" / file.name, glob=False).select(columns).collect()
    else:
        for day in snapshot.days(SAMPLES)[:days]:
            rolled_up(snapshot.day(SAMPLES, day, columns))
    spent = time.process_time() - before
    peak = float(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024
    sys.stdout.write(f"{spent} {peak}\n")


def rollup_ratios(folder: Path, resources: int, days: int) -> list[tuple[str, float]]:
    """The exact 15-minute rollup of a week against the decode of its columns; memory over one and four weeks."""
    lake = Lake(folder / "rollup")
    for day in range(days):
        lake.append(SAMPLES, fleet_day(resources, day), collector="b")
        lake.compact(now=START, grace_s=0.0)

    def child(part: str, count: int) -> list[float]:
        """A process of its own each time: neither finds the other's memory, warm or full."""
        command = [sys.executable, __file__, "--child", part, str(lake.root), str(count)]
        told = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(5)]
        return [statistics.median(float(line.split()[n]) for line in told) for n in range(2)]

    part = max(1, days // 4)
    decode, week, whole = child("decode", part), child("rollup", part), child("rollup", days)
    return [
        (f"15-min mean and p95 of {resources} x {part} d / decode of its columns", week[0] / decode[0]),
        ("peak memory, MiB", week[1]),
        (f"peak memory {days} d / {part} d", whole[1] / week[1]),
    ]


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--child", nargs=3)
    given = parser.parse_args()
    if given.child:
        rollup_child(given.child[0], given.child[1], int(given.child[2]))
        return
    assert all(metric in CATALOGUE for metric in METRICS)
    size = 20 if given.quick else 200
    rows: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as name:
        folder = Path(name)
        rows.append(append_ratio(folder))
        rows += sizes(folder, size)
        rows += reading_ratios(folder, size)
        rows += rollup_ratios(folder, size if given.quick else 1000, 4 if given.quick else 28)
    for what, ratio in rows:
        print(f"{what:<70} {ratio:8.2f}")


if __name__ == "__main__":
    main()
