"""Alerts: a load line crossed for long enough, open until it is left behind, or until nothing promises readings.

A reading over the line opens an episode, a reading `margin` back inside closes it, what lies between changes nothing:
noise around a line is one alert, not many (hysteresis, as in control engineering). Silence closes nothing: while a
resource is not read, its open alerts stay open.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import polars as pl
from msgspec import structs

from plimsoll.analysis.performance.resources import rounded
from plimsoll.clock import instant, rfc3339
from plimsoll.documents import Alert
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.muting import Muting
from plimsoll.fleet.presence import patience
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import document_name

_WORST_FIRST = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert and what it rests on: its line's name, readings in the episode, and its last reading's time.

    `quiet` says why it is muted (snoozed, maintenance); None: it is reported. `column` is the column of `samples`
    that gave its value; empty where it is none (silence). `what` says what a rule found; empty: a line is crossed.
    """

    alert: Alert
    line: str
    samples: int
    last: datetime
    quiet: str | None = None
    column: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """An alert of a window: `opened` is when it had lasted long enough, `closed` when its resource was back inside.

    Neither open nor closed is one whose readings ended, or were lost, over the line. `what` says what a rule found;
    empty: a line was crossed.
    """

    alert: Alert
    opened: datetime
    closed: datetime | None
    is_open: bool
    quiet: str | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """An alert that was seen open before: what began earlier than the readings go back keeps its id and beginning."""

    id: str
    opened: datetime
    last_seen: datetime
    alert: Alert | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class AlertState:
    """What is known of alerts beside the readings: those seen open by (resource, line), and what is muted."""

    known: Mapping[tuple[str, str], Known] = field(default_factory=dict[tuple[str, str], Known])
    quiet: Muting = field(default_factory=Muting)


@dataclass(frozen=True, slots=True)
class Pending:
    """A line that has been crossed since an instant, and not yet for the `lasting` that opens an alert."""

    resource: str
    metric: str
    line: float
    since: datetime
    lasting: timedelta
    side: Literal["over", "under"]


@dataclass(frozen=True, slots=True)
class Alerts:
    """The open alerts, worst first, and every alert that opened or closed as far as the readings go back.

    `pending` are lines that are crossed at the end, and not for long enough yet.
    """

    open: Sequence[OpenAlert]
    events: Sequence[AlertEvent]
    pending: Sequence[Pending] = ()


def open_alerts(
    readings: pl.DataFrame,
    resources: Sequence[Resource],
    lines: Mapping[str, LoadLine],
    *,
    as_of: datetime,
    state: AlertState,
    silent: Collection[str] = (),
) -> Alerts:
    """The alerts that are open at `as_of`, and what became of the others.

    in: readings sorted by (resource_id, ts), long enough back to hold the beginning of each episode, or as far as the
    last time that it was seen; `silent` are resources that should be read and are not
    """
    by_id = {r.resource_id: r for r in resources}
    found: list[OpenAlert] = []
    events: list[AlertEvent] = []
    pending: list[Pending] = []
    for name, episodes in _episodes(readings, resources, lines).items():
        pending += _pending(episodes, by_id, lines[name], as_of)
        for opened, event in _of_line(episodes, by_id, name, lines[name], as_of, state, silent):
            quiet = state.quiet.why(event.alert.alert_id, by_id[event.alert.resource], as_of)
            events.append(replace(event, quiet=quiet))
            if opened is not None:
                found.append(replace(opened, quiet=quiet))
    kept = _kept(state, by_id, {(one.alert.resource, one.line) for one in found}, lines, silent)
    for opened in kept:
        quiet = state.quiet.why(opened.alert.alert_id, by_id[opened.alert.resource], as_of)
        found.append(replace(opened, quiet=quiet))
        events.append(AlertEvent(opened.alert, instant(opened.alert.timestamp), None, is_open=True, quiet=quiet))
    return Alerts(worst_first(found), events, pending)


def _pending(
    episodes: Iterable[Mapping[str, Any]], by_id: Mapping[str, Resource], line: LoadLine, as_of: datetime
) -> Iterable[Pending]:
    for row in episodes:
        resource, lasting = by_id.get(row["resource_id"]), timedelta(seconds=line.for_)
        if resource is None or row["ended"] is not None or not line.holds_for(resource):
            continue
        if row["last"] - row["onset"] < lasting and not _stale(resource, row["last"], as_of):
            yield Pending(
                row["resource_id"], line.metric, line.value, row["onset"], lasting, "over" if line.sign > 0 else "under"
            )


def _kept(
    state: AlertState,
    by_id: Mapping[str, Resource],
    found: Collection[tuple[str, str]],
    lines: Mapping[str, LoadLine],
    silent: Collection[str],
) -> list[OpenAlert]:
    """Alerts that were open when their resource fell silent, earlier than the readings go back."""
    return [
        OpenAlert(known.alert, line, 0, known.last_seen, column=lines[line].metric)
        for (resource, line), known in sorted(state.known.items())
        if known.alert is not None and resource in silent and resource in by_id and line in lines
        if (resource, line) not in found
    ]


