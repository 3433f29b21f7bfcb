"""The readings that a performance document is made of, a block of resources at a time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import polars as pl

from plimsoll.clock import Window
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.xid_codes import METRIC as XID
from plimsoll.metrics import DOCUMENT_METRICS

_ALWAYS = (
    *(column for columns in DOCUMENT_METRICS.values() for column in columns),
    "disk_read_operations_per_s",
    "disk_write_operations_per_s",
    "network_latency_ms",
    "probe_success_pct",
    "up_pct",
    XID,
)
BLOCK = 250
KEYS = ("ts", "resource_id", "device", "source")


def columns_read(lines: Iterable[LoadLine]) -> tuple[str, ...]:
    """The columns of `samples` that the document needs, the load lines' metrics included."""
    return tuple(dict.fromkeys((*KEYS, *_ALWAYS, *(line.metric for line in lines))))


def resource_readings(samples: pl.LazyFrame, *, until: datetime) -> pl.DataFrame:
    """The rows of the resources as a whole, not after `until`, in time order for each; numbers as Float64.

    in: `samples` (any order)  out: its columns without device, sorted by (resource_id, ts)
    """
    return (
        samples.filter(pl.col("device") == "", pl.col("ts") <= until)
        .drop("device")
        .with_columns(pl.col(pl.Float32).cast(pl.Float64))
        .sort("resource_id", "ts")
        .collect()
    )


def by_block(
    samples: pl.LazyFrame, resources: Sequence[Resource], *, until: datetime
) -> Iterator[tuple[Sequence[Resource], pl.DataFrame]]:
    """`resource_readings` of some resources at a time: a fleet's readings of a day may not fit into memory."""
    ordered = sorted(resources, key=lambda resource: resource.resource_id)
    for n in range(0, len(ordered), BLOCK):
        block = ordered[n : n + BLOCK]
        ids = [resource.resource_id for resource in block]
        near = pl.col("resource_id").is_between(pl.lit(ids[0]), pl.lit(ids[-1]))  # skips what lies before and after
        yield block, resource_readings(samples.filter(near, pl.col("resource_id").is_in(ids)), until=until)


def read_at(
    samples: pl.LazyFrame, readings: pl.DataFrame, block: Sequence[Resource], *, until: datetime
) -> pl.DataFrame:
    """ts, resource_id, source of every reading of a block; of a resource that has none itself, those of its devices."""
    own = readings.select("ts", "resource_id", "source")
    ids = [r.resource_id for r in block if r.resource_id not in set(own["resource_id"].unique())]
    if not ids:
        return own
    near = pl.col("resource_id").is_between(pl.lit(min(ids)), pl.lit(max(ids)))
    devices = samples.filter(near, pl.col("resource_id").is_in(ids), pl.col("ts") <= until)
    parts = devices.select("ts", "resource_id", "source").unique().collect()
    return pl.concat([own, parts]).sort("resource_id", "ts") if parts.height else own


def gpus_read(samples: pl.LazyFrame, block: Sequence[Resource], *, until: datetime) -> pl.DataFrame:
    """resource_id, device, first, last, n of the readings of each GPU of a block, by (resource_id, device).

    in: `samples` with at least one `gpu_` column, or the answer is empty
    """
    metrics = [name for name in samples.collect_schema().names() if name.startswith("gpu_")]
    ids = [resource.resource_id for resource in block]
    if not metrics or not ids:
        return pl.DataFrame(schema={"resource_id": pl.String, "device": pl.String, "last": pl.Datetime("ms", "UTC")})
    near = pl.col("resource_id").is_between(pl.lit(min(ids)), pl.lit(max(ids)))
    known = pl.any_horizontal(pl.col(metrics).is_not_null())
    ts = pl.col("ts")
    return (
        samples.filter(near, pl.col("resource_id").is_in(ids), pl.col("device") != "", ts <= until, known)
        .group_by("resource_id", "device")
        .agg(ts.min().alias("first"), ts.max().alias("last"), pl.len().alias("n"))
        .sort("resource_id", "device")
        .collect()
    )


def inside(readings: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The readings of the window, each with the start of its point as `point`; sorted as before."""
    step_ms = window.granularity_s * 1000
    start_ms = int(window.start.timestamp() * 1000)
    offset = pl.col("ts").dt.epoch("ms") - start_ms
    return readings.filter(pl.col("ts") >= window.start, pl.col("ts") < window.end).with_columns(
        pl.from_epoch(offset // step_ms * step_ms + start_ms, time_unit="ms").dt.replace_time_zone("UTC").alias("point")
    )


def summed(columns: tuple[str, ...]) -> pl.Expr:
    """The sum of columns in each reading; unknown if one of them is unknown."""
    total = pl.col(columns[0])
    for column in columns[1:]:
        total = total + pl.col(column)
    return total
