"""Each resource against its load lines: which it came closest to, and how that went over the window."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from plimsoll.analysis.performance.readings import by_block, inside
from plimsoll.clock import Window
from plimsoll.documents.headroom import Headroom
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource

_SPARKS_A_CELL = 4
_DRAWN = {
    "resource_id": pl.String,
    "name": pl.String,
    "metric": pl.String,
    "sign": pl.Float64,
    "value": pl.Float64,
    "in_points": pl.Boolean,
}


def standings(
    samples: pl.LazyFrame,
    resources: Sequence[Resource],
    lines: Mapping[str, LoadLine],
    *,
    window: Window,
    as_of: datetime,
) -> list[Headroom]:
    """One standing for each resource, in the order given; the window's points are the cells of the strip."""
    known: dict[str, Headroom] = {}
    for block, readings in by_block(samples, resources, until=as_of):
        known |= _standings(inside(readings, window), block, lines, window)
    nothing = (None,) * window.points
    return [known.get(r.resource_id, Headroom(resource_id=r.resource_id, cells=nothing)) for r in resources]


def _standings(
    readings: pl.DataFrame, resources: Sequence[Resource], lines: Mapping[str, LoadLine], window: Window
) -> dict[str, Headroom]:
    """The standings of the resources that have readings of a metric with a line, by id."""
    drawn = _drawn(resources, lines)
    margins = [
        _against(readings, part, metric)
        .group_by("resource_id", "name")
        .agg(pl.col("over").quantile(0.98, interpolation="linear").alias("margin"))
        for (metric,), part in drawn.partition_by("metric", as_dict=True, maintain_order=True).items()
    ]
    worst = (
        pl.concat(margins or [pl.DataFrame(schema={"resource_id": pl.String, "name": pl.String, "margin": pl.Float64})])
        .sort("resource_id", "margin", "name")
        .group_by("resource_id", maintain_order=True)
        .last()
        .join(drawn, on=("resource_id", "name"))
    )
    return {
        standing.resource_id: standing
        for (metric,), part in worst.partition_by("metric", as_dict=True, maintain_order=True).items()
        for standing in _of_metric(readings, part, str(metric), window)
    }


def _drawn(resources: Sequence[Resource], lines: Mapping[str, LoadLine]) -> pl.DataFrame:
    """A row for each resource and line that holds for it."""
    by_id = {r.resource_id: r for r in resources}
    rows = [
        (r.resource_id, name, line.metric, float(line.sign), line.value, line.in_points)
        for name, line in lines.items()
        for r in ([by_id[one] for one in line.resources if one in by_id] if line.resources else resources)
        if line.holds_for(r)
    ]
    return pl.DataFrame(rows, schema=_DRAWN, orient="row")


def _against(readings: pl.DataFrame, drawn: pl.DataFrame, metric: object) -> pl.DataFrame:
    """The readings of one metric with how far `over` each line they were, sorted by resource and time.

    In points or percent of the line, see `LoadLine.in_points`.
    """
    beyond = pl.col("sign") * (pl.col("reading") - pl.col("value"))
    share = 100 * beyond / pl.max_horizontal(pl.col("value").abs(), pl.lit(1e-9))
    return (
        readings.select("resource_id", "ts", "point", reading=pl.col(str(metric)))
        .drop_nulls("reading")
        .join(drawn, on="resource_id", maintain_order="left")
        .with_columns(pl.when("in_points").then(beyond).otherwise(share).alias("over"))
    )


def _of_metric(readings: pl.DataFrame, worst: pl.DataFrame, metric: str, window: Window) -> list[Headroom]:
    """The standings of the resources whose worst line is one of this metric."""
    own = _against(readings, worst, metric)
    cells = own.group_by("resource_id", "point").agg(pl.col("over").quantile(0.95, interpolation="linear"))
    finer = Window(window.start, window.end, max(1, window.granularity_s // _SPARKS_A_CELL))
    sparks = inside(own.drop("point"), finer).group_by("resource_id", "point").agg(pl.col("reading").mean())
    strips, traces = _by_point(cells, "over", window), _by_point(sparks, "reading", finer)
    reading = pl.col("reading")
    whole = own.group_by("resource_id", maintain_order=True).agg(
        pl.col("value", "in_points", "margin").first(),
        reading.last().alias("now"),
        reading.mean().alias("average"),
        reading.max().alias("peak"),
        pl.col("ts").last().alias("last"),
        (pl.col("over").last() > 0).alias("is_over"),
    )
    return [
        Headroom(
            resource_id=row["resource_id"],
            metric=metric,
            line=row["value"],
            in_points=row["in_points"],
            margin=row["margin"],
            now=row["now"],
            average=row["average"],
            peak=row["peak"],
            last=row["last"],
            is_over=row["is_over"],
            cells=strips[row["resource_id"]],
            spark=traces[row["resource_id"]],
        )
        for row in whole.iter_rows(named=True)
    ]


def _by_point(frame: pl.DataFrame, column: str, window: Window) -> dict[str, tuple[float | None, ...]]:
    """Of each resource one value for each point of the window, None where nothing was read."""
    position = ((pl.col("point") - window.start).dt.total_seconds() // window.granularity_s).alias("at")
    found: dict[str, list[float | None]] = {}
    rows: Any = frame.select("resource_id", position, column).iter_rows()
    for resource_id, at, value in rows:
        found.setdefault(resource_id, [None] * window.points)[at] = value
    return {resource_id: tuple(values) for resource_id, values in found.items()}
