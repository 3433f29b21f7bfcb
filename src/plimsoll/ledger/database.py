"""The ledger's file: SQLite in WAL mode with full durability, migrated forward only, after a copy."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from plimsoll.errors import DiskError, LakeError, PlimsollError, TemporaryError, shown
from plimsoll.ledger import file

_WRITERS_WAIT_S: Final = 30.0
_READERS_WAIT_S: Final = 2.0

MIGRATIONS: Final = (
    """
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
    ) strict;
    """,
    """
    alter table runs add column due text;
    alter table runs add column attempt integer not null default 1;
    alter table runs add column retry_at text;
    alter table runs add column cause text;
    alter table runs add column pid integer;
    alter table runs add column cpu_s real;
    alter table runs add column max_rss_bytes integer;
    alter table runs add column rows integer;
    alter table runs add column inputs text;
    create unique index runs_once on runs (job, window_start, window_end, attempt) where due is not null;
    create index runs_by_due on runs (job, due);
    create table schedules (
        job text primary key,
        schedule text not null,
        zone text not null,
        since text not null
    ) strict;
    create table beats (
        job text primary key,
        started text not null,
        succeeded text,
        runs integer not null,
        failures integer not null,
        failing integer not null,
        detail text
    ) strict;
    """,
    """
    create table promises (
        pool text not null,
        made text not null,
        due text not null,
        forecast real not null,
        low real not null,
        high real not null,
        primary key (pool, made, due)
    ) strict;
    create index promises_by_due on promises (due);
    """,
    """
    create table alerts (
        id text primary key,
        resource text not null,
        line text not null,
        metric text not null,
        severity text not null,
        threshold real not null,
        value real not null,
        worst real not null,
        opened text not null,
        last_seen text not null,
        closed text
    ) strict;
    create unique index one_open_alert on alerts (resource, line) where closed is null;
    create index alerts_by_closed on alerts (closed);
    create table snoozes (
        id text primary key,
        noted text not null,
        until text not null,
        reason text not null
    ) strict;
    """,
    """
    create table verdicts (
        id text not null,
        said text not null,
        noted text not null,
        until text,
        reason text not null
    ) strict;
    create index verdicts_by_id on verdicts (id);
    """,
    """
    create table outbox (
        id text primary key,
        channel text not null,
        recipient text not null,
        kind text not null,
        window_end text not null,
        body blob not null,
        summary text not null,
        state text not null,
        attempts integer not null,
        losses integer not null,
        next_try text not null,
        queued text not null,
        updated text not null,
        detail text not null
    ) strict;
    create index outbox_by_state on outbox (state, next_try);
    """,
    """
    create table told (
        id text not null,
        resource text not null,
        adviser text not null,
        made text not null,
        held_s real not null,
        low real not null,
        high real not null,
        title text not null,
        settled integer not null default 0
    ) strict;
    create index told_by_id on told (id, settled);
    create table outcomes (
        id text not null,
        adviser text not null,
        title text not null,
        promised_low real not null,
        promised_high real not null,
        changed text not null,
        noted text not null,
        state text not null,
        value real,
        low real,
        high real,
        peers integer not null,
        why text not null
    ) strict;
    create index outcomes_by_noted on outcomes (noted);
    """,
    """
    alter table outbox add column thread text not null default '';
    alter table outbox add column receipt text not null default '';
    create table notices (
        channel text not null,
        subject text not null,
        round integer not null,
        state text not null,
        message text not null,
        thread text not null,
        noted text not null,
        primary key (channel, subject, round, state)
    ) strict;
    create index notices_by_noted on notices (noted);
    """,
    """
    alter table told rename to advice_promises;
    alter table advice_promises rename column held_s to cause_s;
    drop index told_by_id;
    create index advice_promises_by_id on advice_promises (id, settled);
    alter table beats rename to heartbeats;
    """,
    """
    alter table alerts add column kind text not null default 'line';
    alter table alerts add column what text not null default '';
    create table looked (
        kind text primary key,
        at text not null
    ) strict;
    """,
)
"""Each brings the file from one format to the next; the file's format is the number of those it has had."""


