"""What scoring the last day of 10,000 series costs, against the bare rolling medians that it cannot do without.

    python benchmarks/anomaly_speed.py [--series 10000]

Series of 21 days by quarters of an hour, 20 metrics a resource, in memory. The peer in the same run: one rolling median
and one rolling MAD of seven days of each series by Polars.
"""

import argparse
import resource
import sys
import time
from datetime import UTC, datetime

import numpy as np
import polars as pl

from plimsoll.analysis.anomalies.analyse import analyse
from plimsoll.analysis.anomalies.detectors import DEFAULT
from plimsoll.analysis.grid import Grid, Series

DAYS, PER_DAY, METRICS = 21, 96, 20
MOST_S, MOST_BYTES = 60.0, 2 * 1024**3


def fleet(series: int) -> Grid:
    """A daily rhythm, noise, a level of its own each."""
    rng = np.random.default_rng(1)
    t = np.arange(DAYS * PER_DAY, dtype=np.float32) / PER_DAY
    rhythm = 50 + 10 * np.sin(2 * np.pi * t)
    values = np.empty((series, len(t)), np.float32)
    for n in range(series):
        values[n] = rhythm * (1 + n % 7 / 10) + rng.standard_normal(len(t), dtype=np.float32)
    names = tuple(Series(f"r{n // METRICS:05}", "", f"m{n % METRICS:02}") for n in range(series))
    return Grid(names, values, datetime(2026, 1, 1, tzinfo=UTC), 86_400 / PER_DAY)


def bare(grid: Grid) -> float:
    """Seconds for one rolling median and MAD of each series."""
    began = time.perf_counter()
    for begin in range(0, len(grid.series), 256):
        frame = pl.DataFrame({str(n): row for n, row in enumerate(grid.doubles(slice(begin, begin + 256)))})
        middle = frame.select(pl.all().rolling_median(7 * PER_DAY, min_samples=24))
        (frame - middle).select(pl.all().abs().rolling_median(7 * PER_DAY, min_samples=24))
    return time.perf_counter() - began


def main() -> None:
    """Prints seconds, ratio and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000)
    args = parser.parse_args()
    grid = fleet(args.series)
    peer = bare(grid)
    began = time.perf_counter()
    looked = analyse(grid, names=DEFAULT, classes={}, most_per_resource_week=1.0, at_least_s=86_400)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    out = sys.stdout.write
    days = (grid.rows - round((looked.since - grid.start).total_seconds() / grid.step_s)) / PER_DAY
    out(f"## {args.series} series of {DAYS} days, last {days:.2g} days scored by {', '.join(DEFAULT)}\n")
    out(f"scored in {seconds:.1f} s, {seconds / peer:.1f} x bare rolling median and MAD ({peer:.1f} s)\n")
    out(f"peak memory {peak / 1e6:.0f} MB, findings {len(looked.findings)}\n")
    scaled = seconds * 10_000 / args.series
    out(f"{'yes' if scaled <= MOST_S else 'NO '} {scaled:.0f} s for 10,000 series (60)\n")
    out(f"{'yes' if peak <= MOST_BYTES else 'NO '} {peak / 1e6:.0f} MB (2147)\n")


if __name__ == "__main__":
    main()
