"""Each resource against its load lines: which it came closest to, and how that went over the window."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from plimsoll.analysis.performance.readings import inside, resource_readings
from plimsoll.clock import Window
from plimsoll.inventory import Resource
from plimsoll.lines import LoadLine
from plimsoll.standing import Standing

_SPARKS_A_CELL = 4


def standings(
    samples: pl.LazyFrame,
    resources: Sequence[Resource],
    lines: Mapping[str, LoadLine],
    *,
    window: Window,
    as_of: datetime,
) -> list[Standing]:
    """One standing for each resource, in the order given; the window's points are the cells of the strip."""
    readings = inside(resource_readings(samples, until=as_of), window)
    worst: dict[str, tuple[float, str, LoadLine]] = {}
    for name, line in sorted(lines.items()):
        held = [r.resource_id for r in resources if line.holds_for(r)]
        margins = (
            readings.filter(pl.col("resource_id").is_in(held), pl.col(line.metric).is_not_null())
            .group_by("resource_id")
            .agg(_over(line).quantile(0.98, interpolation="linear"))
        )
        for resource_id, margin in margins.iter_rows():
            worst[resource_id] = max(worst.get(resource_id, (margin, "", line)), (margin, name, line), key=_by_margin)
    return [
        _standing(readings, r.resource_id, worst[r.resource_id], window)
        if r.resource_id in worst
        else Standing(resource_id=r.resource_id, cells=(None,) * window.points)
        for r in resources
    ]


def _by_margin(entry: tuple[float, str, LoadLine]) -> tuple[float, str]:
    return entry[0], entry[1]


def _over(line: LoadLine) -> pl.Expr:
    """How far over the line: points or percent of the line, see `LoadLine.in_points`."""
    beyond = line.sign * (pl.col(line.metric) - line.value)
    return beyond if line.in_points else 100 * beyond / max(abs(line.value), 1e-9)


def _standing(readings: pl.DataFrame, resource_id: str, worst: tuple[float, str, LoadLine], window: Window) -> Standing:
    margin, _, line = worst
    own = readings.filter(pl.col("resource_id") == resource_id, pl.col(line.metric).is_not_null())
    cells = own.group_by("point").agg(_over(line).quantile(0.95, interpolation="linear").alias("over"))
    finer = Window(window.start, window.end, max(1, window.granularity_s // _SPARKS_A_CELL))
    sparks = inside(own.drop("point"), finer).group_by("point").agg(pl.col(line.metric).mean().alias("mean"))
    values = own[line.metric]
    mean, high = values.mean(), values.max()
    return Standing(
        resource_id=resource_id,
        metric=line.metric,
        line=line.value,
        in_points=line.in_points,
        margin=margin,
        now=values[-1],
        average=mean if isinstance(mean, float) else None,
        peak=high if isinstance(high, float) else None,
        last=own["ts"][-1],
        cells=_by_point(cells, "over", window),
        spark=_by_point(sparks, "mean", finer),
    )


def _by_point(frame: pl.DataFrame, column: str, window: Window) -> tuple[float | None, ...]:
    """One value for each point of the window, None where nothing was read."""
    positions = ((pl.col("point") - window.start).dt.total_seconds() // window.granularity_s).alias("at")
    found = dict(frame.select(positions, column).iter_rows())
    return tuple(found.get(n) for n in range(window.points))