def worst_first(found: Iterable[OpenAlert]) -> list[OpenAlert]:
    """By severity, the oldest first."""
    return sorted(found, key=_order)


def _order(opened: OpenAlert) -> tuple[int, str, str, str]:
    alert = opened.alert
    return (_WORST_FIRST.index(alert.severity), alert.timestamp, alert.resource, alert.alert_id)


def _of_line(
    episodes: Iterable[Mapping[str, Any]],
    by_id: Mapping[str, Resource],
    name: str,
    line: LoadLine,
    as_of: datetime,
    state: AlertState,
    silent: Collection[str],
) -> Iterable[tuple[OpenAlert | None, AlertEvent]]:
    for row in episodes:
        resource, lasting = by_id.get(row["resource_id"]), timedelta(seconds=line.for_)
        if resource is None or not line.holds_for(resource) or (row["ended"] or row["last"]) - row["onset"] < lasting:
            continue
        known = state.known.get((row["resource_id"], name))
        # the same alert where the two overlap: readings go back further for one question than for another
        same = known if known is not None and row["onset"] <= known.last_seen and known.opened <= row["last"] else None
        alert = _alert(row["resource_id"], name, line, same.opened if same else row["onset"], row["value"])
        alert = structs.replace(alert, alert_id=same.id) if same else alert
        opened = instant(alert.timestamp) + lasting
        if row["ended"] is not None:
            yield None, AlertEvent(alert, opened, row["ended"], is_open=False)
        elif row["last"] - row["onset"] >= lasting:
            fresh = not _stale(resource, row["last"], as_of) or row["resource_id"] in silent
            one = OpenAlert(alert, name, row["n"], row["last"], column=line.metric) if fresh else None
            yield one, AlertEvent(alert, opened, None, is_open=fresh)


def _stale(resource: Resource, last: datetime, as_of: datetime) -> bool:
    waits = patience(resource)
    return waits is not None and as_of - last > waits


def _episodes(
    readings: pl.DataFrame, resources: Sequence[Resource], lines: Mapping[str, LoadLine]
) -> dict[str, list[Mapping[str, Any]]]:
    """Line -> resource_id, onset, last, value, n of each episode over it, and when it `ended` (null: it is the last).

    One pass for each metric: a learned line stands once for each resource, so there are thousands of them.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    drawn = drawn_lines(resources, lines)
    for (metric,), part in drawn.partition_by("metric", as_dict=True, maintain_order=True).items():
        if metric in readings.columns:
            for row in _episodes_of(readings, part, str(metric)).iter_rows(named=True):
                found.setdefault(row["name"], []).append(row)
    return dict(sorted(found.items()))


def _episodes_of(readings: pl.DataFrame, drawn: pl.DataFrame, metric: str) -> pl.DataFrame:
    """The episodes over every line of one metric, by line, resource and time."""
    beyond = pl.col("sign") * (pl.col("reading") - pl.col("line"))
    state = pl.when(beyond > 0).then(1).when(beyond < -pl.col("margin")).then(0)
    of_one = ("name", "resource_id")
    return (
        readings.select("resource_id", "ts", reading=pl.col(metric))
        .drop_nulls()
        .join(drawn, on="resource_id")
        .sort(*of_one, "ts", maintain_order=True)
        .with_columns(state.forward_fill().over(of_one).alias("over"))
        .with_columns(pl.struct(*of_one, "over").rle_id().alias("episode"))
        .group_by(*of_one, "episode", maintain_order=True)
        .agg(
            pl.col("over").first(),
            pl.col("ts").first().alias("onset"),
            pl.col("ts").last().alias("last"),
            pl.col("reading").last().alias("value"),
            pl.len().alias("n"),
        )
        .with_columns(pl.col("onset").shift(-1).over(of_one).alias("ended"))
        .filter(pl.col("over") == 1)
    )


_DRAWN: Final = {
    "resource_id": pl.String,
    "name": pl.String,
    "metric": pl.String,
    "sign": pl.Float64,
    "line": pl.Float64,
    "margin": pl.Float64,
    "in_points": pl.Boolean,
}


def drawn_lines(resources: Sequence[Resource], lines: Mapping[str, LoadLine]) -> pl.DataFrame:
    """A row for each resource and line that holds for it: its sign, its value (`line`) and its margin."""
    by_id = {r.resource_id: r for r in resources}
    rows = [
        (r.resource_id, name, line.metric, float(line.sign), line.value, line.clear_margin, line.in_points)
        for name, line in lines.items()
        for r in ([by_id[one] for one in line.resources if one in by_id] if line.resources else resources)
        if line.holds_for(r)
    ]
    return pl.DataFrame(rows, schema=_DRAWN, orient="row")


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
