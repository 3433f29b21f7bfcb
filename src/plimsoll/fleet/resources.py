"""The inventory: what there is to watch, since when, how large, and how often it should be read."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.tables import RESOURCES

Promise: TypeAlias = tuple[tuple[datetime, float | None], ...]
"""Since when a reading is expected every so many seconds; None: none any more."""
DECLARED: Final = "declared."
"""How the source of a row begins that a config declares before anything of the resource was read."""
FROM_LABELS: Final = ("target.", "slurm.", "backfill.")
"""How sources begin that take names from what they read (labels of pods and containers, jobs): such names churn."""
FORGOTTEN: Final = "forgotten"
"""The source of a row that takes a resource out of the inventory: nothing is expected of it from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource as it is known at an instant; capacities are None where unknown.

    `expected` lists since when a reading has been expected every so many seconds (None: not expected any more), by
    any source; `promises` lists the same for each source that did. `churns` says that no person stated its name: it
    came from labels alone, or from a list of targets that has left it out since. `forgotten` says since when somebody
    has taken it out of the inventory (None: never).
    """

    resource_id: str
    name: str
    type: str
    region: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    cpu_count: float | None = None
    memory_bytes: float | None = None
    gpu_count: float | None = None
    storage_bytes: float | None = None
    network_bits_per_s: float | None = None
    replicas_count: float | None = None
    price_usd_per_h: float | None = None
    expected: tuple[tuple[datetime, float | None], ...] = ()
    promises: Mapping[str, Promise] = field(default_factory=dict[str, Promise])
    churns: bool = False
    forgotten: datetime | None = None

    @property
    def known_since(self) -> datetime | None:
        """When it was first reported; None if unknown."""
        return self.expected[0][0] if self.expected else None

    @property
    def is_promised(self) -> bool:
        """Whether readings are expected from now on: an import or a stopped collector promises none."""
        return bool(self.expected) and self.expected[-1][1] is not None

    @property
    def interval_s(self) -> float | None:
        """The expected seconds between readings, the last one reported; None if none ever was."""
        return next((interval for _, interval in reversed(self.expected) if interval is not None), None)

    def expected_readings(self, start: datetime, end: datetime) -> float:
        """How many readings should have arrived in [start, end): none before the resource was known.

        >>> from datetime import UTC, timedelta
        >>> noon = datetime(2026, 1, 16, 12, tzinfo=UTC)
        >>> since = ((noon, 30.0), (noon + timedelta(minutes=5), None))
        >>> Resource(resource_id="a", name="a", type="cluster", expected=since).expected_readings(
        ...     noon - timedelta(hours=1), noon + timedelta(hours=1)
        ... )
        10.0
        """
        return readings_due(self.expected, start, end)

    def promised_s(self, start: datetime, end: datetime) -> float:
        """For how many seconds of [start, end) readings were expected."""
        return sum(overlap for overlap, _ in _spans(self.expected, start, end))


def readings_due(promise: Promise, start: datetime, end: datetime) -> float:
    """How many readings a promise makes for [start, end)."""
    return sum(overlap_s / interval for overlap_s, interval in _spans(promise, start, end))


def _spans(promise: Promise, start: datetime, end: datetime) -> Iterator[tuple[float, float]]:
    """(seconds, interval) of each part of [start, end) in which readings were expected."""
    ends = [since for since, _ in promise[1:]] + [end]
    for (since, interval), until in zip(promise, ends, strict=True):
        overlap_s = (min(until, end) - max(since, start)).total_seconds()
        if interval is not None and overlap_s > 0:
            yield overlap_s, interval


def resources_at(rows: Iterable[Mapping[str, Any]]) -> list[Resource]:
    """Rows of the table `resources`, any order, all not after the instant asked about -> resources by id."""
    history: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row["resource_id"], row["ts"], row["source"])):
        history.setdefault(row["resource_id"], []).append(_sound(row))
    return [_latest(known) for known in history.values()]


def _sound(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row without numbers that its table takes no more: a lake that is older than a bound holds them still."""
    beyond = {
        column.name: None
        for column in _BOUNDED
        if (value := row[column.name]) is not None and not column.low <= value <= column.high
    }
    return {**row, **beyond} if beyond else row


