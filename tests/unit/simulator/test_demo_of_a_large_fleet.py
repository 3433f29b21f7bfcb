"""`plimsoll demo --every`: a large fleet with readings further apart."""

from pathlib import Path

import polars as pl
import pytest

from plimsoll.cli import run
from plimsoll.project import Project
from plimsoll.tables import SAMPLES


def test_readings_are_as_far_apart_as_asked(tmp_path: Path) -> None:
    """The lake has them, and the project expects no more."""
    folder = tmp_path / "demo"
    given = ["--resources", "5", "--days", "1", "--every", "5m", "--until", "2026-01-16T18:00:00Z"]
    assert run(["demo", str(folder), *given]) == 0
    rows = Project.open(folder, here=folder).lake.snapshot().scan(SAMPLES).filter(pl.col("device") == "").collect()
    assert set(rows["ts"].dt.epoch("s") % 300) == {0}
    assert rows.height > 5 * 280
    assert 'every = "300s"' in (folder / "config.toml").read_text()


@pytest.mark.parametrize("every", ["7m", "5s", "2h", "often"])
def test_another_time_is_refused(every: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By name; nothing is made."""
    assert run(["demo", str(tmp_path / "demo"), "--every", every]) == 2
    assert f'--every "{every}"' in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()
