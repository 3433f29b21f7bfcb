"""Silence has a length and a line, like any metric; what nothing promises is unmeasured, and never calm."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from plimsoll.cli import run
from plimsoll.collectors.declared import declared
from plimsoll.collectors.session import identity_of
from plimsoll.documents.situation import Open, Situation
from plimsoll.fleet.resources import resources_at
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.publish.views.report_input import Made
from plimsoll.publish.views.view import ReportView, view
from plimsoll.queries.alerts import open_alerts
from plimsoll.queries.report import report
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks.watch_alerts import watch
from tests.clocks import OwnedClock

BEGIN = datetime.fromisoformat("2026-01-10T00:00:00Z")
NOON = BEGIN + timedelta(days=4, hours=12)


def known(
    project: Project, *ids: str, source: str = "test", interval: float | None = 300.0, at: datetime = BEGIN
) -> None:
    """Tells the inventory of resources."""
    rows = [
        {"ts": at, "resource_id": one, "source": source, "name": one, "type": "cluster", "interval_s": interval}
        for one in ids
    ]
    project.lake.append(RESOURCES, rows, collector="test")


def fill(
    project: Project,
    start: datetime,
    end: datetime,
    resource: str = "a",
    *,
    cpu: float = 40.0,
    every: int = 300,
    source: str = "test",
) -> None:
    """Readings of [start, end)."""
    steps = range(int((end - start).total_seconds() // every))
    rows: list[dict[str, Any]] = [
        {
            "ts": start + timedelta(seconds=every * n),
            "resource_id": resource,
            "device": "",
            "source": source,
            "cpu_utilization_pct": cpu + n % 3,
        }
        for n in steps
    ]
    project.lake.append(SAMPLES, rows, collector="test")


def silences(project: Project, at: datetime) -> list[tuple[str, str, str, float, float]]:
    """(id, resource, severity, minutes, line) of the silences that are open at an instant; the ledger notes them."""
    ctx = context(project, clock=OwnedClock(at), as_of=at)
    watch(ctx)
    found = [one.alert for one in open_alerts(ctx.sources()) if one.alert.metric == "silence"]
    return [(a.alert_id, a.resource, a.severity, a.current_value, a.threshold) for a in found]


def page(project: Project, at: datetime, *, parts: Sequence[str] = ()) -> ReportView:
    """The daily report's view as of an instant."""
    sources = context(project, clock=OwnedClock(at), as_of=at).sources()
    return view(report(sources, Made(version="1", at=at, generation="1-0"), parts=parts), document_sha256="0" * 64)


def now(project: Project, at: datetime) -> Situation:
    """Its situation."""
    return page(project, at).situation


def test_a_silence_opens_stays_the_same_alert_and_closes(project: Project) -> None:
    """Medium after a quarter of an hour, high after six hours; one reading does not close it, five minutes do."""
    known(project, "a")
    fill(project, BEGIN, NOON)
    last = NOON - timedelta(minutes=5)
    assert silences(project, last + timedelta(minutes=14)) == []
    ((first, _, severity, minutes, line),) = silences(project, last + timedelta(minutes=20))
    assert (severity, minutes, line) == ("medium", 20.0, 15.0)
    ((again, _, severity, minutes, _),) = silences(project, last + timedelta(hours=13))
    assert (again, severity, minutes) == (first, "high", 780.0)
    ((again, *_),) = silences(project, last + timedelta(days=3))
    assert again == first
    back = last + timedelta(days=3, hours=1)
    fill(project, back, back + timedelta(minutes=20), every=60)
    ((again, *_),) = silences(project, back + timedelta(minutes=2))
    assert again == first
    assert silences(project, back + timedelta(minutes=10)) == []


def test_a_silent_resource_is_named_with_its_length_and_the_fleet_is_not_calm(project: Project) -> None:
    """In the verdict, in its own section, in the evidence; a calm neighbor changes nothing."""
    known(project, "a", "b", "c")
    for one in ("b", "c"):
        fill(project, BEGIN, NOON, one)
    fill(project, BEGIN, NOON - timedelta(hours=13))
    shown = page(project, NOON)
    assert shown.verdict.state == "Needs attention today."
    assert shown.verdict.facts.startswith("a has been silent for 13 h 5 min, and only 81.9\u202f% of the readings")
    assert [(one.resource, one.severity) for one in shown.absent] == [("a", "high")]
    assert shown.situation.judged == 2
    assert "1 not read at the end. 2 judged against their own past; 1 silent." in shown.since


