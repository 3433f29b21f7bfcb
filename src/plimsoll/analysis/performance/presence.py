"""The readings of a window -> how each resource was read: coverage by source, silences, metrics that were lost."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import polars as pl

from plimsoll.clock import Window
from plimsoll.fleet.presence import YOUNG, LostMetric, Presence, Silence, State, Stretch, patience
from plimsoll.fleet.resources import Resource, readings_due

REGULAR: Final = ("cpu_utilization_pct", "memory_utilization_pct", "gpu_utilization_pct", "storage_utilization_pct")
"""Metrics that are read whatever the resource does: one that stays away is lost, not idle."""
_REGULAR_SHARE: Final = 0.5
_REGULAR_READINGS: Final = 12
_POOL: Final = ""
LastRead: TypeAlias = Callable[[Sequence[str]], Mapping[str, datetime]]


def never(_: Sequence[str]) -> Mapping[str, datetime]:
    """Without a look further back: what is not in the readings was never read."""
    return {}


@dataclass(frozen=True, slots=True)
class Reach:
    """What is asked of presences: the window, the instant, how far back the readings go, the settings.

    `last_read` looks up the last reading of resources that have none in the readings.
    """

    window: Window
    as_of: datetime
    since: datetime
    silence: Silence
    last_read: LastRead = never


def presences(
    resources: Sequence[Resource],
    read: pl.DataFrame,
    regular: pl.DataFrame,
    reach: Reach,
    gpus: pl.DataFrame | None = None,
) -> list[Presence]:
    """One for each resource of a block, in their order.

    in: `read` ts, resource_id, source of every reading from `reach.since` on, devices' too, sorted by
    (resource_id, ts); `regular` the resources' own readings; `gpus` those of `readings.gpus_read`
    """
    found = read.group_by("resource_id", maintain_order=True).agg(pl.col("ts").last())
    last: dict[str, datetime] = dict(found.iter_rows())
    earlier = reach.last_read([r.resource_id for r in resources if r.resource_id not in last])
    lost = _lost(resources, regular, last, reach.silence)
    for resource_id, missing in _lost_gpus(resources, gpus, last, reach.silence).items():
        lost[resource_id] = (*lost.get(resource_id, ()), *missing)
    breaks = _breaks(resources, read, reach)
    arrived = _arrived(read, reach)
    return [
        _presence(
            resource,
            last.get(resource.resource_id) or earlier.get(resource.resource_id),
            breaks.get(resource.resource_id, []),
            arrived.get(resource.resource_id, {}),
            lost.get(resource.resource_id, ()),
            reach,
        )
        for resource in resources
    ]


def _presence(
    resource: Resource,
    last: datetime | None,
    breaks: Sequence[tuple[datetime, datetime]],
    arrived: Mapping[str, int],
    lost: Sequence[LostMetric],
    reach: Reach,
) -> Presence:
    end = min(reach.window.end, reach.as_of)
    sources = dict(_by_source(resource, arrived, reach.window.start, end))
    shares = [min(1.0, n / due) for due, n in sources.values() if due > 0]
    in_window = last is not None and last >= reach.window.start
    state = _state(resource, last, reach)
    known = resource.known_since
    seen = last or known
    unseen = seen is not None and reach.as_of - seen > timedelta(seconds=reach.silence.unseen)
    aged_out = resource.churns and state != "read" and unseen
    return Presence(
        resource_id=resource.resource_id,
        state=state,
        last=last,
        in_window=in_window,
        known_since=known,
        stretches=_stretches(resource, last, breaks, reach),
        due=sum(due for due, _ in sources.values()),
        readings=arrived.get(_ALL, 0),
        sources=sources,
        coverage_pct=100 * sum(shares) / len(shares) if shares and resource.is_promised and not aged_out else None,
        lost=lost if state == "read" else (),
        young=known is not None and reach.as_of - known < YOUNG,
        aged_out=aged_out,
    )


_ALL: Final = "*"


def _state(resource: Resource, last: datetime | None, reach: Reach) -> State:
    if not resource.is_promised:
        fresh = last is not None and reach.as_of - last <= reach.silence.limit(resource)
        return "read" if fresh else "ended"
    if last is None:
        return "never read"
    waits = patience(resource)
    return "silent" if waits is not None and reach.as_of - last > waits else "read"


def _arrived(read: pl.DataFrame, reach: Reach) -> dict[str, dict[str, int]]:
    """Instants with a reading in the window: by resource and source, and of all sources together."""
    inside = read.filter(pl.col("ts") >= reach.window.start, pl.col("ts") < reach.window.end)
    found: dict[str, dict[str, int]] = {}
    by_source = inside.group_by("resource_id", "source").agg(pl.col("ts").n_unique())
    whole = inside.group_by("resource_id").agg(pl.lit(_ALL).alias("source"), pl.col("ts").n_unique())
    for resource_id, source, n in [*by_source.iter_rows(), *whole.iter_rows()]:
        found.setdefault(resource_id, {})[source] = n
    return found


def _by_source(
    resource: Resource, arrived: Mapping[str, int], start: datetime, end: datetime
) -> Iterator[tuple[str, tuple[float, int]]]:
    """Source -> (readings due, instants with one). Sources whose readings have other names are one pool."""
    own = {name: n for name, n in arrived.items() if name != _ALL}
    matched = {promise: [name for name in own if _is_of(name, promise)] for promise in resource.promises}
    for promise, names in matched.items():
        if names:
            yield promise, (readings_due(resource.promises[promise], start, end), sum(own[name] for name in names))
    others = [own[name] for name in own if not any(name in names for names in matched.values())]
    unmatched = [readings_due(resource.promises[p], start, end) for p, names in matched.items() if not names]
    if not resource.promises:
        unmatched = [readings_due(resource.expected, start, end)]
    if any(unmatched) or others:
        yield _POOL, (max(unmatched, default=0.0), sum(others))


def _is_of(source: str, promise: str) -> bool:
    return source == promise or source.startswith(f"{promise}.")


def _breaks(
    resources: Sequence[Resource], read: pl.DataFrame, reach: Reach
) -> dict[str, list[tuple[datetime, datetime]]]:
    """The times between two readings (or the beginning and the first) that are longer than the resource's limit."""
    limits = pl.DataFrame(
        [(r.resource_id, reach.silence.limit(r), max(reach.since, r.known_since or reach.since)) for r in resources],
        schema={"resource_id": pl.String, "limit": pl.Duration("ms"), "since": pl.Datetime("ms", "UTC")},
        orient="row",
    )
    before = pl.col("ts").shift(1).over("resource_id")
    pairs = (
        read.select("resource_id", "ts")
        .join(limits, on="resource_id", maintain_order="left")
        .with_columns(before.fill_null(pl.col("since")).alias("before"))
        .filter(pl.col("ts") - pl.col("before") > pl.col("limit"))
        .select("resource_id", "before", "ts")
    )
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for resource_id, start, end in pairs.iter_rows():
        found.setdefault(resource_id, []).append((start, end))
    return found


