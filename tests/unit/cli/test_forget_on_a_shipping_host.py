"""`plimsoll forget` on a host that ships: refused there in one line, and nothing waits to be shipped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.lake import Lake
from plimsoll.tables import RESOURCES

SHIPS = '[plimsoll]\nname = "edge"\n[ship]\nto = "https://lake.example.org"\n'


def kept(root: Path) -> dict[str, bytes]:
    """Every segment, day file and spooled file below the data folder."""
    found = (path for folder in ("lake", "spool") for path in (root / "data" / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_only_the_lake_s_owner_forgets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its service would refuse the row, and with it the whole spool would wait behind it for ever."""
    assert run(["init", str(tmp_path)]) == 0
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    row = {"ts": at, "resource_id": "a", "source": "declared.target.x", "name": "a", "type": "cluster"}
    Lake(tmp_path / "data" / "lake").append(RESOURCES, [row], collector="t")
    (tmp_path / "config.toml").write_text(SHIPS, encoding="utf-8")
    before = kept(tmp_path)
    capsys.readouterr()
    assert run(["forget", "a", "--project", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "this host ships to https://lake.example.org" in line
    assert "run it where the lake is kept" in line
    assert kept(tmp_path) == before
    (tmp_path / "config.toml").write_text('[plimsoll]\nname = "edge"\n', encoding="utf-8")
    assert run(["forget", "a", "--project", str(tmp_path)]) == 0
    assert kept(tmp_path) != before