def test_a_dead_fleet_cannot_be_told(project: Project) -> None:
    """Silent for five days: nothing was read in the window, and nothing of it is judged."""
    known(project, "a", "b", source="declared.test")
    fill(project, BEGIN, BEGIN + timedelta(hours=12), "a")
    shown = page(project, BEGIN + timedelta(days=5, hours=12))
    assert shown.verdict.state == "Cannot tell."
    assert shown.verdict.facts.startswith("Nothing was read in this window")
    assert [one.text for one in shown.absent] == [
        "never read; known for 5 days 12 h",
        "silent since 11:55 on 10 Jan, 5 days",
    ]
    assert shown.alerts_sentence != "No load line is crossed."
    assert not shown.checked


def test_what_nobody_promises_is_unmeasured_not_silent(project: Project) -> None:
    """An import past its end: named with a length, no alert, nothing that is due, not calm."""
    known(project, "b")
    fill(project, BEGIN, NOON, "b")
    end = NOON - timedelta(hours=13)
    known(project, "a", source="import")
    known(project, "a", source="import", interval=None, at=end)
    fill(project, BEGIN, NOON - timedelta(hours=20), "a", source="import")
    fill(project, NOON - timedelta(hours=16), end, "a", source="import")
    assert silences(project, NOON) == []
    shown = page(project, NOON)
    assert shown.verdict.state == "Steady."
    assert shown.verdict.facts == (
        "a has had no reading for 13 h 5 min, and none is due, and a was without readings for 4 h 5 min."
    )
    assert shown.situation.coverage_pct == 100.0
    assert (shown.situation.opened, shown.situation.closed) == (0, 0)
    assert [one.length for one in shown.situation.gaps] == [timedelta(hours=4, minutes=5)]


def test_an_import_of_many_readings_hides_nothing(project: Project) -> None:
    """Coverage is weighed by resource and source: ten thousand missing readings are those of one resource of five."""
    names = ("b", "c", "d", "e")
    known(project, *names)
    for one in names:
        fill(project, BEGIN, NOON, one, cpu=96.0 if one == "b" else 40.0)
    known(project, "a", source="import", interval=5.0)
    known(project, "a", source="import", interval=None, at=NOON - timedelta(minutes=5))
    fill(project, BEGIN, NOON, "a", every=600, source="import")
    shown = page(project, NOON)
    assert shown.verdict.state == "Watch this week."
    assert shown.verdict.facts.startswith("b has been over its CPU utilization line for")


def test_the_end_of_one_promise_ends_no_other() -> None:
    """A scraped host of which a file was imported too is still expected."""
    rows = [
        {"ts": BEGIN, "source": "target.x", "interval_s": 30.0},
        {"ts": BEGIN + timedelta(hours=1), "source": "import", "interval_s": 5.0},
        {"ts": BEGIN + timedelta(hours=2), "source": "import", "interval_s": None},
    ]
    whole = dict.fromkeys(RESOURCES.names) | {"resource_id": "a", "name": "a", "type": "cluster"}
    (one,) = resources_at([whole | row for row in rows])
    assert [interval for _, interval in one.expected] == [30.0, 5.0, 30.0]
    assert one.is_promised
    assert one.promised_s(BEGIN, BEGIN + timedelta(hours=3)) == 3 * 3600


def test_a_declared_target_that_never_answered_is_known_and_silent(project: Project) -> None:
    """The config names it; what only labels can tell is not guessed."""
    (project.root / "config.toml").write_text(
        '[plimsoll]\n[targets.hosts]\nurls = ["http://gpu-01:9100/metrics"]\nmapping = "node"\n'
        '[targets.models]\nurls = ["http://gpu-02:8000/metrics"]\nmapping = "vllm"\nresource = "{model_name}"\n'
        '[probes.chat]\nurl = "https://chat.example.org/"\n',
        encoding="utf-8",
    )
    config = project.config()
    rows = declared(config, identity_of(config), BEGIN)
    assert [(row["resource_id"], row["source"]) for row in rows] == [
        ("gpu-01", "declared.target.hosts"),
        ("chat", "declared.probe.chat"),
    ]
    project.lake.append(RESOURCES, rows, collector="test")
    assert [one[1:3] for one in silences(project, BEGIN + timedelta(hours=7))] == [("chat", "high"), ("gpu-01", "high")]
    assert [one.never for one in now(project, BEGIN + timedelta(days=30)).silent] == [True, True]


def test_a_name_of_labels_ages_out_and_its_alert_closes(project: Project) -> None:
    """Seven days unseen: in one line, not in a list, and its alert closes; a stated one stays for ever."""
    known(project, "pod-7f", source="target.pods")
    known(project, "b", "gpu-01")
    for one in ("pod-7f", "gpu-01"):
        fill(project, BEGIN, BEGIN + timedelta(hours=6), one)
    at = BEGIN + timedelta(days=9)
    fill(project, BEGIN, at, "b", every=900)
    early, late = now(project, BEGIN + timedelta(days=5)), page(project, at)
    assert {one.id for one in early.silent} == {"pod-7f", "gpu-01"}
    assert {one.id for one in late.situation.silent} == {"gpu-01"}
    assert late.situation.aged_out == 1
    assert {one[1] for one in silences(project, at)} == {"gpu-01"}


