"""Since when each job has had its schedule."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plimsoll.clock import instant
from plimsoll.ledger.database import stamp

TOLERATED: Final = timedelta(minutes=5)
"""An instant of the ledger that lies further ahead of the clock than this was written by a clock that was ahead."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A job's schedule as it was last registered: its text, its zone, and the instant after which windows are due."""

    schedule: str
    zone: str
    since: datetime


def registered(db: sqlite3.Connection) -> Mapping[str, Registered]:
    """The schedule of each job."""
    rows = db.execute("select job, schedule, zone, since from schedules").fetchall()
    return {job: Registered(schedule, zone, instant(since)) for job, schedule, zone, since in rows}


def register(db: sqlite3.Connection, job: str, schedule: str, zone: str, *, now: datetime, since: datetime) -> None:
    """Notes that a job has this schedule and zone, of which windows are due after `since`.

    The same ones as before keep their beginning, unless it lies in the future.
    """
    row = db.execute("select schedule, zone, since from schedules where job = ?", (job,)).fetchone()
    if row and (row[0], row[1]) == (schedule, zone) and instant(row[2]) <= now + TOLERATED:
        return
    db.execute(
        "insert into schedules (job, schedule, zone, since) values (?, ?, ?, ?) on conflict (job)"
        " do update set schedule = excluded.schedule, zone = excluded.zone, since = excluded.since",
        (job, schedule, zone, stamp(since)),
    )
