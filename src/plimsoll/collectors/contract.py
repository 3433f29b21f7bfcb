"""What a collector is: it opens a reader, and a reader gives plain rows of the lake's tables.

A reader keeps what it needs between two readings (counters, handles). What could not be read is null or left out, and a
row of `collections` says why; an exception may pass only when nothing at all could be read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from plimsoll.config import Section

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """The resource that a local collector speaks for: this machine, as the config names it."""

    resource_id: str
    name: str
    type: str
    interval_s: float
    region: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    price_usd_per_h: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading gave: rows of `samples`, `collections` and `resources` (facts of the inventory)."""

    samples: list[Row] = field(default_factory=list[Row])
    collections: list[Row] = field(default_factory=list[Row])
    resources: list[Row] = field(default_factory=list[Row])


class Reader(Protocol):
    """An open source."""

    def read(self, now: datetime, monotonic: float) -> Reading:
        """One reading at `now`; `monotonic` (seconds) says how long after the one before."""
        ...

    def close(self) -> None:
        """Ends child processes and connections."""
        ...


@dataclass(frozen=True, slots=True)
class Collector:
    """A source: the settings of its section `[collectors.<file name>]` and how it is opened (None: switched off)."""

    settings: type[Section]
    open: Callable[[Any, Identity], Reader | None]


def collection_row(
    now: datetime, *, source: str, target: str, ok: bool, duration_s: float, rows: int, reason: str | None = None
) -> Row:
    """A row of `collections`: coverage is true only if failures are recorded like successes."""
    return {
        "ts": now,
        "source": source,
        "target": target,
        "ok": ok,
        "reason": reason,
        "duration_s": round(duration_s, 6),
        "rows": rows,
    }
