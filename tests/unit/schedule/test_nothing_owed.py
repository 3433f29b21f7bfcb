"""An empty outbox costs no process: the scheduler looks whether a job owes anything before it starts one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from plimsoll.documents.report_kinds import DAILY
from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.publish import files
from plimsoll.schedule.nothing_owed import NOTHING_OWED, unless_nothing_is_owed
from plimsoll.schedule.owed import Attempt
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.run_process import Limits
from plimsoll.schedule.schedules import Due
from tests.clocks import OwnedClock
from tests.schedules import write_job

NOW = datetime(2026, 1, 16, 7, 5, tzinfo=UTC)
ROOMY = Limits(deadline_s=60.0, memory_bytes=4_000_000_000)
PROCESS = RunResult("success", 1.5, "a process did it")


def _made(project: Project, job: str = "deliver") -> RunResult:
    """One window of a job, with a stand-in for the process."""

    def execute(_attempt: Attempt, _limits: Limits, _stopping: Callable[[], bool]) -> RunResult:
        return PROCESS

    window = Due(NOW - timedelta(minutes=1), NOW, NOW)
    attempt = Attempt(Plan.load(project).tasks[job], window, 1)
    return unless_nothing_is_owed(project, OwnedClock(NOW), execute)(attempt, ROOMY, lambda: False)


def _put(project: Project, *, now: datetime = NOW) -> str:
    project.ledger.outbox.put(
        "<a@x>", channel="mail", recipient="ops@x", kind="daily", end=NOW, body=b"", summary="", now=now
    )
    return "<a@x>"


def test_an_empty_outbox_starts_no_process_and_writes_nothing(project: Project) -> None:
    """Nothing waits, nothing was published: the window is settled by the look alone."""
    ended = _made(project)
    assert (ended.outcome, ended.detail) == ("success", NOTHING_OWED)
    assert not project.data.exists()


def test_what_waits_is_sent_by_a_process_when_it_is_due(project: Project) -> None:
    """A message that is due, or was being sent when a process ended, is owed; one that is to be tried later is not."""
    box, message = project.ledger.outbox, _put(project)
    assert _made(project) == PROCESS
    box.sending(message, NOW)
    assert _made(project) == PROCESS
    box.settle(message, "queued", detail="451", next_try=NOW + timedelta(minutes=5), now=NOW)
    assert _made(project).detail == NOTHING_OWED
    box.settle(message, "queued", detail="451", next_try=NOW, now=NOW)
    assert _made(project) == PROCESS
    box.settle(message, "sent", detail="250", next_try=NOW, now=NOW)
    assert _made(project).detail == NOTHING_OWED


def test_a_time_that_a_wrong_clock_noted_is_not_waited_for(project: Project) -> None:
    """Queued by a clock that was a day ahead: it is owed now."""
    _put(project, now=NOW + timedelta(days=1))
    assert _made(project) == PROCESS


def test_a_delivered_report_owes_the_dead_mans_switch_once(project: Project) -> None:
    """Published and delivered: the switch is owed, until it was renewed for that window; a failed ping is owed."""
    files.publish(
        project.data / "published",
        {DAILY.document: b"{}"},
        start=NOW - timedelta(days=1),
        end=NOW,
        generation="1",
        now=NOW,
    )
    assert _made(project) == PROCESS
    renewed = {"windowEnd": "2026-01-16T07:05:00Z", "pingFailed": ""}
    (project.data / "delivered.json").write_text(json.dumps(renewed), encoding="utf-8")
    assert _made(project).detail == NOTHING_OWED
    (project.data / "delivered.json").write_text(json.dumps(renewed | {"pingFailed": "503"}), encoding="utf-8")
    assert _made(project) == PROCESS


@pytest.mark.parametrize("owes", ["", ", owes=lambda context: 1 / 0", ", owes=lambda context: True"])
def test_a_job_without_a_look_or_with_a_broken_one_is_carried_out(project: Project, owes: str) -> None:
    """A look that fails keeps no work from being done: the process says what is wrong."""
    path = write_job(project, "work", "hourly", "pass")
    path.write_text(path.read_text(encoding="utf-8").replace('"analysing")', f'"analysing"{owes})'), encoding="utf-8")
    assert _made(project, "work") == PROCESS
