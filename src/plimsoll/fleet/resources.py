"""The inventory: what there is to watch, since when, how large, and how often it should be heard of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from plimsoll.documents.parameters import PerformanceQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource as it is known at an instant; capacities are None where nobody told them.

    `expected` lists since when a reading has been expected every so many seconds (None: no longer expected).
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

    @property
    def interval_s(self) -> float | None:
        """The expected seconds between readings, the last that was told; None if none ever was."""
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
        ends = [since for since, _ in self.expected[1:]] + [end]
        total = 0.0
        for (since, interval), until in zip(self.expected, ends, strict=True):
            overlap_s = (min(until, end) - max(since, start)).total_seconds()
            if interval is not None and overlap_s > 0:
                total += overlap_s / interval
        return total


def resources_at(rows: Iterable[Mapping[str, Any]]) -> list[Resource]:
    """Rows of the table `resources`, any order, all not after the instant asked about -> resources by id."""
    history: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row["resource_id"], row["ts"], row["source"])):
        history.setdefault(row["resource_id"], []).append(row)
    return [_latest(known) for known in history.values()]


def _latest(known: Sequence[Mapping[str, Any]]) -> Resource:
    told = {name: next((row[name] for row in reversed(known) if row[name] is not None), None) for name in _COPIED}
    labels: dict[str, str] = {}
    for row in known:
        labels |= json.loads(row["labels"] or "{}")
    return Resource(
        **told,  # type: ignore[arg-type]  # the table's check saw to id, name and type
        labels=labels,
        expected=tuple((row["ts"], row["interval_s"]) for row in known),
    )


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
    """The resources that a query speaks of, by id."""
    ids, regions = set(query.resource_ids), set(query.regions)
    return [
        resource
        for resource in resources
        if (query.resource_type is None or resource.type == query.resource_type)
        and (not ids or resource.resource_id in ids)
        and (not regions or resource.region in regions)
    ]
