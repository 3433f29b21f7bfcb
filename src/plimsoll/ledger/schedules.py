"""Since when each job has had its schedule: a changed one has no windows before the change."""

import sqlite3
from datetime import datetime, timedelta
from typing import Final

from plimsoll.clock import instant
from plimsoll.ledger.database import stamp

TOLERATED: Final = timedelta(minutes=5)
"""An instant of the ledger that lies further ahead of the clock than this was written by a clock that was ahead."""


def register(db: sqlite3.Connection, job: str, schedule: str, zone: str, now: datetime) -> None:
    """Notes a job's schedule and zone; the same ones as before keep their beginning, unless it lies in the future."""
    row = db.execute("select schedule, zone, since from schedules where job = ?", (job,)).fetchone()
    if row and (row[0], row[1]) == (schedule, zone) and instant(row[2]) <= now + TOLERATED:
        return
    db.execute(
        "insert into schedules (job, schedule, zone, since) values (?, ?, ?, ?) on conflict (job)"
        " do update set schedule = excluded.schedule, zone = excluded.zone, since = excluded.since",
        (job, schedule, zone, stamp(now)),
    )
