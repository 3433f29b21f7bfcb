"""What `plimsoll status` says of a project, and what `plimsoll doctor` finds on a machine."""

import json
import os
import shutil
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from plimsoll.cli import run
from plimsoll.clock import rfc3339
from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.schedule.doctor import run_checks
from plimsoll.schedule.project_lock import owned
from plimsoll.schedule.status import status, upcoming
from plimsoll.tables import COLLECTIONS
from tests.clocks import OwnedClock
from tests.schedules import write_job


class Usage(NamedTuple):
    """What `shutil.disk_usage` gives."""

    total: int
    used: int
    free: int


def _beat(project: Project, clock: OwnedClock, **also: object) -> None:
    told: dict[str, object] = {"at": rfc3339(clock.now()), "pid": 1, "held": False, "troubles": dict[str, str]()} | also
    project.data.mkdir(exist_ok=True)
    (project.data / "heartbeat.json").write_text(json.dumps(told), encoding="utf-8")


def test_without_a_scheduler_a_project_is_not_healthy(project: Project, clock: OwnedClock) -> None:
    """And it says what to do."""
    found = status(project, clock)
    assert not found.healthy
    assert found.problems == ("no scheduler is running; start one: plimsoll up",)


def test_it_renders_the_situation_of_the_last_report(
    project: Project, clock: OwnedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the report published, and nothing of its own; before the first report there is none."""
    assert status(project, clock).report is None
    folder = project.data / "published" / "latest"
    folder.mkdir(parents=True)
    counts = {"judged": 2, "tooNew": 0, "tooSeldom": 1, "silent": 1, "notDue": 3, "notSeen": 4}
    detail = {"verdict": "Steady.", "facts": "a was silent.", "total": 11, "counts": counts}
    told = {"subject": "situation", "window": {"end": "2026-01-16T18:00:00Z"}, "detail": detail}
    (folder / "situation.json").write_text(json.dumps(told), encoding="utf-8")
    found = status(project, clock).report
    assert found is not None
    assert (found.verdict, found.facts, found.judged, found.silent) == ("Steady.", "a was silent.", 2, 1)
    assert found.counts.total == found.total
    run(["status", "--project", str(project.root)])
    printed = capsys.readouterr().out
    assert (
        "2 of 11 judged, 1 read too seldom for this window, 1 silent, 3 not due any more, 4 not seen any more"
        in printed
    )


def test_a_host_that_names_too_much_is_told(project: Project, clock: OwnedClock) -> None:
    """What the door refused of it stands in `plimsoll status`, with the setting."""
    folder = project.data / "names"
    folder.mkdir(parents=True)
    (folder / "evil.json").write_text(json.dumps({"at_s": clock.now().timestamp(), "reason": "9 new ones"}))
    assert any("host evil" in line and "9 new ones" in line for line in status(project, clock).problems)


def test_with_a_scheduler_that_beats_it_is_healthy(project: Project, clock: OwnedClock) -> None:
    """Every job is there, with its last run and its next."""
    write_job(project, "report", "daily 07:00", "pass")
    run = project.ledger.claim(
        "report",
        clock.now() - timedelta(days=1),
        clock.now(),
        due=clock.now(),
        attempt=1,
        started=clock.now(),
        version="0.1.0",
    )
    assert run is not None
    project.ledger.finish(run, RunResult("success", 1.0))
    _beat(project, clock)
    with owned(project.data, command="up", now=clock.now()):
        found = status(project, clock)
    assert (found.healthy, found.problems) == (True, ())
    (report,) = [job for job in found.jobs if job.job == "report"]
    assert (report.last_outcome, report.next_due) == ("success", "2026-01-17T07:00:00Z")


@pytest.mark.parametrize(
    ("also", "problem"),
    [
        ({"at": "2026-01-16T17:58:00Z"}, "gave no sign of life for 120 s"),
        ({"workers": {"serve": "ended with code 1"}}, "serve: is not up: ended with code 1"),
        ({"troubles": {"reporting": "the disk refused"}}, "reporting: the disk refused"),
    ],
)
def test_a_scheduler_in_trouble_is_named(
    project: Project, clock: OwnedClock, also: dict[str, object], problem: str
) -> None:
    """One line for each trouble."""
    _beat(project, clock, **also)
    with owned(project.data, command="up", now=clock.now()):
        (said,) = status(project, clock).problems
    assert problem in said


def test_a_window_that_was_given_up_is_a_problem_until_the_job_ends_well(project: Project, clock: OwnedClock) -> None:
    """With its job, its window, the reason, and what to do."""
    write_job(project, "report", "every 1h", "pass")
    run = project.ledger.claim(
        "report",
        clock.now() - timedelta(hours=1),
        clock.now(),
        due=clock.now(),
        attempt=2,
        started=clock.now(),
        version="0.1.0",
    )
    assert run is not None
    project.ledger.finish(run, RunResult("failed", 1.0, "no luck", "error"))
    _beat(project, clock)
    with owned(project.data, command="up", now=clock.now()):
        problems = status(project, clock).problems
    (said,) = [problem for problem in problems if problem.startswith("report:")]
    assert said.startswith("report: window 2026-01-16T17:00:00Z to 2026-01-16T18:00:00Z failed: no luck")
    assert said.endswith("to make it again: plimsoll run report --as-of 2026-01-16T18:00:00Z")
    clock.advance(86_401)
    assert any("no luck" in problem for problem in status(project, clock).problems)
    again = project.ledger.begin("report", clock.now(), clock.now(), started=clock.now(), version="0.1.0")
    project.ledger.finish(again, RunResult("success", 1.0))
    assert not any("no luck" in problem for problem in status(project, clock).problems)


def _attempt(at: datetime, source: str, target: str, reason: str | None = None) -> dict[str, object]:
    return {"ts": at, "source": source, "target": target, "ok": True, "reason": reason, "duration_s": 0.1, "rows": 1}


DECLARED = """[plimsoll]
name = "d"
[collect]
every = "30s"
[targets.nodes]
urls = ["http://node-1:9100/metrics", "http://node-2:9100/metrics"]
mapping = "node"
[probes.shop]
url = "https://shop.example.org/"
[slurm.alps]
every = "1h"
"""


def test_what_is_declared_and_never_read_is_named(project: Project, clock: OwnedClock) -> None:
    """Each address, probe and cluster that no attempt tells of, after a few intervals; what was tried is not."""
    config = project.root / "config.toml"
    config.write_text(DECLARED, encoding="utf-8")
    written = clock.now().timestamp()
    os.utime(config, (written, written))

    def named() -> list[str]:
        _beat(project, clock)
        return [line.split(":")[0] + line.partition(": is")[1] for line in status(project, clock).problems
                if "is declared, and was not read" in line]  # fmt: skip

    with owned(project.data, command="up", now=clock.now()):
        clock.advance(149)
        assert named() == []
        clock.advance(3)
        project.lake.append(COLLECTIONS, [_attempt(clock.now(), "node", "http://node-2:9100/metrics")], collector="t")
        assert named() == ["node http: is", "probe shop: is"]
        rows = [_attempt(clock.now(), *one) for one in
                (("probe", "shop"), ("node", "http://node-1:9100/metrics"), ("slurm.alps", "squeue"))]  # fmt: skip
        project.lake.append(COLLECTIONS, rows, collector="t")
        assert named() == []
        clock.advance(2.9 * 3600)  # the cluster is asked once an hour
        assert named() == ["node http: is", "node http: is", "probe shop: is"]
        clock.advance(0.3 * 3600)
        assert "slurm.alps squeue: is" in named()


def test_ticks_that_come_seldom_name_nothing_that_each_of_them_read(project: Project, clock: OwnedClock) -> None:
    """Between two ticks of cron nothing is read, and that is right."""
    config = project.root / "config.toml"
    config.write_text(DECLARED.partition("[probes")[0], encoding="utf-8")
    os.utime(config, (0, 0))
    for url in ("http://node-1:9100/metrics", "http://node-2:9100/metrics"):
        project.lake.append(COLLECTIONS, [_attempt(clock.now(), "node", url)], collector="t")
    _beat(project, clock, command="tick", everyS=6 * 3600.0)
    clock.advance(5.5 * 3600)
    assert [line for line in status(project, clock).problems if "is declared" in line] == []
    clock.advance(6 * 3600)
    assert [line for line in status(project, clock).problems if "is declared" in line] != []


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("refused: n1: gpu_power_w -1 cannot be (0 to inf)", True),
        ("3 of 9 families are not mapped; refused: n1: gpu_power_w -1 cannot be (0 to inf)", True),
        ("cannot be reached: Connection refused", False),
        ("its certificate was refused; it is not trusted", False),
    ],
)
def test_only_values_that_the_door_refused_are_told(
    project: Project, clock: OwnedClock, reason: str, told: object
) -> None:
    """A probe of a service that refuses connections is a reading like any other: alerts tell of it, not `status`."""
    project.lake.append(COLLECTIONS, [_attempt(clock.now(), "probe", "shop", reason)], collector="t")
    clock.advance(1)
    lines = [line for line in status(project, clock).problems if line.startswith("probe shop")]
    said = (
        "probe shop: values that cannot be were left out of 1 reading within a day, the last at 2026-01-16T18:00:00Z:"
        " n1: gpu_power_w -1 cannot be (0 to inf); look at that sensor or its exporter"
    )
    assert lines == ([said] if told else [])


def test_a_refused_value_stays_in_view_for_a_day(project: Project, clock: OwnedClock) -> None:
    """The next clean attempt does not hide it: a problem for an hour, a note for a day, with how many and the last."""

    def seen() -> tuple[int, int, bool]:
        found = status(project, clock)
        lines = [[line for line in part if "cannot be" in line] for part in (found.problems, found.notes)]
        sources = next(one for one in run_checks(project, clock) if one.about == "sources")
        assert all("left out of 3 readings" in line and "gpu_power_w -3" in line for part in lines for line in part)
        return len(lines[0]), len(lines[1]), "cannot be" in sources.text

    for value in (-1, -2, -3):
        reason = f"refused: n1: gpu_power_w {value} cannot be (0 to inf)"
        project.lake.append(COLLECTIONS, [_attempt(clock.now(), "node", "n1", reason)], collector="t")
        clock.advance(30)
        project.lake.append(COLLECTIONS, [_attempt(clock.now(), "node", "n1")], collector="t")
        clock.advance(30)
    assert seen() == (1, 0, True)
    clock.advance(3600)
    project.lake.append(COLLECTIONS, [_attempt(clock.now(), "node", "n1")], collector="t")
    clock.advance(30)
    assert seen() == (0, 1, True)
    clock.advance(86_400)
    assert seen() == (0, 0, False)


def test_the_doctor_names_what_is_declared_and_never_read(project: Project, clock: OwnedClock) -> None:
    """Beside targets that answer well, and where nothing was read at all."""
    config = project.root / "config.toml"
    config.write_text(DECLARED, encoding="utf-8")
    os.utime(config, (0, 0))

    def sources() -> str:
        return next(f"{one.verdict}: {one.text}" for one in run_checks(project, clock) if one.about == "sources")

    _beat(project, clock)
    with owned(project.data, command="up", now=clock.now()):
        clock.advance(600)
        assert sources().startswith("bad: node http://node-1:9100/metrics: is declared, and was not read since ")
        clock.advance(60)
        project.lake.append(COLLECTIONS, [_attempt(clock.now(), "node", "http://node-1:9100/metrics")], collector="t")
        clock.advance(60)
        assert sources().startswith("bad: 1 of 1 answered at last; ")
        assert "node http://node-2:9100/metrics: is declared, and was not read" in sources()


def test_a_step_that_fails_or_stays_away_is_a_problem(project: Project, clock: OwnedClock) -> None:
    """A job of short steps tells by its beat."""
    write_job(project, "probe", "every 5s", "pass")
    project.ledger.beat("probe", clock.now(), runs=3, failures=3, detail="refused")
    assert "probe: failed 3 times in a row: refused" in status(project, clock).problems
    project.ledger.beat("probe", clock.now(), runs=1, failures=0)
    clock.advance(90)
    assert "probe: last ran 90 s ago, every 5 s is asked for" in status(project, clock).problems


def test_a_disk_that_is_nearly_full_is_a_problem(
    project: Project, clock: OwnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is free and what is needed."""
    project.data.mkdir()

    def nearly_full(_: object) -> Usage:
        return Usage(100_000_000_000, 99_000_000_000, 1_000_000_000)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    assert any("1000 MB free, 2000 MB are needed" in problem for problem in status(project, clock).problems)


def test_the_doctor_looks_at_everything(project: Project, clock: OwnedClock) -> None:
    """Each finding says what it is about and how it is; a whole project has nothing bad."""
    findings = {finding.about: finding for finding in run_checks(project, clock)}
    assert {"python", "config", "zone data", "clock", "disk", "ledger", "scheduler", "GPU"} <= set(findings)
    assert [finding for finding in findings.values() if finding.verdict == "bad"] == []
    assert "plimsoll up" in findings["scheduler"].text


def test_the_doctor_knows_who_answers_and_what_is_not_mapped(project: Project, clock: OwnedClock) -> None:
    """The last attempt of each target counts; a failure is named with its reason."""
    row: dict[str, object] = {"target": "a", "reason": None, "duration_s": 0.2, "rows": 1}
    unmapped = "3 of 12 vllm families are not mapped, such as vllm:new"

    def attempts(**last: object) -> dict[str, str]:
        rows: list[dict[str, object]] = [
            {**row, "ts": clock.now() - timedelta(minutes=5), "source": "vllm", "ok": False, "reason": "401: no"},
            {**row, "ts": clock.now() - timedelta(minutes=4), "source": "vllm", "ok": True, **last},
        ]
        project.lake.append(COLLECTIONS, rows, collector="t")
        clock.advance(60)
        return {one.about: f"{one.verdict}: {one.text}" for one in run_checks(project, clock)}

    assert {one.about: one.verdict for one in run_checks(project, clock)}["sources"] == "note"
    fine = attempts(reason=unmapped)
    assert fine["sources"] == "ok: 1 of 1 answered at last; the slowest is vllm (0.20 s)"
    assert fine["mappings"].startswith(f"note: {unmapped}; a file mappings/NAME.toml")
    broken = attempts(ok=False, reason="401: credentials are missing or wrong")
    assert broken["sources"] == "bad: 0 of 1 answered at last; vllm a: 401: credentials are missing or wrong"


def test_the_doctor_finds_what_is_broken(project: Project, clock: OwnedClock) -> None:
    """A wrong clock, a damaged ledger, a config with a mistake: each is a finding, none ends the examination."""
    project.ledger.beat("collect", clock.now() + timedelta(days=2), runs=1, failures=0)
    (project.root / "config.toml").write_text("[plimsoll]\nnam = 'x'\n", encoding="utf-8")
    bad = {finding.about: finding.text for finding in run_checks(project, clock) if finding.verdict == "bad"}
    assert 'did you mean "name"' in bad["config"]
    assert "48.0 h in the future" in bad["clock"]


def test_jobs_say_when_they_run_next(project: Project, clock: OwnedClock) -> None:
    """The due instant of the window that follows; what runs every few seconds has none."""
    following = upcoming(project, clock)
    assert set(following) == set(project.jobs())
    assert following["collect"] is None
    due = following["daily_report"]
    assert due is not None
    assert clock.now() < datetime.fromisoformat(due) <= clock.now() + timedelta(days=1)
