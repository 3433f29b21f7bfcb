"""A document of a shared lake is the document of the same lake here, byte for byte."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.clock import rfc3339
from plimsoll.project import Project, builtin_root
from tests.services import demo_project


@pytest.mark.slow
def test_it_does_not_matter_where_the_lake_is(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Performance and anomalies of a machine that has only the store, with two processes, against the owner's own."""
    here, reader = tmp_path / "here", tmp_path / "reader"
    fleet = demo_project(here, config='[execution]\nbackend = "processes"\nworkers = 2\nblock_size = 12\n')
    Project(here, builtin_root()).lake.compact(now=datetime.now(UTC))
    shutil.copytree(here / "data" / "lake", tmp_path / "store")
    reader.mkdir()
    config = (here / "config.toml").read_text() + f'[lake]\nuri = "{tmp_path / "store"}"\n'
    (reader / "config.toml").write_text(config)
    for words in (["performance"], ["anomalies"]):
        said: list[bytes] = []
        for root in (here, reader):
            asked = [*words, "--json", "--as-of", rfc3339(fleet.until), "--project", str(root)]
            assert run(asked) == 0
            said.append(capsysbinary.readouterr().out)
        assert json.loads(said[0]), "an empty document proves nothing"
        assert said[0] == said[1], words
