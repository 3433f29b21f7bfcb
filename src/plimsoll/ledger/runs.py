"""Runs: one execution of a job for one window."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plimsoll.clock import instant, rfc3339
from plimsoll.errors import DiskError, LakeError

_SCHEMA = """
create table if not exists runs (
    id integer primary key,
    job text not null,
    window_start text not null,
    window_end text not null,
    started text not null,
    seconds real,
    outcome text,
    detail text,
    version text not null
) strict
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One row of `runs`; `outcome` is success, partial, failed or skipped, None while it runs."""

    job: str
    window_start: datetime
    window_end: datetime
    started: datetime
    seconds: float | None
    outcome: str | None
    detail: str | None


class Ledger:
    """The ledger of one project; each call is one transaction, so any process may use it at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        except (OSError, sqlite3.OperationalError) as error:
            raise DiskError(f"{self._path.name}: the ledger cannot be opened ({error})") from error
        try:
            connection.execute("pragma journal_mode=wal")
            connection.execute("pragma synchronous=full")
            connection.execute(_SCHEMA)
            yield connection
        except sqlite3.DatabaseError as error:
            raise LakeError(f"{self._path.name}: the ledger is damaged or busy ({error}); restore it") from error
        finally:
            connection.close()

    def begin(self, job: str, start: datetime, end: datetime, *, started: datetime, version: str) -> int:
        """Notes that a run begins; gives its id."""
        with self._connection() as db:
            row = db.execute(
                "insert into runs (job, window_start, window_end, started, version)"
                " values (?, ?, ?, ?, ?) returning id",
                (job, rfc3339(start), rfc3339(end), rfc3339(started), version),
            ).fetchone()
        return int(row[0])

    def finish(self, run: int, *, outcome: str, seconds: float, detail: str = "") -> None:
        """Notes how a run ended."""
        with self._connection() as db:
            db.execute(
                "update runs set outcome = ?, seconds = ?, detail = ? where id = ?",
                (outcome, round(seconds, 3), detail, run),
            )

    def last(self, job: str) -> Run | None:
        """The latest run of a job."""
        with self._connection() as db:
            row = db.execute(
                "select job, window_start, window_end, started, seconds, outcome, detail"
                " from runs where job = ? order by id desc limit 1",
                (job,),
            ).fetchone()
        return Run(row[0], *(instant(text) for text in row[1:4]), *row[4:]) if row else None
