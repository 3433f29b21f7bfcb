"""F05: the process ends at the n-th durable step of rendering, publication, ledger and outbox, for every fourth n."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.cli import run
from tests.faults.publish.ending import make
from tests.shared import ROOT

CONFIG = """
[plimsoll]
name = "demo"
[mail]
host = "localhost"
sender = "plimsoll@example.org"
[recipients.on-call]
address = "on-call@example.org"
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A project with readings, and nothing published."""
    folder = tmp_path / "fleet"
    assert run(["demo", str(folder), "--resources", "5", "--days", "2", "--until", "2026-01-16T18:00:00Z"]) == 0
    shutil.rmtree(folder / "data" / "published")
    for path in (folder / "data").glob("ledger.*"):
        path.unlink()
    (folder / "config.toml").write_text(CONFIG)
    return folder


def _whole(folder: Path) -> None:
    """What the manifest names is there, byte for byte."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return
    for name, entry in json.loads(manifest.read_bytes())["files"].items():
        data = (folder / entry["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], name
        assert entry["revision"] == 1


@pytest.mark.long
def test_one_report_one_success_one_message(fleet: Path, tmp_path: Path) -> None:
    """Whatever was cut short: what is published is whole at every moment, and the next run makes the rest, once."""
    for n in range(1, 400, 4):
        copy = Path(shutil.copytree(fleet, tmp_path / str(n)))
        command = [sys.executable, "-m", "tests.faults.publish.ending", str(copy), str(n)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode in (0, 9), ended.stderr[-500:]
        published = copy / "data" / "published"
        _whole(published / "latest")
        _whole(published / "2026" / "01" / "16")
        make(copy)
        _whole(published / "latest")
        _whole(published / "2026" / "01" / "16")
        assert len(list(published.glob("*/*/*/manifest.json"))) == 1
        assert not list(published.rglob(".tmp-*"))
        with sqlite3.connect(copy / "data" / "ledger.sqlite") as db:
            assert db.execute("select count(*), min(state) from outbox").fetchone() == (1, "queued")
            done = db.execute("select count(*) from runs where outcome = 'success'").fetchone()[0]
        assert done == (2 if ended.returncode == 0 else 1)
        shutil.rmtree(copy)
        if ended.returncode == 0:
            assert n > 60
            return
    raise AssertionError("the loop never ran without an end")
