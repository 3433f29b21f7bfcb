"""The fleet's readings on a regular grid."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from plimsoll.analysis.grid import Grid, grid
from plimsoll.lake import Snapshot, hours, quarters
from plimsoll.metrics import CATALOGUE
from plimsoll.tables import SAMPLES
from plimsoll.units import Unit

_SETTINGS_NOT_BEHAVIOUR: Final = ("gpu_power_limit_w", "replicas_count", "gpus_allocated_count")
_PARTS: Final = {"": pl.col("device") == "", "device": pl.col("device") != ""}
_RECENT: Final = timedelta(days=2)
_COUNTED_TOGETHER: Final = 16
"""All metrics at once would be two days of the whole fleet in memory."""

KnownMetrics: TypeAlias = Mapping[str, Sequence[str]]
"""The metrics of resources as wholes, by "", and those of devices, by "device"."""


def fleet_grid(
    snapshot: Snapshot,
    resources: Sequence[str],
    *,
    start: datetime,
    end: datetime,
    step_s: float,
    known: KnownMetrics,
    compared: Sequence[str] = (),
) -> Grid:
    """The resources as wholes in every `known` metric, and their devices in the metrics that are `compared`."""
    whole = _part(snapshot, [(resource_id, "") for resource_id in resources], known[""], start, end, step_s)
    compared = [metric for metric in compared if metric in known["device"]]
    if not compared:
        return whole
    devices = _rows(snapshot, resources, end - timedelta(days=1), end, compared).filter(pl.col("device") != "")
    members = devices.select("resource_id", "device").unique().sort("resource_id", "device").collect()
    if members.is_empty():
        return whole
    return whole.joined(_part(snapshot, list(members.iter_rows()), compared, start, end, step_s))


def _rows(
    snapshot: Snapshot, resources: Sequence[str], start: datetime, end: datetime, metrics: Sequence[str]
) -> pl.LazyFrame:
    """The rows of some resources. Their first and last name keep the reader from what lies before and after them."""
    columns = ("ts", "resource_id", "device", *metrics)
    rows = hours.readings(snapshot, start=start, end=end, columns=columns, resource_ids=resources, extremes=False)
    return (
        rows.filter(pl.col("resource_id").is_between(pl.lit(min(resources)), pl.lit(max(resources))))
        if resources
        else rows
    )


def _part(
    snapshot: Snapshot,
    members: Sequence[tuple[str, str]],
    metrics: Sequence[str],
    start: datetime,
    end: datetime,
    step_s: float,
) -> Grid:
    wanted = sorted({resource_id for resource_id, _ in members})

    by_quarters = _is_of_quarters(start, end, step_s)
    kept: Mapping[date, Path] = _kept(snapshot, start, end) if by_quarters else {}

    def scan(begin: datetime, until: datetime) -> pl.LazyFrame:
        path = kept.get(begin.date())
        if path is None:
            rows = _rows(snapshot, wanted, begin, until, metrics)
            return quarters.of_readings(rows, metrics) if by_quarters and step_s > quarters.STEP_S else rows
        columns = ("ts", "resource_id", "device", *metrics)
        return quarters.means(path, start=begin, end=until, columns=columns, resource_ids=wanted)

    return grid(scan, members, metrics, start=start, end=end, step_s=step_s)


def _is_of_quarters(start: datetime, end: datetime, step_s: float) -> bool:
    """Whether each step is a whole number of quarters of an hour: its mean is that of theirs, kept or read."""
    if step_s % quarters.STEP_S or start.timestamp() % quarters.STEP_S:
        return False
    return step_s == quarters.STEP_S or end.timestamp() % quarters.STEP_S == 0


def _kept(snapshot: Snapshot, start: datetime, end: datetime) -> Mapping[date, Path]:
    """The days of which the quarters are kept: with them the grid is what the readings give."""
    days = {day: name for day, name in quarters.kept(snapshot).items() if start.date() <= day <= end.date()}
    return quarters.sound(snapshot, days)


def known_metrics(
    snapshot: Snapshot, start: datetime, end: datetime, also: Collection[str] = ()
) -> dict[str, list[str]]:
    """The metrics read in [start, end), and in the two days before `end`: of resources as wholes (""), and of devices.

    What was read before those two days only may be of either: it is named as both, and nothing is counted for it.
    Codes and settings are no behavior and left out, but for those in `also`.
    """
    recently = end - _RECENT
    possible = [
        metric.name
        for metric in CATALOGUE.values()
        if metric.name in also
        or (metric.unit not in (Unit.CODE, Unit.DAYS) and metric.name not in _SETTINGS_NOT_BEHAVIOUR)
    ]
    found: dict[str, list[str]] = {name: [] for name in _PARTS}
    for n in range(0, len(possible), _COUNTED_TOGETHER):
        some = possible[n : n + _COUNTED_TOGETHER]
        recent = snapshot.scan(SAMPLES, start=recently, end=end, columns=("device", *some))
        for name, part in _PARTS.items():
            counts = recent.filter(part).select(pl.col(some).count()).collect()
            found[name] += [metric for metric in some if counts[metric][0]]
    of_dropped = hours.metrics(snapshot, min(start, recently), end)
    for names, more in zip(found.values(), of_dropped, strict=True):
        names += [metric for metric in possible if metric in more.difference(names)]
    if start < recently:
        before = snapshot.columns(SAMPLES, start=start, end=recently).difference(*found.values())
        for names in found.values():
            names += [metric for metric in possible if metric in before]
    return found
