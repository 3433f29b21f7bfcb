"""A resource's own readings out of its devices', where a file tells of devices alone."""

from collections.abc import Callable
from typing import Final

import polars as pl

from plimsoll.collectors.layers import blocks, links
from plimsoll.metrics import CATALOGUE, Component, Metric
from plimsoll.units import Unit

_ROUND: Final = "1s"
_COUNTED: Final[dict[Component, Callable[[set[str]], set[str]]]] = {
    Component.NETWORK: links,
    Component.DISK: blocks,
}


def whole(readings: pl.DataFrame) -> pl.DataFrame:
    """Readings of resources out of those of their devices, one a second; resources that have their own are left out.

    What adds up is added where every device that the block has of the resource is there, else it is unknown; of
    temperatures the highest counts, of all else the mean. Interfaces and disks count as those of exporters do.
    """
    own = readings.filter(pl.col("device") == "").select("resource_id").unique()
    devices = readings.filter(pl.col("device") != "").join(own, on="resource_id", how="anti")
    if devices.is_empty():
        return devices
    by = ["resource_id", "source", pl.col("ts").dt.truncate(_ROUND).alias("round")]
    metrics = [CATALOGUE[name] for name in devices.columns if name in CATALOGUE]
    parts: list[pl.DataFrame] = []
    for metric in metrics:
        counted = _counting(devices, metric).filter(pl.col(metric.name).is_not_null())
        if counted.is_empty():
            continue
        all_of_them = counted.group_by("resource_id", "source").agg(devices=pl.col("device").n_unique())
        made = counted.group_by(by).agg(_of(metric), pl.col("ts").max(), there=pl.col("device").n_unique())
        made = made.join(all_of_them, on=["resource_id", "source"])
        value = (
            pl.when(pl.col("there") == pl.col("devices")).then(metric.name) if metric.adds_up else pl.col(metric.name)
        )
        parts.append(made.with_columns(value.alias(metric.name)).drop("there", "devices"))
    return _joined(parts, devices)


def _counting(devices: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    law = _COUNTED.get(metric.component)
    if law is None:
        return devices
    names = devices.select("resource_id", "device").unique().group_by("resource_id").agg("device")
    kept = [
        {"resource_id": resource, "device": device}
        for resource, there in names.iter_rows()
        for device in sorted(law(set(there)))
    ]
    schema = {"resource_id": pl.String, "device": pl.String}
    return devices.join(pl.DataFrame(kept, schema=schema), on=["resource_id", "device"], how="semi")


def _of(metric: Metric) -> pl.Expr:
    column = pl.col(metric.name)
    if metric.unit in (Unit.CELSIUS, Unit.CODE):
        return column.max()
    return column.sum() if metric.adds_up else column.mean()


def _joined(parts: list[pl.DataFrame], devices: pl.DataFrame) -> pl.DataFrame:
    keys = ["resource_id", "source", "round"]
    rows = pl.concat(parts, how="diagonal") if parts else devices.head(0).with_columns(round=pl.col("ts"))
    metrics = [name for name in rows.columns if name in CATALOGUE]
    made = rows.group_by(keys).agg(pl.col("ts").max(), *(pl.col(name).max() for name in metrics))
    made = made.filter(pl.any_horizontal(pl.col(metrics).is_not_null())) if metrics else made.head(0)
    return made.sort(keys).select("ts", "resource_id", pl.lit("").alias("device"), "source", *metrics)
