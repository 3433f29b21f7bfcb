"""B11: what stands in the place of the data folder is refused by name, in one line, and nothing is written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.project import Project

COMMANDS = (["collect"], ["report", "daily"], ["status"], ["doctor"], ["tick"], ["sql", "select 1"], ["verify"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project without a data folder."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    return tmp_path


def _a_file(folder: Path) -> None:
    (folder / "data").write_text("not a folder")


def _a_file_as_the_lake(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "lake").write_text("not a folder")


def _a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "data")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("harm", [_a_file, _a_file_as_the_lake, _a_pipe])
def test_no_command_goes_on_with_it(
    folder: Path, harm: Callable[[Path], None], command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The path, what it is, what to do; exit code 2; no trace of the program's inside."""
    harm(folder)
    before = sorted(folder.rglob("*"))
    assert run([*command, "--project", str(folder)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "is not a folder; move it away, or name another project" in told
    assert sorted(folder.rglob("*")) == before


def test_a_folder_elsewhere_may_be_linked(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A larger disk is a good reason."""
    (folder / "data").symlink_to(tmp_path_factory.mktemp("large"))
    assert Project.open(folder, here=folder).data.is_dir()


def test_a_link_to_nothing_is_no_folder_yet(folder: Path) -> None:
    """Its target may be mounted later; whoever writes before that says what is missing."""
    (folder / "data").symlink_to(folder / "not" / "mounted")
    assert Project.open(folder, here=folder).data.name == "data"
    assert run(["report", "daily", "--project", str(folder)]) == 74
