"""A young project says what it does not know yet, and from when it will: in `status`, and on the report."""

from datetime import UTC, datetime, timedelta

import pytest

from plimsoll.cli import run
from plimsoll.project import Project
from plimsoll.schedule.status import status
from plimsoll.tables import RESOURCES, SAMPLES
from tests.clocks import OwnedClock

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _read(project: Project, minutes: int) -> None:
    """So many minutes of one host, in files and in segments."""
    fact = {"ts": FIRST, "resource_id": "a", "source": "t", "name": "a", "type": "cluster", "interval_s": 60.0}
    project.lake.append(RESOURCES, [fact], collector="t")
    for start, end in ((0, minutes // 2), (minutes // 2, minutes)):
        rows = [
            {
                "ts": FIRST + timedelta(minutes=n),
                "resource_id": "a",
                "device": "",
                "source": "t",
                "cpu_utilization_pct": 9.0,
            }
            for n in range(start, end)
        ]
        project.lake.append(SAMPLES, rows, collector="t")
        if start == 0:
            project.lake.compact(now=FIRST, grace_s=0)


def test_status_counts_down_from_the_first_reading(project: Project) -> None:
    """Nothing before the first reading; then each in its turn; nothing after the last; the lake is only looked at."""
    assert status(project, OwnedClock(FIRST)).to_come == ()
    assert not (project.data / "lake").exists()
    _read(project, 40)
    first = status(project, OwnedClock(FIRST + timedelta(minutes=5))).to_come
    assert [(one.what, one.known_from) for one in first] == [
        ("alerts", "2026-03-02T09:15:00Z"),
        ("advice", "2026-03-03T04:12:00Z"),
        ("anomalies", "2026-03-04T09:00:00Z"),
        ("forecasts", "2026-03-16T09:00:00Z"),
    ]
    assert [one.what for one in status(project, OwnedClock(FIRST + timedelta(days=2))).to_come] == ["forecasts"]
    assert status(project, OwnedClock(FIRST + timedelta(days=14))).to_come == ()


def test_the_report_says_when_what_will_be_known(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """On the first page, in the project's zone; a command that was asked for an older instant speaks of that."""
    (project.root / "config.toml").write_text('[plimsoll]\ntimezone = "Asia/Tokyo"\n', encoding="utf-8")
    _read(project, 40)
    assert run(["report", "daily", "--project", str(project.root), "--as-of", "2026-03-02T09:40:00Z"]) == 0
    line = "Not known yet, for want of history: advice from 13:12 tomorrow; anomalies from Wed 04 Mar 18:00;"
    said = " ".join(capsys.readouterr().out.split())
    assert line in said
    page = (project.data / "published" / "latest" / "daily.html").read_text(encoding="utf-8")
    assert line in page
