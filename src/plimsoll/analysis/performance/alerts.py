"""Open alerts: a load line crossed for long enough and not yet left behind.

A reading over the line opens an episode, a reading `margin` back inside closes it, what lies between changes nothing:
noise around a line is one alert, not many (hysteresis, as in control engineering).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl
from msgspec import structs

from plimsoll.analysis.performance.resources import STALE_INTERVALS, rounded
from plimsoll.clock import rfc3339
from plimsoll.documents import Alert
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.muting import Quiet
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import document_name

_WORST_FIRST = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert and what it rests on: its line's name, readings in the episode, and its last reading's time.

    `quiet` says why nobody is to be told (snoozed, maintenance); None: it is told.
    """

    alert: Alert
    line: str
    samples: int
    last: datetime
    quiet: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An alert that was seen open before: what began earlier than the readings go back keeps its id and beginning."""

    id: str
    opened: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class AlertState:
    """What is known of alerts beside the readings: those seen open by (resource, line), and what is not to be told."""

    known: Mapping[tuple[str, str], Known] = field(default_factory=dict[tuple[str, str], Known])
    quiet: Quiet = field(default_factory=Quiet)


def open_alerts(
    readings: pl.DataFrame,
    resources: Sequence[Resource],
    lines: Mapping[str, LoadLine],
    *,
    as_of: datetime,
    state: AlertState,
) -> list[OpenAlert]:
    """The alerts that are open at `as_of`, worst first.

    in: readings sorted by (resource_id, ts), long enough back to hold the beginning of each episode, or as far as the
    last time that it was seen
    """
    by_id = {r.resource_id: r for r in resources}
    found = [
        replace(opened, quiet=state.quiet.why(opened.alert.alert_id, by_id[opened.alert.resource], as_of))
        for name, line in sorted(lines.items())
        if line.metric in readings.columns
        for opened in _of_line(readings, by_id, name, line, as_of, state)
    ]
    return worst_first(found)


def worst_first(found: Iterable[OpenAlert]) -> list[OpenAlert]:
    """By severity, the oldest first."""
    return sorted(found, key=_order)


def _order(opened: OpenAlert) -> tuple[int, str, str, str]:
    alert = opened.alert
    return (_WORST_FIRST.index(alert.severity), alert.timestamp, alert.resource, alert.alert_id)


def _of_line(
    readings: pl.DataFrame,
    by_id: Mapping[str, Resource],
    name: str,
    line: LoadLine,
    as_of: datetime,
    state: AlertState,
) -> Iterable[OpenAlert]:
    for row in _last_episodes(readings, line).iter_rows(named=True):
        resource = by_id.get(row["resource_id"])
        if resource is None or not line.holds_for(resource):
            continue
        if row["last"] - row["onset"] < timedelta(seconds=line.for_):
            continue
        interval_s = resource.interval_s
        if interval_s is not None and as_of - row["last"] > timedelta(seconds=STALE_INTERVALS * interval_s):
            continue
        known = state.known.get((row["resource_id"], name))
        same = known if known is not None and known.opened <= row["onset"] <= known.last_seen else None
        alert = _alert(row["resource_id"], name, line, same.opened if same else row["onset"], row["value"])
        yield OpenAlert(structs.replace(alert, alert_id=same.id) if same else alert, name, row["n"], row["last"])


def _last_episodes(readings: pl.DataFrame, line: LoadLine) -> pl.DataFrame:
    """resource_id, onset, last, value, n of each resource's last episode, where that is over the line."""
    beyond = line.sign * (pl.col(line.metric) - line.value)
    state = pl.when(beyond > 0).then(1).when(beyond < -line.clear_margin).then(0)
    episodes = (
        readings.select("resource_id", "ts", line.metric)
        .drop_nulls()
        .with_columns(state.forward_fill().over("resource_id").alias("over"))
        .with_columns(pl.struct("resource_id", "over").rle_id().alias("episode"))
        .group_by("resource_id", "episode", maintain_order=True)
        .agg(
            pl.col("over").first(),
            pl.col("ts").first().alias("onset"),
            pl.col("ts").last().alias("last"),
            pl.col(line.metric).last().alias("value"),
            pl.len().alias("n"),
        )
    )
    return episodes.group_by("resource_id", maintain_order=True).last().filter(pl.col("over") == 1)


def _alert(resource_id: str, name: str, line: LoadLine, onset: datetime, value: float) -> Alert:
    identity = f"{resource_id}\0{name}\0{rfc3339(onset)}".encode()
    return Alert(
        alert_id=f"perf-{hashlib.sha256(identity).hexdigest()[:12]}",
        severity=line.severity,
        metric=document_name(line.metric),
        threshold=line.value,
        current_value=rounded(value),
        resource=resource_id,
        timestamp=rfc3339(onset),
    )
