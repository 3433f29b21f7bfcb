"""What no report covers is said by the next one: on the page, in the verdict and in its documents."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plimsoll.documents.situation import State, Uncovered
from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.publish.views.notices import of_making
from plimsoll.publish.views.report_input import Made
from plimsoll.publish.views.verdict import judge
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks.report import daily
from tests.clocks import OwnedClock
from tests.schedules import engine, plan
from tests.situations import MOMENT, situation

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY_S = 86_400.0


def paused(project: Project, clock: OwnedClock, days: int) -> list[tuple[datetime, datetime]]:
    """The windows that a scheduler made after a pause of so many days."""
    jobs = plan({"daily_report": "daily 07:00"}, reporting=("daily_report",))
    engine(project, clock, jobs)
    clock.advance(days * DAY_S)
    again, notes = engine(project, clock, jobs)
    again.pass_all()
    return notes.windows("daily_report")


def reported(project: Project, window: tuple[datetime, datetime]) -> tuple[str, dict[str, list[dict[str, str]]]]:
    """The page and the situation of a window's report, with a resource that is read to its end."""
    start, end = window
    row = {"ts": start, "resource_id": "a", "source": "host", "name": "a", "type": "cluster", "interval_s": 900.0}
    project.lake.append(RESOURCES, [row], collector="test")
    read = [
        {"ts": start + n * timedelta(minutes=15), "resource_id": "a", "device": "", "source": "host", "up_pct": 100.0}
        for n in range(int((end - start) / timedelta(minutes=15)))
    ]
    project.lake.append(SAMPLES, read, collector="test")
    ctx = replace(context(project, clock=OwnedClock(end), as_of=end), start=start)
    made = daily(ctx)
    return made.page.read_text(), json.loads((made.folder / "situation.json").read_text())["detail"]


def test_the_first_report_after_a_long_pause_says_what_none_covers(project: Project) -> None:
    """Forty days: fourteen are made; the first of them names the rest, why, and what to do; the second does not."""
    windows = paused(project, OwnedClock(START), 40)
    assert len(windows) == 14
    page, detail = reported(project, windows[0])
    assert "No daily report covers 2 Mar 07:00 to 28 Mar 07:00: 26 windows were due more than 14 days ago" in page
    assert "plimsoll run daily_report --as-of INSTANT" in page
    assert "First report" not in page
    (told,) = detail["uncovered"]
    assert (told["start"], told["end"]) == ("2026-03-02T07:00:00Z", "2026-03-28T07:00:00Z")
    assert "[schedule] catch_up" in told["why"]
    page, detail = reported(project, windows[1])
    assert (detail["uncovered"], "No daily report covers" in page) == ([], False)


def test_a_window_that_failed_for_good_is_no_report_either(project: Project) -> None:
    """Given up and skipped windows join to one time; one that a person made later is covered."""
    ledger = project.ledger
    days = [START + timedelta(days=n) for n in range(4)]
    skip = RunResult("skipped", 0.0, detail="1 window was too old", cause="catch_up")
    ledger.skip("daily_report", days[0], days[1], due=days[1], started=days[3], ended=skip, version="1")
    run = ledger.claim("daily_report", days[1], days[2], due=days[2], attempt=1, started=days[3], version="1")
    assert run is not None
    ledger.finish(run, RunResult("failed", 1.0, "the disk is full", "error"), retry_at=days[3])
    assert ledger.given_up_before("daily_report", days[2]) == [], "it is to be tried again"
    ledger.finish(run, RunResult("failed", 1.0, "the disk is full", "error"))
    found = ledger.given_up_before("daily_report", days[2])
    assert [(one.window_start, one.window_end) for one in found] == [(days[1], days[2]), (days[0], days[1])]
    assert ledger.given_up_before("weekly_report", days[2]) == []
    by_hand = ledger.begin("daily_report", days[1], days[2], started=days[3], version="1")
    ledger.finish(by_hand, RunResult("success", 1.0))
    assert ledger.given_up_before("daily_report", days[2]) == []


@pytest.mark.parametrize("kind", ["daily", "weekly", "capacity"])
def test_every_kind_of_report_says_it(kind: str) -> None:
    """And over a turn of the year with the years; what nothing covers is never calm."""
    gap = Uncovered(START - timedelta(days=300), START, "9 windows were due too long ago")
    made = Made(version="1", at=START, generation="1-0", uncovered=[gap])
    (line,) = of_making(made, kind, MOMENT.zone)
    assert "covers 6 May 2025 12:00 to 2 Mar 2026 12:00: 9 windows were due too long ago" in line
    now = situation(uncovered=[gap])
    assert now.state is State.STEADY
    assert judge(now, MOMENT).facts == "No report covers 6 May 2025 12:00 to 2 Mar 2026 12:00."
