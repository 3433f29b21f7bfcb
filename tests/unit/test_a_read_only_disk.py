"""A disk that became read-only while the program ran: one line that says so, no traceback."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from plimsoll.api.tokens import Tokens
from plimsoll.atomic import write_atomically
from plimsoll.errors import DiskError


def _refused(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.EROFS, "Read-only file system")


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be made, renamed or removed; Linux says so of a file that is not there, too."""
    (tmp_path / "counters").write_bytes(b"before")
    monkeypatch.setattr(os, "open", _refused)
    for name in ("unlink", "replace", "mkdir"):
        monkeypatch.setattr(Path, name, _refused)


@pytest.mark.usefixtures("read_only")
def test_a_file_that_is_replaced_whole_stays_as_it_was(tmp_path: Path) -> None:
    """Counters, clock and states are saved so: their writers take a DiskError for "not now"."""
    with pytest.raises(
        DiskError, match=r"counters: cannot be written \(Read-only file system\); it is as it was before"
    ):
        write_atomically(tmp_path / "counters", b"after")
    assert (tmp_path / "counters").read_bytes() == b"before"


def test_a_token_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is there half of one."""
    tokens = Tokens(tmp_path / "tokens.json")
    tokens.new("first", (), datetime(2026, 1, 16, tzinfo=UTC))
    for name in ("unlink", "replace"):
        monkeypatch.setattr(Path, name, _refused)
    with pytest.raises(DiskError, match=r"tokens\.json: cannot be written \(Read-only file system\)"):
        tokens.new("second", (), datetime(2026, 1, 16, tzinfo=UTC))
    assert [one.name for one in tokens.all()] == ["first"]
