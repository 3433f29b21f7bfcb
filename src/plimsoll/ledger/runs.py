"""Runs: one execution of a job for one window; its key (job, window, attempt) exists once, whatever happens."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection, IntegrityError, Row

from plimsoll.clock import instant
from plimsoll.ledger.database import Database, stamp
from plimsoll.ledger.heartbeats import Beat, beats, record_beat
from plimsoll.ledger.schedules import Registered, register, registered

_COLUMNS = (
    "id, job, window_start, window_end, due, attempt, started, seconds, outcome, cause, detail, retry_at, pid,"
    " cpu_s, max_rss_bytes, rows, inputs, version"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One row of `runs`.

    `due` is None where a person asked for the run. `outcome` is success, partial, failed or skipped, None while it
    runs; `cause` says what kind of failure. `retry_at` is set while another attempt is to follow.
    """

    id: int
    job: str
    window_start: datetime
    window_end: datetime
    due: datetime | None
    attempt: int
    started: datetime
    seconds: float | None
    outcome: str | None
    cause: str | None
    detail: str | None
    retry_at: datetime | None
    pid: int | None
    cpu_s: float | None
    max_rss_bytes: int | None
    rows: int | None
    inputs: str | None
    version: str


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Where a job stands at an instant.

    `since` is when its schedule began, `settled_until` the latest due instant whose window is settled: its last attempt
    ended and no other is to follow, or it was skipped; `settled_end` is where that window ends. `open` are the attempts
    at later windows, by window: they are going on, or another is to follow.
    """

    since: datetime
    settled_until: datetime | None
    open: tuple[Run, ...] = ()
    settled_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, and what it took."""

    outcome: str
    seconds: float
    detail: str = ""
    cause: str | None = None
    cpu_s: float | None = None
    max_rss_bytes: int | None = None
    rows: int | None = None
    inputs: str | None = None


