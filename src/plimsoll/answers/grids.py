"""The fleet's readings on a regular grid."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from plimsoll.analysis.anomalies.grid import Grid, grid
from plimsoll.lake import Snapshot
from plimsoll.metrics import CATALOGUE
from plimsoll.tables import SAMPLES
from plimsoll.units import Unit

_SETTINGS_NOT_BEHAVIOUR: Final = ("gpu_power_limit_w", "replicas_count", "gpus_allocated_count")


def fleet_grid(
    snapshot: Snapshot,
    resources: Sequence[str],
    *,
    start: datetime,
    end: datetime,
    step_s: float,
    compared: Sequence[str] = (),
    also: Collection[str] = (),
) -> Grid:
    """The resources as wholes in every metric that is read, and their devices in the metrics that are `compared`.

    Codes and settings are no behaviour and left out, but for those in `also`.
    """
    known = known_metrics(snapshot, end, also)
    whole = _part(snapshot, [(resource_id, "") for resource_id in resources], known[""], start, end, step_s)
    compared = [metric for metric in compared if metric in known["device"]]
    if not compared:
        return whole
    devices = snapshot.scan(
        SAMPLES, start=end - timedelta(days=1), end=end, columns=("ts", "resource_id", "device", *compared)
    )
    members = (
        devices.filter(pl.col("device") != "").select("resource_id", "device").unique().sort("resource_id", "device")
    ).collect()
    if members.is_empty():
        return whole
    wanted = set(resources)
    listed = [(r, d) for r, d in members.iter_rows() if r in wanted]
    return whole.joined(_part(snapshot, listed, compared, start, end, step_s))


def _part(
    snapshot: Snapshot,
    members: Sequence[tuple[str, str]],
    metrics: Sequence[str],
    start: datetime,
    end: datetime,
    step_s: float,
) -> Grid:
    wanted = sorted({resource_id for resource_id, _ in members})

    def scan(begin: datetime, until: datetime) -> pl.LazyFrame:
        columns = ("ts", "resource_id", "device", *metrics)
        return snapshot.scan(SAMPLES, start=begin, end=until, columns=columns, resource_ids=wanted)

    return grid(scan, members, metrics, start=start, end=end, step_s=step_s)


def known_metrics(snapshot: Snapshot, end: datetime, also: Collection[str] = ()) -> Mapping[str, list[str]]:
    """The metrics read in the last two days: of resources as wholes (""), and of devices."""
    possible = [
        metric.name
        for metric in CATALOGUE.values()
        if metric.name in also
        or (metric.unit not in (Unit.CODE, Unit.DAYS) and metric.name not in _SETTINGS_NOT_BEHAVIOUR)
    ]
    recent = snapshot.scan(
        SAMPLES, start=end - timedelta(days=2), end=end, columns=("ts", "resource_id", "device", *possible)
    )
    parts = {"": pl.col("device") == "", "device": pl.col("device") != ""}
    counted = {name: recent.filter(part).select(pl.col(possible).count()).collect() for name, part in parts.items()}
    return {name: [metric for metric in possible if counts[metric][0]] for name, counts in counted.items()}
