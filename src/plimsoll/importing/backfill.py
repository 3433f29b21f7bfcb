"""Backfilling: a server's history into the lake, window by window; what is there already is not brought again."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from plimsoll.atomic import write_atomically
from plimsoll.clock import instant, rfc3339
from plimsoll.collectors.contract import collection_row
from plimsoll.collectors.prometheus.history import History
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.settings import Server, credentials
from plimsoll.lake import Lake
from plimsoll.plausibility import in_words, judged
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES

COLLECTOR = "backfill"


@dataclass(slots=True)
class Backfilled:
    """What came: readings new to the lake and known to it, and the server's warnings."""

    new: int = 0
    known: int = 0
    windows: int = 0
    warnings: set[str] = field(default_factory=set[str])


def backfill(
    lake: Lake,
    name: str,
    server: Server,
    start: datetime,
    end: datetime,
    *,
    progress: Path,
    mappings: Path,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Backfilled:
    """Brings [start, end) into the lake. A run that was ended goes on where it was; the rows are the same.

    `progress` remembers the windows that are done; `on_progress` hears the finished share.
    """
    look = os.environ.get
    access = credentials(look(server.bearer_env), server.user, look(server.password_env))
    history = History(name, server, load(server.mapping, mappings), access)
    try:
        return _bring(lake, history, start, end, progress, on_progress)
    finally:
        history.close()


def _bring(
    lake: Lake, history: History, start: datetime, end: datetime, progress: Path, on_progress: Callable[[float], None]
) -> Backfilled:
    name, server = history.name, history.server
    done = Backfilled()
    resumed = _resumed(progress, start, end)
    facts: dict[str, dict[str, Any]] = {}
    last: dict[str, datetime] = {}
    for window in history.windows(resumed, end):
        refused = judged(SAMPLES, window.samples) + judged(RESOURCES, window.resources)
        remarks = [*window.warnings, *([in_words(refused)] if refused else [])]
        if window.resources:
            lake.append_missing(RESOURCES, RESOURCES.frame(window.resources), collector=COLLECTOR)
        if window.samples:
            new, known = lake.append_missing(SAMPLES, SAMPLES.frame(window.samples), collector=COLLECTOR)
            done.new, done.known = done.new + new, done.known + known
        if remarks:
            done.warnings.update(remarks)
            reason = "; ".join(remarks)
            row = collection_row(window.start, source=f"backfill.{name}", target=server.url, ok=True, reason=reason,
                          duration_s=0.0, rows=len(window.samples))  # fmt: skip
            lake.append(COLLECTIONS, [row], collector=COLLECTOR)
        facts |= {row["resource_id"]: row for row in window.resources}
        last |= {row["resource_id"]: row["ts"] for row in window.samples}
        done.windows += 1
        _remember(progress, start, end, window.end)
        on_progress((window.end - start) / (end - start))
    _end(lake, facts, last, server.step)
    progress.unlink(missing_ok=True)
    return done


def _end(lake: Lake, facts: Mapping[str, Mapping[str, Any]], last: Mapping[str, datetime], step_s: float) -> None:
    """Says that nothing is due after a history's last reading: a server's past promises nothing."""
    after = timedelta(seconds=step_s)
    rows = [{**row, "ts": last[name] + after, "interval_s": None} for name, row in facts.items() if name in last]
    if rows:
        lake.append_missing(RESOURCES, RESOURCES.frame(rows), collector=COLLECTOR)


def _resumed(progress: Path, start: datetime, end: datetime) -> datetime:
    try:
        kept = json.loads(progress.read_bytes())
    except (OSError, ValueError):
        return start
    same = (kept.get("start"), kept.get("end")) == (rfc3339(start), rfc3339(end))
    return instant(kept["done"]) if same else start


def _remember(progress: Path, start: datetime, end: datetime, until: datetime) -> None:
    done = {"start": rfc3339(start), "end": rfc3339(end), "done": rfc3339(until)}
    write_atomically(progress, json.dumps(done).encode())
