"""Grids of tests: a small fleet with a rhythm, noise, and what a test plants in it."""

from datetime import UTC, datetime, timedelta

import numpy as np

from plimsoll.analysis.grid import Grid, Series
from plimsoll.analysis.robust import Floats

START = datetime(2026, 1, 1, tzinfo=UTC)
PER_DAY = 96
METRICS = (
    "cpu_utilization_pct",
    "memory_utilization_pct",
    "gpu_utilization_pct",
    "response_time_ms",
    "throughput_per_s",
    "gpu_temperature_c",
)


def fleet_values(resources: int = 3, days: int = 16, seed: int = 4) -> Floats:
    """[resources, metrics, rows]: a daily rhythm and noise of its own for each."""
    rng = np.random.default_rng(seed)
    t = np.arange(days * PER_DAY) / PER_DAY
    rhythm = 1 + 0.3 * np.sin(2 * np.pi * t)
    level = np.linspace(20, 60, len(METRICS))[None, :, None] * (1 + 0.1 * np.arange(resources))[:, None, None]
    noise = rng.normal(0, 0.02, (resources, len(METRICS), len(t)))
    values: Floats = level * (rhythm[None, None, :] + noise)
    return values


def grid_of(values: Floats, *, names: tuple[str, ...] | None = None, device: str = "") -> Grid:
    """Readings [resources, metrics, rows] as a grid of quarters of an hour."""
    resources = names or tuple(f"r{n}" for n in range(len(values)))
    series = tuple(Series(resource, device, metric) for resource in resources for metric in METRICS[: values.shape[1]])
    return Grid(series, values.reshape(-1, values.shape[2]).astype(np.float32), START, 86_400 / PER_DAY)


def at(day: float) -> datetime:
    """The instant so many days after the start."""
    return START + timedelta(days=day)
