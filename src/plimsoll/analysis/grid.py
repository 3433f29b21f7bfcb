"""Samples on a regular grid: one row a series, one column a step, NaN where nothing was read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.analysis.robust import Floats

Single: TypeAlias = NDArray[np.float32]
Scan: TypeAlias = Callable[[datetime, datetime], pl.LazyFrame]
_SLICE = timedelta(days=1)


class Series(NamedTuple):
    """Whose readings: one metric of one resource, or of one of its devices."""

    resource_id: str
    device: str
    metric: str


@dataclass(frozen=True, slots=True)
class Grid:
    """`values` is [series, rows] in the metrics' units, Float32; row n begins `n * step_s` after `start`."""

    series: tuple[Series, ...]
    values: Single
    start: datetime
    step_s: float

    @property
    def rows(self) -> int:
        """How many steps."""
        return int(self.values.shape[1])

    @property
    def per_day(self) -> float:
        """Steps a day."""
        return 86_400 / self.step_s

    def time(self, row: int) -> datetime:
        """The beginning of a row."""
        return self.start + timedelta(seconds=row * self.step_s)

    def row(self, at: datetime) -> int:
        """The row that an instant falls into, inside the grid."""
        return min(max(int((at - self.start).total_seconds() // self.step_s), 0), self.rows)

    def doubles(self, index: slice) -> Floats:
        """Some series as Float64, for statistics."""
        return self.values[index].astype(np.float64)

    def of_resources(self) -> dict[str, list[int]]:
        """The series of each resource as a whole; those of its devices are left out."""
        found: dict[str, list[int]] = {}
        for n, one in enumerate(self.series):
            if not one.device:
                found.setdefault(one.resource_id, []).append(n)
        return found

    def whole(self) -> "Grid":
        """Without the series of devices."""
        index = [n for n, one in enumerate(self.series) if not one.device]
        if len(index) == len(self.series):
            return self
        return Grid(tuple(self.series[n] for n in index), self.values[index], self.start, self.step_s)

    def ordered(self) -> "Grid":
        """The same series in the order of their names."""
        index = sorted(range(len(self.series)), key=lambda n: self.series[n])
        if index == list(range(len(self.series))):
            return self
        return Grid(tuple(self.series[n] for n in index), self.values[index], self.start, self.step_s)

    def joined(self, other: "Grid") -> "Grid":
        """The series of both; they have the same rows."""
        values = np.concatenate([self.values, other.values])
        return Grid(self.series + other.series, values, self.start, self.step_s)


def grid(
    scan: Scan,
    members: Iterable[tuple[str, str]],
    metrics: Sequence[str],
    *,
    start: datetime,
    end: datetime,
    step_s: float,
) -> Grid:
    """The means of each step, read a UTC day at a time; series without any reading are left out.

    Without members, metrics or readings there is a grid without series, which has its rows all the same.
    in: `scan(from, to)` gives samples with ts, resource_id, device and the metrics; `members` are (resource, device)
    """
    listed = list(members)
    rows = max(1, round((end - start).total_seconds() / step_s))
    if not listed or not metrics:
        return Grid((), np.empty((0, rows), np.float32), start, step_s)
    block = np.full((len(listed), len(metrics), rows), np.nan, np.float32)
    known = pl.DataFrame(
        {
            "resource_id": [resource for resource, _ in listed],
            "device": [device for _, device in listed],
            "member": np.arange(len(listed), dtype=np.int64),
        },
        schema={"resource_id": pl.String, "device": pl.String, "member": pl.Int64},
    )
    begin = start
    while begin < end:
        until = min(_midnight(begin) + _SLICE, end)
        means = _means(scan(begin, until), known, metrics, start=start, step_s=step_s)
        at = means["row"].to_numpy()
        inside = (at >= 0) & (at < rows)
        part = means.select(pl.col(list(metrics)).cast(pl.Float32)).to_numpy()
        block[means["member"].to_numpy()[inside], :, at[inside]] = part[inside]
        begin = until
    flat = block.reshape(-1, rows)
    there = np.flatnonzero(~np.isnan(flat).all(axis=1))
    names = [Series(*listed[n // len(metrics)], metrics[n % len(metrics)]) for n in there.tolist()]
    return Grid(tuple(names), flat[there], start, step_s)


def _midnight(at: datetime) -> datetime:
    """The beginning of the UTC day of an instant."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _means(
    samples: pl.LazyFrame, known: pl.DataFrame, metrics: Sequence[str], *, start: datetime, step_s: float
) -> pl.DataFrame:
    """member, row, and the mean of each metric; a step that two slices share keeps the later half's mean."""
    row = ((pl.col("ts") - pl.lit(start)).dt.total_milliseconds() // round(1000 * step_s)).alias("row")
    return (
        samples.join(known.lazy(), on=("resource_id", "device"), how="inner")
        .group_by("member", row)
        .agg(pl.col(list(metrics)).cast(pl.Float64).mean())
        .sort("member", "row")
        .collect()
    )