def test_a_resource_is_forgotten_until_its_next_reading(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Taken out of the inventory by a person; a name that is not known is refused."""
    at = datetime.now(BEGIN.tzinfo).replace(microsecond=0)
    known(project, "a", "b", source="declared.target.hosts", at=at - timedelta(days=3))
    fill(project, at - timedelta(days=3), at - timedelta(days=1), "a")
    assert run(["forget", "c", "--project", str(project.root)]) == 2
    assert "is not known" in capsys.readouterr().err
    assert run(["forget", "a", "--project", str(project.root)]) == 0
    later = at + timedelta(hours=1)
    assert [one[1] for one in silences(project, later)] == ["b"]
    assert now(project, later).total == 1
    fill(project, later, later + timedelta(minutes=30), "a")
    assert now(project, later + timedelta(minutes=30)).total == 2


def test_what_opens_and_closes_inside_the_window_is_told(project: Project) -> None:
    """Three hours over the line between two reports: one new, one resolved, and when it came back."""
    known(project, "a")
    fill(project, BEGIN, NOON - timedelta(hours=12))
    fill(project, NOON - timedelta(hours=12), NOON - timedelta(hours=9), cpu=96.0)
    fill(project, NOON - timedelta(hours=9), NOON)
    shown = page(project, NOON)
    assert (shown.situation.opened, shown.situation.closed) == (1, 1)
    assert "1 new alert, 1 resolved" in shown.since
    assert shown.verdict.facts == "a crossed a line and came back at 03:00."


def test_a_muted_alert_is_neither_resolved_nor_came_back(project: Project) -> None:
    """Maintenance says that nobody is told; it does not say that the line was left."""
    (project.root / "config.toml").write_text(
        '[plimsoll]\n[maintenance.disks]\nstart = "2026-01-14T00:00:00Z"\nend = "2026-01-15T00:00:00Z"\n',
        encoding="utf-8",
    )
    known(project, "a")
    fill(project, BEGIN, NOON - timedelta(hours=3))
    fill(project, NOON - timedelta(hours=3), NOON, cpu=96.0)
    found = now(project, NOON)
    assert (found.muted, found.came_back, found.closed, found.open) == (["a"], [], 0, [])
    assert found.over_now == ["a"]
    assert page(project, NOON).verdict.state == "Steady."


def test_silence_resolves_no_alert(project: Project) -> None:
    """What was over its line when its resource fell silent stays open, also beyond what is read back."""
    known(project, "a")
    fill(project, BEGIN, NOON, cpu=96.0)
    (before,) = [a.alert_id for a in _alerts(project, NOON) if a.metric == "cpu_utilization"]
    (after,) = [a.alert_id for a in _alerts(project, NOON + timedelta(hours=3)) if a.metric == "cpu_utilization"]
    (later,) = [a.alert_id for a in _alerts(project, NOON + timedelta(days=3)) if a.metric == "cpu_utilization"]
    assert before == after == later
    assert now(project, NOON + timedelta(hours=3)).came_back == []


def _alerts(project: Project, at: datetime) -> list[Any]:
    ctx = context(project, clock=OwnedClock(at), as_of=at)
    watch(ctx)
    return [one.alert for one in open_alerts(replace(ctx, as_of=at).sources())]


def test_a_metric_that_stays_away_is_named(project: Project) -> None:
    """The host is read, its GPUs are not any more."""
    known(project, "a")
    fill(project, BEGIN, NOON)
    until = NOON - timedelta(hours=5)
    readings = [BEGIN + timedelta(minutes=5 * n) for n in range(int((until - BEGIN).total_seconds() // 300))]
    keys = {"resource_id": "a", "device": "", "source": "gpu"}
    rows: list[dict[str, Any]] = [{"ts": ts, **keys, "gpu_utilization_pct": 50.0} for ts in readings]
    project.lake.append(SAMPLES, rows, collector="test")
    shown = page(project, NOON)
    assert shown.verdict.facts == "a has given no GPU utilization since 06:55."
    assert shown.verdict.state == "Steady."


def gpus(
    project: Project, start: datetime, end: datetime, *devices: str, resource: str = "a", every: int = 300
) -> None:
    """Readings of some GPUs of a resource in [start, end)."""
    steps = range(int((end - start).total_seconds() // every))
    rows: list[dict[str, Any]] = [
        {
            "ts": start + timedelta(seconds=every * n),
            "resource_id": resource,
            "device": device,
            "source": "test",
            "gpu_utilization_pct": 80.0 + n % 3,
        }
        for n in steps
        for device in devices
    ]
    project.lake.append(SAMPLES, rows, collector="test")


def test_gpus_that_are_gone_are_named_while_their_host_is_read(project: Project) -> None:
    """Half of a node's GPUs without a reading for hours is not calm; one that is seldom read, or late, is not lost."""
    known(project, "a", "b")
    for one in ("a", "b"):
        fill(project, BEGIN, NOON, one)
        gpus(project, BEGIN, NOON, "gpu0", resource=one)
    gpus(project, NOON - timedelta(minutes=30), NOON - timedelta(minutes=10), "gpu9", resource="b")  # too few to be due
    gpus(project, BEGIN, NOON - timedelta(minutes=10), "gpu1", resource="b")
    gpus(project, BEGIN, NOON - timedelta(hours=8), "gpu8", resource="b", every=3600)  # seldom read
    assert page(project, NOON).verdict.state == "All calm."
    gpus(project, BEGIN, NOON - timedelta(hours=8), "gpu1", "gpu2", "gpu3", "gpu4")
    shown = page(project, NOON)
    assert shown.verdict.state == "Steady."
    assert shown.verdict.facts == "a has given no reading of gpu1, gpu2, gpu3 and 1 more since 03:55."
    assert [(one.resource, one.text) for one in shown.absent] == [
        ("a", "no reading of gpu1, gpu2, gpu3 and 1 more since 03:55")
    ]
    assert "1 lost a metric or a GPU" in shown.absent_sentence


def test_gpus_of_a_silent_host_are_silent_with_it(project: Project) -> None:
    """One thing is said once."""
    known(project, "a", "b")
    fill(project, BEGIN, NOON, "b")
    fill(project, BEGIN, NOON - timedelta(hours=8))
    gpus(project, BEGIN, NOON - timedelta(hours=8), "gpu0")
    shown = page(project, NOON)
    assert shown.situation.lost == []
    assert [one.resource for one in shown.absent] == ["a"]


def test_a_resource_of_which_only_devices_are_read_is_available(project: Project) -> None:
    """Its devices' readings arrive: neither 0 % available, nor are its readings to be brought back."""
    known(project, "a")
    gpus(project, BEGIN, NOON, "gpu0", "gpu1")
    at = page(project, NOON, parts=("optimization",))
    assert at.situation.availability_pct == 100.0
    assert at.situation.advice == []


def test_of_a_fleet_that_was_not_read_the_availability_is_not_known(project: Project) -> None:
    """Null, not zero; and the second line does not call it the first report."""
    known(project, "a", source="declared.test")
    fill(project, BEGIN, BEGIN + timedelta(hours=12))
    shown = page(project, BEGIN + timedelta(days=4))
    assert shown.situation.availability_pct is None
    assert {one.label: one.value for one in shown.tiles}["Availability"] == "–"
    assert shown.since.startswith("Nothing was read in the window before; nothing to compare with.")
    assert shown.verdict.facts == "Nothing was read in this window, and every cluster is silent since 11:55 on 10 Jan."


def test_an_alert_older_than_the_readings_go_back_is_one_alert_everywhere(project: Project) -> None:
    """A report looks further back than the job that watches: the feed and the page have one id for it."""
    known(project, "a", "b")
    fill(project, BEGIN, NOON, cpu=95.0)
    fill(project, BEGIN, NOON, "b", every=3600)
    ctx = context(project, clock=OwnedClock(NOON), as_of=NOON)
    opened = {(row.resource, row.metric): row.id for row in watch(ctx)}
    assert set(opened) == {("a", "cpu_utilization"), ("b", "silence")}
    later = NOON + timedelta(minutes=4)
    assert {(one.resource, one.metric): one.id for one in now(project, later).open} == opened


def test_silence_resolves_nothing(project: Project) -> None:
    """An alert on a line whose resource falls silent stays the alert that it was, for days, without the ledger too."""
    known(project, "a")
    fill(project, BEGIN, NOON - timedelta(hours=4))
    fill(project, NOON - timedelta(hours=4), NOON, cpu=95.0)
    seen = [{one.metric: one.id for one in open_at(project, NOON + timedelta(hours=hours))} for hours in (0, 3, 9)]
    assert [set(one) for one in seen] == [
        {"cpu_utilization"},
        {"cpu_utilization", "silence"},
        {"cpu_utilization", "silence"},
    ]
    assert len({one["cpu_utilization"] for one in seen}) == 1
    assert seen[1]["silence"] == seen[2]["silence"]
    assert now(project, NOON + timedelta(hours=9)).closed == 0


def open_at(project: Project, at: datetime) -> Sequence[Open]:
    """What is open at an instant, in a project whose ledger knows of no alert."""
    return now(project, at).open
