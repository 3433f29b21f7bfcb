"""Hosts with spools of their own over one store."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plimsoll.lake import Lake, SharedLake, Spool
from plimsoll.lake.stores import Store
from plimsoll.tables import SAMPLES

NOW = datetime(2026, 1, 16, 18, tzinfo=UTC)


def host(folder: Path, name: str, store: Store, *, cache_bytes: int = 10**9) -> SharedLake:
    """A host's view of the shared lake, with its spool and its cache."""
    spool = Spool(folder / name / "spool", host=name, most_bytes=10**9)
    return SharedLake(folder / name / "shared", store, spool, cache_bytes=cache_bytes)


def readings(resource: str, first: int, count: int) -> list[dict[str, object]]:
    """So many readings of a resource, a second apart."""
    return [
        {
            "ts": NOW + timedelta(seconds=first + n),
            "resource_id": resource,
            "device": "",
            "source": "t",
            "cpu_utilization_pct": float((first + n) % 100),
        }
        for n in range(count)
    ]


def drain(lake: SharedLake) -> None:
    """Ships everything that waits, without asking when the last try was."""
    for bundle in lake.spool.bundles():
        for segment, data in bundle.parts:
            lake.store.put(f"{bundle.table}/{segment.name}", data)
        lake.spool.forget(bundle.table, bundle.inputs)


def held(lake: Lake, *, proven: bool = True) -> list[tuple[str, int]]:
    """(resource, seconds after NOW) of every row, sorted; a row that is there twice is listed twice."""
    frame = lake.snapshot(proven=proven).scan(SAMPLES, columns=["resource_id", "ts"]).collect()
    return sorted((name, round((ts - NOW).total_seconds())) for name, ts in frame.iter_rows())


def expected(resources: Sequence[str], first: int, count: int) -> list[tuple[str, int]]:
    """What `held` gives when each resource has exactly these readings."""
    return sorted((name, first + n) for name in resources for n in range(count))