def _stretches(
    resource: Resource, last: datetime | None, breaks: Sequence[tuple[datetime, datetime]], reach: Reach
) -> tuple[Stretch, ...]:
    """The silences that touch the window; readings that come back for a moment only do not end one (hysteresis)."""
    limit, back = reach.silence.limit(resource), timedelta(seconds=reach.silence.back_for)
    begun = last or resource.known_since
    ends: list[tuple[datetime, datetime]] = [*breaks, *([(begun, reach.as_of)] if begun else [])]
    promised = [(a, b) for a, b in ends if resource.promised_s(a, b) > limit.total_seconds()]
    joined: list[tuple[datetime, datetime]] = []
    for start, end in promised:
        if joined and start - joined[-1][1] < back:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    found: list[Stretch] = []
    for start, end in joined:
        goes_on = resource.is_promised and (end == reach.as_of or reach.as_of - end < back)
        if goes_on or end > reach.window.start:
            found.append(Stretch(start, None if goes_on else end))
    return tuple(found)


def _lost_gpus(
    resources: Sequence[Resource], gpus: pl.DataFrame | None, last: Mapping[str, datetime], silence: Silence
) -> dict[str, list[LostMetric]]:
    """GPUs that were read as regularly as their resource, and are not any more, while it still is."""
    by_id = {r.resource_id: r for r in resources}
    found: dict[str, list[LostMetric]] = {}
    for resource_id, device, first, at, n in gpus.iter_rows() if gpus is not None else ():
        resource = by_id[resource_id]
        due = (at - first).total_seconds() / resource.interval_s if resource.interval_s else 0.0
        steady = n >= _REGULAR_READINGS and n >= _REGULAR_SHARE * due
        if steady and resource_id in last and last[resource_id] - at > silence.limit(resource):
            found.setdefault(resource_id, []).append(LostMetric("", at, device))
    return found


def _lost(
    resources: Sequence[Resource], regular: pl.DataFrame, last: Mapping[str, datetime], silence: Silence
) -> dict[str, tuple[LostMetric, ...]]:
    """Metrics that a source gave with most of its readings, and that no source has given since."""
    by_id = {r.resource_id: r for r in resources}
    found: dict[str, tuple[LostMetric, ...]] = {}
    for metric in (name for name in REGULAR if name in regular.columns):
        known = pl.col("ts").filter(pl.col(metric).is_not_null())
        each = regular.group_by("resource_id", "source").agg(
            known.max().alias("last"), known.len().alias("n"), (pl.col("ts") <= known.max()).sum().alias("of")
        )
        steady = (pl.col("n") >= _REGULAR_READINGS) & (pl.col("n") >= _REGULAR_SHARE * pl.col("of"))
        whole = each.drop_nulls("last").group_by("resource_id").agg(pl.col("last").max(), steady.any().alias("steady"))
        for resource_id, at, is_steady in whole.sort("resource_id").iter_rows():
            if is_steady and last[resource_id] - at > silence.limit(by_id[resource_id]):
                found[resource_id] = (*found.get(resource_id, ()), LostMetric(metric, at))
    return found
