"""Beats: a job that runs every few seconds leaves one row that moves, not a row a run."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from plimsoll.clock import instant
from plimsoll.ledger.database import stamp


@dataclass(frozen=True, slots=True)
class Beat:
    """When a job of short intervals last ran and last succeeded; `failing` counts its failures in a row."""

    job: str
    started: datetime
    succeeded: datetime | None
    runs: int
    failures: int
    failing: int
    detail: str | None


def record_beat(db: sqlite3.Connection, job: str, at: datetime, *, runs: int, failures: int, detail: str) -> None:
    """Adds runs and failures since the last beat; any success among them ends a row of failures."""
    succeeded = stamp(at) if failures < runs else None
    db.execute(
        "insert into heartbeats (job, started, succeeded, runs, failures, failing, detail) values (?, ?, ?, ?, ?, ?, ?)"
        " on conflict (job) do update set started = excluded.started,"
        " succeeded = coalesce(excluded.succeeded, succeeded), runs = runs + excluded.runs,"
        " failures = failures + excluded.failures, detail = excluded.detail,"
        " failing = case when excluded.succeeded is null then failing + excluded.failures else 0 end",
        (job, stamp(at), succeeded, runs, failures, 0 if succeeded else failures, detail),
    )


def beats(db: sqlite3.Connection) -> dict[str, Beat]:
    """Every job's beat."""
    rows = db.execute("select job, started, succeeded, runs, failures, failing, detail from heartbeats").fetchall()
    return {r[0]: Beat(r[0], instant(r[1]), instant(r[2]) if r[2] else None, *r[3:]) for r in rows}
