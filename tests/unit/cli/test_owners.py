"""A project is written by its owner alone, and read by whoever may read it."""

import os
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.cli.project import make_project


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of another user."""
    make_project(tmp_path / "fleet")
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    return tmp_path / "fleet"


WRITERS = [
    ["collect"],
    ["report", "daily"],
    ["tick"],
    ["run", "learn"],
    ["snooze", "perf-0123456789ab", "--until", "2h"],
    ["token", "new", "grafana"],
    ["import", "x.csv", "--resource-id", "web-1", "--metric", "cpu_utilization_pct"],
]


@pytest.mark.parametrize("words", WRITERS, ids=lambda words: words[0])
def test_a_writer_is_sent_to_the_owner(theirs: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, the line to type instead, and not one file more."""
    before = _files(theirs)
    assert run([*words, "--project", str(theirs)]) == 2
    said = capsys.readouterr().err
    assert "; run it as its owner: sudo -u " in said
    assert said.count("\n") == 1
    assert _files(theirs) == before


@pytest.mark.parametrize("words", [["status"], ["jobs"], ["config", "show"], ["rules", "list"], ["outcomes"]], ids=str)
def test_a_reader_writes_nothing(theirs: Path, words: list[str]) -> None:
    """Anybody who may read the folder may look, and leaves nothing behind that would lock the service out."""
    before = _files(theirs)
    assert run([*words, "--project", str(theirs)]) in (0, 1)
    assert _files(theirs) == before


@pytest.mark.parametrize("unit", ["plimsoll.service", "plimsoll-collect.service", "plimsoll-tick.timer"])
def test_units_come_with_the_program(unit: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`plimsoll systemd UNIT --print` is the file itself, on standard output."""
    assert run(["systemd", unit, "--print"]) == 0
    assert capsys.readouterr().out.startswith("[Unit]\nDescription=Plimsoll")
