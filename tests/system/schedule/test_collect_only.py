"""A host that only collects: `plimsoll up --collect-only` reads, keeps, ships, and does nothing else."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.clock import SystemClock
from plimsoll.lake import SharedLake
from plimsoll.project import Project, builtin_root
from plimsoll.tables import SAMPLES


def project_at(root: Path, config: str) -> Project:
    """A project with this config."""
    root.mkdir()
    (root / "config.toml").write_text(f"[plimsoll]\n{config}", encoding="utf-8")
    return Project(root, builtin_root())


@pytest.mark.long
def test_a_collecting_host_fills_the_lake_of_its_owner(tmp_path: Path) -> None:
    """Its readings are in the shared folder within half a minute; `status` tells what waits; it compacts nothing."""
    (tmp_path / "store").mkdir()
    place = f'[lake]\nuri = "{tmp_path / "store"}"\n[collect]\nevery = "1s"\n[ship]\nevery = "10s"\n'
    collector = project_at(tmp_path / "host", f'{place}[machine]\nid = "gpu-a"\n')
    command = [sys.executable, "-m", "plimsoll", "up", "--collect-only", "--project", str(collector.root)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 60
        while not list((tmp_path / "store" / "samples").glob("s-*-gpu_a-*.parquet")) and time.monotonic() < until:
            time.sleep(0.5)
        words = [sys.executable, "-m", "plimsoll", "status", "--json", "--project", str(collector.root)]
        told = json.loads(subprocess.run(words, capture_output=True, check=False).stdout)
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert told["scheduler"]["command"] == "up --collect-only"
    assert sorted(job["job"] for job in told["jobs"]) == ["collect", "ship"]
    assert told["spool"]["lastShipped"] is not None
    assert told["problems"] == []
    assert not (tmp_path / "store" / "MANIFEST.json").exists(), "only the owner compacts"
    owner = project_at(tmp_path / "owner", place).lake
    assert isinstance(owner, SharedLake)
    owner.compact(now=SystemClock().now())
    rows = owner.snapshot().scan(SAMPLES, columns=["resource_id"]).collect()
    assert rows["resource_id"].unique().to_list() == ["gpu-a"]
    assert rows.height > 3


def test_a_collecting_host_needs_somewhere_to_ship_to(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused at the start, with what to set; and what it may not do is refused in words."""
    assert run(["up", "--collect-only", "--project", str(project.root)]) == 2
    assert "needs a place to ship to: set [ship] to, or [lake] uri" in capsys.readouterr().err
    (project.root / "config.toml").write_text('[plimsoll]\n[ship]\nto = "https://owner:8080"\n')
    for words in (["report", "daily"], ["performance"], ["sql", "select 1"], ["run", "compact"]):
        assert run([*words, "--project", str(project.root)]) == 2, words
        assert "this host only collects and ships to https://owner:8080" in capsys.readouterr().err, words