class Runs:
    """Every run of every job; each call is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    def verify(self) -> None:
        """Raises LakeError where the file is damaged."""
        self._database.verify()

    def copy_to(self, target: Path) -> None:
        """A consistent copy of the whole file."""
        self._database.copy_to(target)

    def begin(self, job: str, start: datetime, end: datetime, *, started: datetime, version: str) -> int:
        """Notes that a run begins that a person asked for; gives its id."""
        row = (job, stamp(start), stamp(end), stamp(started), version, os.getpid())
        with self._database.transaction() as db:
            found = db.execute(
                "insert into runs (job, window_start, window_end, started, version, pid)"
                " values (?, ?, ?, ?, ?, ?) returning id",
                row,
            ).fetchone()
        return int(found[0])

    def claim(
        self, job: str, start: datetime, end: datetime, *, due: datetime, attempt: int, started: datetime, version: str
    ) -> int | None:
        """Notes that a scheduled run begins; gives its id, or None where that attempt has been noted before."""
        row = (job, stamp(start), stamp(end), stamp(due), attempt, stamp(started), version, os.getpid())
        with self._database.transaction() as db:
            try:
                found = db.execute(
                    "insert into runs (job, window_start, window_end, due, attempt, started, version, pid)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?) returning id",
                    row,
                ).fetchone()
            except IntegrityError:
                return None
        return int(found[0])

    def finish(self, run: int, ended: RunResult, *, retry_at: datetime | None = None) -> None:
        """Notes how a run ended; with `retry_at` its window stays open for another attempt."""
        with self._database.transaction() as db:
            db.execute(
                "update runs set outcome = ?, seconds = ?, detail = ?, cause = ?, cpu_s = ?, max_rss_bytes = ?,"
                " rows = ?, inputs = ?, retry_at = ? where id = ?",
                (
                    ended.outcome,
                    round(ended.seconds, 3),
                    ended.detail,
                    ended.cause,
                    ended.cpu_s,
                    ended.max_rss_bytes,
                    ended.rows,
                    ended.inputs,
                    stamp(retry_at) if retry_at else None,
                    run,
                ),
            )

    def last(self, job: str) -> Run | None:
        """The latest run of a job."""
        found = self._select("where job = ? order by id desc limit 1", job)
        return found[0] if found else None

    def last_ended(self, job: str) -> Run | None:
        """The latest run of a job that came to a good end: what it takes."""
        found = self._select("where job = ? and outcome = 'success' order by id desc limit 1", job)
        return found[0] if found else None

    def registered(self) -> Mapping[str, Registered]:
        """The schedule that each job was last registered with."""
        with self._database.reading() as db:
            return registered(db)

    def register(
        self, schedules: Mapping[str, str], zone: str, now: datetime, *, since: Mapping[str, datetime] | None = None
    ) -> None:
        """Notes since when each job has had its schedule in this zone.

        Another schedule or zone than before begins now, or at the job's instant in `since`; a beginning that a wrong
        clock put into the future begins now.
        """
        with self._database.transaction() as db:
            for job, schedule in schedules.items():
                register(db, job, schedule, zone, now=now, since=(since or {}).get(job, now))

    def standings(self, jobs: Iterable[str], now: datetime) -> dict[str, JobProgress]:
        """Where each job stands; one that was never registered begins now."""
        with self._database.reading() as db:
            return {job: _standing(db, job, now) for job in jobs}

    def skip(self, job: str, start: datetime, end: datetime, *, due: datetime, started: datetime, ended: RunResult,
             version: str) -> None:  # fmt: skip
        """Settles windows that will not be made, as one row from the start of the first to the end of the last."""
        row = (job, stamp(start), stamp(end))
        with self._database.transaction() as db:
            db.execute(
                "insert into runs (job, window_start, window_end, due, started, version, outcome, seconds, detail,"
                " cause, attempt) select ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1 + coalesce(max(attempt), 0) from runs"
                " where job = ? and window_start = ? and window_end = ? and due is not null",
                (*row, stamp(due), stamp(started), version, ended.outcome, ended.seconds, ended.detail, ended.cause,
                 *row),
            )  # fmt: skip

    def latest_start(self) -> datetime | None:
        """When the newest scheduled run began."""
        found = self._select("where due is not null order by id desc limit 1")
        return found[0].started if found else None

    def void_after(self, now: datetime) -> int:
        """What was made for windows that have not been is void: they are made when their time comes. Gives how many."""
        detail = "void: made by a clock that was ahead; "
        with self._database.transaction() as db:
            return db.execute(
                "update runs set due = null, retry_at = null, outcome = 'void', detail = ? || coalesce(detail, '')"
                " where due > ? and outcome is not null",
                (detail, stamp(now)),
            ).rowcount

    def give_up(self, run: int) -> None:
        """No other attempt follows on this one."""
        with self._database.transaction() as db:
            db.execute("update runs set retry_at = null where id = ?", (run,))

    def attempts(self, job: str, start: datetime, end: datetime) -> list[Run]:
        """The scheduled attempts at a window, first to last."""
        where = "where job = ? and window_start = ? and window_end = ? and due is not null order by attempt"
        return self._select(where, job, stamp(start), stamp(end))

    def unfinished(self) -> list[Run]:
        """Runs of which no end was noted: they are going on, or their process is dead."""
        return self._select("where outcome is null order by id")

    def failures(self, since: datetime) -> list[Run]:
        """Scheduled windows that were given up since an instant: failed, or too old to be made; latest first."""
        given_up = "(outcome = 'failed' or outcome = 'skipped' and cause = 'catch_up')"
        where = f"where due is not null and {given_up} and retry_at is null and started >= ?"
        return self._select(f"{where} order by id desc", stamp(since))

    def given_up_before(self, job: str, end: datetime) -> list[Run]:
        """The windows of a job that were given up, each ending where the next begins, the last of them at an instant.

        Latest first; empty where the window that ends there was made, also by hand later.
        """
        found: list[Run] = []
        where = (
            "where job = ? and window_end = ? and window_start < window_end and due is not null and retry_at is null"
            " and (outcome = 'failed' or outcome = 'skipped' and cause = 'catch_up') order by id desc limit 1"
        )
        while (runs := self._select(where, job, stamp(end))) and not self.made_since(runs[0]):
            found += runs
            end = runs[0].window_start
        return found

    def failing(self, job: str) -> list[Run]:
        """The failures of a job, by schedule or by hand, since it last ended well; latest first."""
        well = "select coalesce(max(id), 0) from runs where job = ? and outcome in ('success', 'partial')"
        where = (
            f"where job = ? and outcome = 'failed' and retry_at is null and id > ({well}) order by id desc limit 1000"
        )
        return self._select(where, job, job)

    def made_since(self, run: Run) -> bool:
        """Whether the window of a run was made well later, by schedule or by hand."""
        where = "where job = ? and window_end = ? and id > ? and outcome in ('success', 'partial') limit 1"
        return bool(self._select(where, run.job, stamp(run.window_end), run.id))

    def beat(self, job: str, at: datetime, *, runs: int, failures: int, detail: str = "") -> None:
        """Notes that a job of short intervals ran (so often, so often in vain) since the last beat."""
        with self._database.transaction() as db:
            record_beat(db, job, at, runs=runs, failures=failures, detail=detail)

    def beats(self) -> dict[str, Beat]:
        """The latest beat of each such job."""
        with self._database.reading() as db:
            return beats(db)

    def _select(self, where: str, *values: object) -> list[Run]:
        with self._database.reading() as db:
            rows: Sequence[Row] = db.execute(f"select {_COLUMNS} from runs {where}", values).fetchall()  # noqa: S608
        return [_run(row) for row in rows]


def _run(row: Sequence[object]) -> Run:
    values = list(row)
    for index in (2, 3, 4, 6, 11):
        text = values[index]
        values[index] = instant(text) if isinstance(text, str) else None
    return Run(*values)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _standing(db: Connection, job: str, now: datetime) -> JobProgress:
    begun = db.execute("select since from schedules where job = ?", (job,)).fetchone()
    settled = db.execute(
        "select due, window_end from runs where job = ? and due <= ? and outcome is not null and retry_at is null"
        " order by due desc limit 1",
        (job, stamp(now)),
    ).fetchone()
    after = settled[0] if settled else ""
    rows = db.execute(
        f"select {_COLUMNS} from runs where job = ? and due > ? and due <= ? order by due, attempt",  # noqa: S608
        (job, after, stamp(now)),
    ).fetchall()
    since = instant(begun[0]) if begun else now
    until, end = (instant(settled[0]), instant(settled[1])) if settled else (None, None)
    return JobProgress(since, until, tuple(_run(row) for row in rows), end)
