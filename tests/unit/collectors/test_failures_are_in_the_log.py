"""A source that begins to fail is one line of the scheduler's log, and so is its return."""

from datetime import UTC, datetime
from pathlib import Path

from plimsoll.cli.project import make_project
from plimsoll.collectors.contract import Reading, collection_row
from plimsoll.collectors.session import Collecting
from plimsoll.project import Project

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class _Moody:
    """A source that fails on the readings named."""

    def __init__(self, *failing: int) -> None:
        self.failing, self.count = failing, 0

    def read(self, now: datetime, monotonic: float) -> Reading:
        """One reading."""
        del monotonic
        self.count += 1
        ok = self.count not in self.failing
        reason = None if ok else "unreachable: [Errno 111] Connection refused"
        return Reading(
            collections=[
                collection_row(now, source="chiller", target="hall-7", ok=ok, reason=reason, duration_s=0, rows=0)
            ]
        )

    def close(self) -> None:
        """Nothing is open."""


def test_only_changes_are_said(tmp_path: Path) -> None:
    """Three failures in a row are one line with the whole reason; the return is another; calm is silent."""
    make_project(tmp_path / "p")
    config = Project.open(tmp_path / "p", here=tmp_path).config()
    collecting = Collecting(config, readers={"chiller": _Moody(2, 3, 4)})
    said: list[list[str]] = []
    for second in range(6):
        collecting.round(NOON, float(second))
        said.append(collecting.take_news())
    assert said == [
        [],
        ["chiller of hall-7 cannot be read: unreachable: [Errno 111] Connection refused"],
        [],
        [],
        ["chiller of hall-7 can be read again"],
        [],
    ]
