"""The restore drill: a backup made while writing goes on is a whole project."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.cli.project import make_project
from plimsoll.errors import LakeError
from plimsoll.project import Project
from plimsoll.tables import SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


def test_a_backup_while_writing_is_proven_and_can_be_worked_with(tmp_path: Path) -> None:
    """Every row that was acknowledged before the backup began is in it; again into the same folder brings the rest."""
    make_project(tmp_path / "fleet")
    project = Project.open(tmp_path / "fleet", here=tmp_path)
    lake, stop, written = project.lake, threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            at = NOON + timedelta(seconds=written[0])
            lake.append(SAMPLES, [{"ts": at, "resource_id": "a", "device": "", "source": "t"}], collector="t")
            written[0] += 1
            if written[0] % 20 == 0:
                lake.compact(now=NOON)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while written[0] < 50:
            pass
        before = written[0]
        project.backup(tmp_path / "copy")
        after = written[0]
    finally:
        stop.set()
        writer.join()
    copy = Project.open(tmp_path / "copy", here=tmp_path)
    assert before <= copy.lake.snapshot().scan(SAMPLES).collect().height <= after + 1
    assert run(["verify", "--project", str(tmp_path / "copy")]) == 0
    project.backup(tmp_path / "copy")
    assert copy.lake.snapshot().scan(SAMPLES).collect().height == written[0]
    copy.lake.compact(now=NOON + timedelta(hours=1))
    assert copy.lake.snapshot().scan(SAMPLES).collect().height == written[0]


def test_damage_is_not_backed_up(tmp_path: Path) -> None:
    """A copy of a damaged file would look like a good one."""
    make_project(tmp_path / "fleet")
    project = Project.open(tmp_path / "fleet", here=tmp_path)
    name = project.lake.append(SAMPLES, [{"ts": NOON, "resource_id": "a", "device": "", "source": "t"}], collector="t")
    path = project.lake.root / "samples" / name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(LakeError, match="set it aside first: plimsoll verify --repair"):
        project.backup(tmp_path / "copy")
    assert not (tmp_path / "copy" / "data" / "lake" / "MANIFEST.json").exists()
