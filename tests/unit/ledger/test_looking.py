"""Looking at the ledger changes nothing, waits for nobody, and works on a full disk; its file is its owner's."""

import resource
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plimsoll.errors import LakeError
from plimsoll.ledger import Alerts, Ledger, Promises
from plimsoll.ledger.outbox import Outbox

DAY = datetime(2026, 1, 16, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with a run and a message."""
    path = tmp_path / "data" / "ledger.sqlite"
    Ledger(path).begin("daily", DAY, DAY, started=DAY, version="1")
    Outbox(path).put(
        "m", channel="mail", recipient="a@example.org", kind="daily", end=DAY, body=b"x", summary="s", now=DAY
    )
    return path


def look(path: Path) -> tuple[int, int]:
    """(runs without an end, messages that are due): every kind of look."""
    assert Ledger(path).beats() == {}
    assert Alerts(path).since(DAY) == []
    assert Promises(path).due(DAY.date(), DAY.date()) == []
    return len(Ledger(path).unfinished()), len(Outbox(path).due(DAY))


@contextmanager
def no_more_bytes() -> Generator[None]:
    """No file may grow, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_look_waits_for_no_writer(path: Path) -> None:
    """Somebody holds the write lock, a backup or a shell: what was known before is answered at once."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        other.execute("delete from runs")
        began = time.monotonic()
        assert look(path) == (1, 1)
        assert time.monotonic() - began < 2


def test_a_full_disk_can_be_looked_at(path: Path) -> None:
    """Without room for the index beside it; not a byte of the ledger changes."""
    before = path.read_bytes()
    with no_more_bytes():
        assert look(path) == (1, 1)
        Ledger(path).verify()
    assert path.read_bytes() == before


def test_a_look_makes_no_ledger(tmp_path: Path) -> None:
    """Where there is none yet, nothing is known, and nothing is written."""
    assert look(tmp_path / "data" / "ledger.sqlite") == (0, 0)
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_reads_it(path: Path) -> None:
    """Mail bodies are in it: 0600 in a folder of 0700, also where it was made with other rights before."""
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.chmod(0o664)
    path.parent.chmod(0o755)
    Ledger(path).begin("daily", DAY, DAY, started=DAY, version="1")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o660, 0o750)
    Ledger(path).copy_to(path.parent / "copies" / "ledger.sqlite")
    assert (path.parent / "copies" / "ledger.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    """Neither written through nor read through."""
    foreign = tmp_path / "foreign.sqlite"
    foreign.touch()
    path.unlink()
    path.symlink_to(foreign)
    with pytest.raises(LakeError, match="is a link"):
        Ledger(path).beats()
    with pytest.raises(LakeError, match="is a link"):
        Ledger(path).begin("daily", DAY, DAY, started=DAY, version="1")
    assert foreign.read_bytes() == b""


def test_a_ledger_that_is_gone_is_not_begun_anew(path: Path) -> None:
    """Neither by a look nor by a run; a copy put back, or a person's word, makes it go on."""
    kept = path.read_bytes()
    for one in path.parent.glob("ledger.sqlite*"):
        one.unlink()
    for use in (Ledger(path).unfinished, lambda: Ledger(path).begin("daily", DAY, DAY, started=DAY, version="1")):
        with pytest.raises(LakeError, match="was here and is gone"):
            use()
    assert not path.exists()
    path.write_bytes(kept)
    assert look(path) == (1, 1)
    path.unlink()
    (path.parent / "ledger.began").unlink()
    assert look(path) == (0, 0)
