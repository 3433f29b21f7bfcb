"""Builders of capacity tests: outlooks drawn by hand, and a small fleet with a known future."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from plimsoll.analysis.capacity.build import Question, capacity
from plimsoll.analysis.capacity.outlook import Ahead
from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.analysis.robust import Floats
from plimsoll.documents.capacity import CapacityDocument, Pool
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource

NOW = datetime(2026, 1, 16, 18, 0, tzinfo=UTC)
SETTINGS = Capacity.model_validate({})
LINES = {
    "gpu": LoadLine.model_validate({"metric": "gpu_utilization_pct", "above": 90.0}),
    "storage": LoadLine.model_validate({"metric": "storage_utilization_pct", "above": 85.0}),
}


def straight(*, now: float, growth: float = 0.0, spread: float = 2.0, withheld: str | None = None) -> Ahead:
    """A straight path of sixty days from `now` with a band of `spread` points to each side."""
    steps = np.arange(1, 61, dtype=np.float64)
    path: Floats = np.full(60, np.nan) if withheld else np.asarray(now + growth * steps, dtype=np.float64)
    return Ahead(
        history=np.full(30, now),
        path=path,
        low=np.subtract(path, spread),
        high=np.add(path, spread),
        method="profile + Theil-Sen",
        growth_per_day=growth or None,
        skill=0.3,
        coverage=0.8,
        tried=(),
        withheld=withheld,
    )


def gpus(
    name: str,
    *,
    region: str = "r",
    model: str = "h100",
    count: float = 8,
    price: float | None = None,
    kind: str = "cluster",
) -> Resource:
    """A machine with GPUs."""
    return Resource(
        resource_id=name,
        name=name,
        type=kind,
        region=region,
        labels={"gpu_model": model},
        gpu_count=count,
        cpu_count=64.0,
        price_usd_per_h=price,
    )


def hourly(levels: Mapping[str, Floats], metric: str = "gpu_utilization_pct") -> pl.DataFrame:
    """Readings of whole resources, one an hour up to NOW; NaN is a gap."""
    frames = [
        pl.DataFrame(
            {
                "ts": [NOW - timedelta(hours=len(row) - hour) for hour in range(len(row))],
                "resource_id": name,
                "device": "",
                metric: row,
            }
        )
        .with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")))
        .filter(pl.col(metric).is_not_nan())
        for name, row in levels.items()
    ]
    return pl.concat(frames)


def rising(start: float, a_day: float, *, days: int = 30, seed: int = 1) -> Floats:
    """A daily rhythm and noise over a straight rise."""
    t = np.arange(days * 24, dtype=np.float64) / 24
    noise = np.random.default_rng(seed).normal(0, 1.0, len(t))
    return np.asarray(start + a_day * t + 4 * np.sin(2 * np.pi * t) + noise, dtype=np.float64)


def review(
    readings: pl.DataFrame, resources: list[Resource], *, settings: Capacity = SETTINGS, **question: object
) -> CapacityDocument:
    """The document of a small fleet as of NOW."""
    frame = readings.lazy()
    for metric in ("gpu_utilization_pct", "cpu_utilization_pct", "storage_utilization_pct"):
        if metric not in readings.columns:
            frame = frame.with_columns(pl.lit(None, pl.Float64).alias(metric))
    asked = Question(as_of=NOW, zone=ZoneInfo("UTC"), fleet="test fleet", **question)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    document, _ = capacity(frame, resources, question=asked, lines=LINES, settings=settings)
    return document


def only_pool(document: CapacityDocument) -> Pool:
    """The one pool of a document."""
    (pool,) = document.pools
    return pool
