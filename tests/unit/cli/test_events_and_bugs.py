"""What a command does is shown where that is asked for, and a mistake of the program's own says that it is one."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from plimsoll.cli import jobs, run
from plimsoll.cli.project import make_project
from plimsoll.events import timed
from plimsoll.schedule.log import VERBOSE


@pytest.fixture(autouse=True)
def quiet_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The loggers and the environment as they were."""
    monkeypatch.setenv(VERBOSE, "")
    rooms = logging.getLogger("plimsoll")
    before = list(rooms.handlers), rooms.level, rooms.propagate
    yield
    rooms.handlers[:], rooms.level, rooms.propagate = before


def test_verbose_shows_what_each_room_did_and_how_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line an event on standard error; without the option there is none."""
    make_project(tmp_path / "fleet")
    words = ["collect", "--project", str(tmp_path / "fleet")]
    assert run(words) == 0
    assert "seconds=" not in capsys.readouterr().err
    assert run([*words, "--verbose"]) == 0
    lines = capsys.readouterr().err.splitlines()
    for what in ("read", "appended", "compacted"):
        (line, *_) = [one for one in lines if f"] {what} " in one]
        assert "seconds=" in line
        assert "room=" in line


def test_what_fails_is_an_event_with_the_type_of_the_error(caplog: pytest.LogCaptureFixture) -> None:
    """The type, not the text: a text may hold what nobody should read."""
    with caplog.at_level(logging.INFO, "plimsoll"), pytest.raises(ValueError, match="secret"), timed("lake", "read"):
        raise ValueError("secret")
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("plimsoll.lake", "read: failed")
    assert vars(record)["fields"] | {"seconds": 0} == {"error": "ValueError", "seconds": 0}


def test_a_bug_says_that_it_is_one_and_what_to_send(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line: the type of the error and its place, never its text, which may hold a secret; `--debug` shows all."""

    def broken(_: object) -> object:
        raise KeyError("canary-4711")

    monkeypatch.setattr(jobs, "open_project", broken)
    assert run(["jobs"]) == 70
    (line,) = capsys.readouterr().err.splitlines()
    assert "a bug in Plimsoll" in line
    assert "KeyError at cli/jobs.py:" in line
    assert "please report this line, and what the same command prints with --debug" in line
    assert "canary" not in line
    with pytest.raises(KeyError, match="canary-4711"):
        run(["jobs", "--debug"])