@dataclass(frozen=True, slots=True)
class Database:
    """One SQLite file; each transaction has its own connection, so any process and thread may use it at any time."""

    path: Path

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Everything inside is kept, durably, or nothing is."""
        with self._said_plainly(), closing(self._open()) as db:
            db.execute("begin immediate")
            try:
                yield db
            except BaseException:
                db.execute("rollback")
                raise
            db.execute("commit")

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """One state of it, to look at; changes nothing, and waits for no writer.

        So it works on a full or read-only disk and while another process holds the lock. Where no ledger
        exists yet it is an empty one.
        """
        with self._said_plainly(), closing(self._open_to_read()) as db:
            db.execute("begin")
            yield db

    def verify(self) -> None:
        """Reads the whole file; raises LakeError where it is damaged."""
        with self.reading() as db:
            found = db.execute("pragma quick_check(1)").fetchone()[0]
        if found != "ok":
            raise LakeError(f"{self.path.name}: the ledger is damaged ({shown(found)}); restore a copy of it")

    def copy_to(self, target: Path) -> None:
        """A consistent copy, while others write."""
        file.prepare_copy(target)
        with self._said_plainly(), closing(self._open_to_read()) as db, closing(sqlite3.connect(target)) as copy:
            db.backup(copy)

    def _open(self) -> sqlite3.Connection:
        file.prepare(self.path)
        db = sqlite3.connect(self.path, timeout=_WRITERS_WAIT_S, isolation_level=None)
        try:
            self._migrate(db)
            db.execute("pragma synchronous=full")
            file.began(self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _open_to_read(self) -> sqlite3.Connection:
        file.refuse_what_is_not_ours(self.path)
        if not self.path.exists() or not self.path.stat().st_size:
            return _empty()
        db = self._look("mode=ro")
        try:
            version = _version(db)
        except sqlite3.OperationalError:
            # without room or right for its index beside it; without a journal the file alone is everything
            db.close()
            journal = self.path.with_name(self.path.name + "-wal")
            if journal.exists() and journal.stat().st_size:
                raise
            db = self._look("mode=ro&immutable=1")
            version = _version(db)
        except BaseException:
            db.close()
            raise
        if version == len(MIGRATIONS):
            return db
        db.close()
        return self._open()  # brings it to this format, or says that it is of a newer one

    def _look(self, how: str) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?{how}"
        return sqlite3.connect(address, uri=True, timeout=_READERS_WAIT_S, isolation_level=None)

    def _migrate(self, db: sqlite3.Connection) -> None:
        version = _version(db)
        if version == len(MIGRATIONS):
            return
        if version > len(MIGRATIONS):
            raise LakeError(
                f"{self.path.name}: written by a newer Plimsoll (format {version}; this one knows {len(MIGRATIONS)});"
                " update the program"
            )
        if db.execute("select count(*) from sqlite_master").fetchone()[0]:
            self._copy(db, version)
        db.execute("pragma journal_mode=wal")
        db.execute("begin immediate")
        _bring_up(db)
        db.execute("commit")

    def _copy(self, db: sqlite3.Connection, version: int) -> None:
        """The file as it was, beside it: a migration goes one way."""
        beside = self.path.with_name(f"{self.path.name}.format-{version}")
        file.prepare_copy(beside)
        with closing(sqlite3.connect(beside)) as copy:
            db.backup(copy)

    @contextmanager
    def _said_plainly(self) -> Generator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._plain(error) from error
        except OSError as error:
            raise DiskError(f"{self.path.name}: the ledger cannot be opened ({error.strerror})") from error

    def _plain(self, error: sqlite3.DatabaseError) -> PlimsollError:
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return TemporaryError(f"{self.path.name}: the ledger is busy; try again")
        if kind in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return DiskError(
                f"{self.path.name}: the disk refused the ledger ({error}); free space or rights, then go on"
            )
        return LakeError(f"{self.path.name}: the ledger is damaged ({shown(error)}); restore a copy of it")


def stamp(at: datetime) -> str:
    """An instant as the ledger keeps it: always with milliseconds, so that texts sort as instants do."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("pragma user_version").fetchone()[0])


def _bring_up(db: sqlite3.Connection) -> None:
    for number in range(_version(db), len(MIGRATIONS)):  # another process may have been faster
        for statement in MIGRATIONS[number].split(";\n"):
            db.execute(statement)
    db.execute(f"pragma user_version={len(MIGRATIONS)}")


def _empty() -> sqlite3.Connection:
    """A ledger that knows nothing, in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(_empty_bytes())
    return db


@cache
def _empty_bytes() -> bytes:
    """An empty ledger's file: its migrations cost 8 ms, and one look at a new project opens it dozens of times."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        _bring_up(db)
        return db.serialize()
