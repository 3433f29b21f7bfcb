"""The ledger's file: migrations with a copy first, refusals that write nothing, damage that is noticed."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plimsoll.errors import DiskError, LakeError
from plimsoll.ledger import Ledger, file
from plimsoll.ledger.database import MIGRATIONS, Database

DAY = datetime(2026, 1, 16, tzinfo=UTC)


def _old(path: Path) -> None:
    """A ledger of format 1 with one run."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(MIGRATIONS[0])
        db.execute(
            "insert into runs (job, window_start, window_end, started, version, outcome, seconds)"
            " values ('daily', '2026-01-15T00:00:00Z', '2026-01-16T00:00:00Z', '2026-01-16T07:00:00Z', '0.0.9',"
            " 'success', 1.5)"
        )
        db.execute("pragma user_version=1")
        db.commit()


@pytest.mark.parametrize("marked", [False, True])
def test_an_older_ledger_is_copied_and_then_migrated(tmp_path: Path, *, marked: bool) -> None:
    """Its runs are still there, and so is the file as it was; also where a marker says that there was a ledger."""
    path = tmp_path / "ledger.sqlite"
    _old(path)
    if marked:
        file.began(path)
    last = Ledger(path).last("daily")
    assert last is not None
    assert (last.window_end, last.outcome, last.due) == (DAY, "success", None)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite.format-1")) as copy:
        assert copy.execute("select job, version from runs").fetchall() == [("daily", "0.0.9")]


def test_a_newer_ledger_is_refused_and_not_touched(tmp_path: Path) -> None:
    """An older program says which format it met, and writes nothing."""
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma user_version=99")
        db.execute("create table later (x)")
    before = path.read_bytes()
    with pytest.raises(LakeError, match=r"newer Plimsoll \(format 99"):
        Ledger(path).last("daily")
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ledger.sqlite"]


def test_damage_is_noticed(tmp_path: Path) -> None:
    """A file that is no database, and one whose pages were overwritten, are both said to be damaged."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(LakeError, match="damaged"):
        Ledger(path).verify()
    other = tmp_path / "other.sqlite"
    ledger = Ledger(other)
    for _ in range(50):
        ledger.begin("daily", DAY, DAY, started=DAY, version="0.1.0")
    with closing(sqlite3.connect(other)) as db:
        db.execute("pragma wal_checkpoint(truncate)")
    raw = bytearray(other.read_bytes())
    raw[4096:] = b"\x5a" * (len(raw) - 4096)
    other.write_bytes(raw)
    with pytest.raises(LakeError, match="damaged"):
        Ledger(other).verify()


def test_a_folder_in_the_way_is_the_disks_refusal(tmp_path: Path) -> None:
    """One line with the file's name, exit code 74."""
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(DiskError, match=r"ledger\.sqlite"):
        Ledger(tmp_path / "ledger.sqlite").last("daily")


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """All of it or none of it."""
    database = Database(tmp_path / "ledger.sqlite")

    def half() -> None:
        with database.transaction() as db:
            db.execute("insert into schedules values ('a', 'hourly', 'UTC', '2026-01-16T00:00:00.000Z')")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half()
    with database.transaction() as db:
        assert db.execute("select count(*) from schedules").fetchone() == (0,)


def test_commits_are_durable(tmp_path: Path) -> None:
    """WAL with synchronous=FULL: a run that was noted survives the power cord."""
    with Database(tmp_path / "ledger.sqlite").transaction() as db:
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
        assert db.execute("pragma synchronous").fetchone() == (2,)


def test_renamed_tables_keep_their_rows(tmp_path: Path) -> None:
    """A ledger of the release before opens with its promises and heartbeats under their new names; a copy stays."""
    path = tmp_path / "ledger.sqlite"
    old = next(number for number, text in enumerate(MIGRATIONS) if "rename to advice_promises" in text)
    with closing(sqlite3.connect(path)) as db:
        for migration in MIGRATIONS[:old]:
            db.executescript(migration)
        db.execute(
            "insert into told values ('advice-1', 'a', 'fix_input', '2026-01-16T18:00:00.000Z', 3600, 5, 9, 'T', 0)"
        )
        db.execute("insert into beats values ('collect', '2026-01-16T18:00:00.000Z', null, 4, 1, 1, 'no space')")
        db.execute(f"pragma user_version={old}")
        db.commit()
    ledger = Ledger(path)
    (promise,) = ledger.outcomes.open()
    assert (promise.id, promise.cause_s, promise.low, promise.high) == ("advice-1", 3600.0, 5.0, 9.0)
    assert (ledger.beats()["collect"].runs, ledger.beats()["collect"].detail) == (4, "no space")
    assert path.with_name(f"ledger.sqlite.format-{old}").is_file()