def _latest(known: Sequence[Mapping[str, Any]]) -> Resource:
    latest = {name: next((row[name] for row in reversed(known) if row[name] is not None), None) for name in _COPIED}
    labels: dict[str, str] = {}
    for row in known:
        labels |= json.loads(row["labels"] or "{}")
    if not (latest["name"] or "").strip():  # of a lake that is older than the door's check
        latest["name"] = latest["resource_id"]
    promises = _promises(known)
    forgotten = max((row["ts"] for row in known if row["source"] == FORGOTTEN), default=None)
    if forgotten is not None and any(row["ts"] > forgotten for row in known):
        forgotten = None
    return Resource(
        **latest,  # type: ignore[arg-type]  # the table's check saw to id, name and type
        labels=labels,
        expected=_together(promises),
        promises=promises,
        churns=not any(_is_stated(row["source"], promises) for row in known),
        forgotten=forgotten,
    )


def names_of_people(source: str) -> bool:
    """Whether the names of a source are stated by a person: by a config, an import, a host's own agent.

    >>> [names_of_people(one) for one in ("host", "import.nab", "declared.target.gpu", "target.pods", "slurm.a")]
    [True, True, True, False, False]
    """
    return not source.startswith((*FROM_LABELS, FORGOTTEN))


def _is_stated(source: str, promises: Mapping[str, Promise]) -> bool:
    """Whether a person stands by the name now: what a list of targets named and has taken off is stated no more."""
    if source.startswith(DECLARED):
        return promises[source.removeprefix(DECLARED)][-1][1] is not None
    return names_of_people(source)


def _promises(known: Sequence[Mapping[str, Any]]) -> dict[str, Promise]:
    """What each source promised; what the config declares and what the source itself tells are one promise."""
    found: dict[str, list[tuple[datetime, float | None]]] = {}
    for row in known:
        if row["source"] == FORGOTTEN:
            for promise in found.values():
                promise.append((row["ts"], None))
        else:
            found.setdefault(row["source"].removeprefix(DECLARED), []).append((row["ts"], row["interval_s"]))
    return {source: tuple(promise) for source, promise in sorted(found.items())}


def _together(promises: Mapping[str, Promise]) -> Promise:
    """The shortest interval of all sources that promise something: one that ends does not end the others."""
    changes = [(ts, source, interval) for source, promise in promises.items() for ts, interval in promise]
    standing: dict[str, float | None] = {}
    merged: dict[datetime, float | None] = {}
    for ts, source, interval in sorted(changes, key=lambda change: change[:2]):
        standing[source] = interval
        merged[ts] = min((each for each in standing.values() if each is not None), default=None)
    return tuple(merged.items())


_BOUNDED: Final = tuple(column for column in RESOURCES.columns if column.low is not None and column.high is not None)
_COPIED = (
    "resource_id",
    "name",
    "type",
    "region",
    "cpu_count",
    "memory_bytes",
    "gpu_count",
    "storage_bytes",
    "network_bits_per_s",
    "replicas_count",
    "price_usd_per_h",
)


def selected(resources: Iterable[Resource], query: PerformanceQuery) -> list[Resource]:
    """The resources that a query speaks of, by id; of a query with a limit those of its page."""
    ids, regions = set(query.resource_ids), set(query.regions)
    found = [
        resource
        for resource in resources
        if (query.resource_type is None or resource.type == query.resource_type)
        and (not ids or resource.resource_id in ids)
        and (not regions or resource.region in regions)
    ]
    if query.limit is None:
        return found
    after = sorted((one for one in found if one.resource_id > query.cursor), key=lambda one: one.resource_id)
    return after[: query.limit]
