"""The window of a report: from one due instant to the next in the zone, the same on the page and in every document."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from plimsoll.clock import instant
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.schedule.schedules import parse
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks.report import PublishedReport, daily, revised, weekly
from tests.clocks import OwnedClock

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 10, 20, tzinfo=UTC)


@pytest.fixture
def one_host(project: Project) -> Project:
    """A host that is read every ten minutes around the end of summer time; each reading is another number."""
    (project.root / "config.toml").write_text(
        '[plimsoll]\nname = "one"\ntimezone = "Europe/Berlin"\n[collect]\nevery = "10m"\n', encoding="utf-8"
    )
    lake = project.lake
    lake.append(
        RESOURCES,
        [{"ts": BEGIN, "resource_id": "h1", "type": "cluster", "name": "h1", "source": "t", "interval_s": 600.0}],
        collector="t",
    )
    lake.append(
        SAMPLES,
        [
            {"ts": BEGIN + n * timedelta(minutes=10), "resource_id": "h1", "device": "", "source": "t",
             "cpu_utilization_pct": 0.01 * n}
            for n in range(8 * 144)
        ],
        collector="t",
    )  # fmt: skip
    return project


def _made(project: Project, clock: OwnedClock, text: str, day: datetime) -> Iterator[PublishedReport]:
    """The reports of a schedule that are due within three days, as the worker makes them."""
    make = daily if text.startswith("daily") else weekly
    for due in parse(text).between(day, day + timedelta(days=3), BERLIN):
        yield make(context(project, clock=clock, start=due.start, as_of=due.end))


def _window(made: PublishedReport) -> tuple[datetime, datetime]:
    span = json.loads(made.document.read_bytes())["timeRange"]
    return instant(span["start"]), instant(span["end"])


def test_consecutive_reports_cover_every_instant_once(one_host: Project, clock: OwnedClock) -> None:
    """The day of 25 hours is in one report: no hour falls between two, none is in both."""
    windows: list[tuple[datetime, datetime]] = []
    peaks: list[float] = []
    for made in _made(one_host, clock, "daily 07:00", datetime(2026, 10, 23, 12, tzinfo=UTC)):
        windows.append(_window(made))
        peaks.append(json.loads(made.document.read_bytes())["resources"][0]["metrics"]["cpu"]["peak"])
    assert all(a[1] == b[0] for a, b in pairwise(windows))
    assert [(b - a) / timedelta(hours=1) for a, b in windows] == [24, 25, 24]
    last_readings = [(end - BEGIN) // timedelta(minutes=10) - 1 for _, end in windows]
    assert peaks == [pytest.approx(0.01 * n, abs=1e-4) for n in last_readings]


def test_page_documents_and_evidence_name_one_window(one_host: Project, clock: OwnedClock) -> None:
    """The week that begins at a quarter past: weekly.json, the page, optimization, coverage and the manifest agree."""
    (made,) = _made(one_host, clock, "mon 07:15", datetime(2026, 10, 25, tzinfo=UTC))
    start, end = datetime(2026, 10, 19, 5, 15, tzinfo=UTC), datetime(2026, 10, 26, 6, 15, tzinfo=UTC)
    assert _window(made) == (start, end)
    advice = json.loads((made.folder / "weekly-optimization.json").read_bytes())["timeRange"]
    assert (instant(advice["start"]), instant(advice["end"])) == (start, end)
    listed = json.loads((made.folder / "manifest.json").read_bytes())["files"]["weekly.html"]["window"]
    assert (instant(listed["start"]), instant(listed["end"])) == (start, end)
    assert "19 Oct 07:15" in made.page.read_text(encoding="utf-8")
    assert "26 Oct 07:15" in made.page.read_text(encoding="utf-8")


def test_a_report_by_hand_is_the_day_back_in_the_zone(one_host: Project, clock: OwnedClock) -> None:
    """It ends at the instant that was asked for, and begins when the clocks showed the same time the day before."""
    made = daily(context(one_host, clock=clock, as_of=datetime(2026, 10, 25, 11, 30, tzinfo=UTC)))
    assert _window(made) == (datetime(2026, 10, 24, 10, 30, tzinfo=UTC), datetime(2026, 10, 25, 11, 30, tzinfo=UTC))
    evidence = json.loads((made.folder / "evidence.json").read_bytes())
    (coverage,) = [one for one in evidence if one["subject"] == "coverage.h1"]
    assert (coverage["window"]["start"], coverage["window"]["end"]) == ("2026-10-24T10:30:00Z", "2026-10-25T11:30:00Z")
    assert coverage["samples"] == 150


def test_a_revision_is_of_the_same_window(one_host: Project, clock: OwnedClock) -> None:
    """What came late changes the report of the window in which it lies, at the next look of the job `revisions`."""
    first = next(_made(one_host, clock, "daily 07:00", datetime(2026, 10, 24, 12, tzinfo=UTC)))
    late = {"ts": datetime(2026, 10, 24, 12, 1, tzinfo=UTC), "resource_id": "h1", "device": "", "source": "t"}
    one_host.lake.append(SAMPLES, [late | {"cpu_utilization_pct": 100.0}], collector="u")
    (due,) = parse("daily 09:15").between(first.end, first.end + timedelta(hours=3), BERLIN)
    again = revised(context(one_host, clock=clock, start=due.start, as_of=due.end), "daily")
    assert again is not None
    assert (again.revision, _window(again)) == (2, _window(first))
