"""No command says that nothing was found where nothing could be: it says what was not judged, and why."""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from plimsoll.analysis.anomalies.detectors import DETECTORS
from plimsoll.cli import run
from plimsoll.project import Project
from plimsoll.tables import RESOURCES, SAMPLES

END = datetime.fromisoformat("2026-01-14T12:00:00Z")
BEGIN = END - timedelta(days=4)


def known(project: Project, *ids: str, since: datetime = BEGIN) -> None:
    """Tells the inventory of hosts that are to be read every five minutes."""
    rows = [
        {"ts": since, "resource_id": one, "source": "test", "name": one, "type": "cluster", "interval_s": 300.0}
        for one in ids
    ]
    project.lake.append(RESOURCES, rows, collector="test")


def fill(project: Project, resource: str, until: datetime, device: str = "") -> None:
    """Calm readings up to an instant."""
    metric = "gpu_utilization_pct" if device else "cpu_utilization_pct"
    rows: list[dict[str, Any]] = [
        {
            "ts": BEGIN + timedelta(minutes=5 * n),
            "resource_id": resource,
            "device": device,
            "source": "test",
            metric: 40.0 + 7 * n % 5,
        }
        for n in range(int((until - BEGIN).total_seconds() // 300))
    ]
    project.lake.append(SAMPLES, rows, collector="test")


def said(project: Project, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """(standard output, standard error) of a command as of the end."""
    capsys.readouterr()
    assert run([*words, "--project", str(project.root), "--as-of", "2026-01-14T12:00:00Z"]) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.parametrize("detector", [None, *DETECTORS])
def test_an_empty_project_is_not_judged(
    project: Project, capsys: pytest.CaptureFixture[str], detector: str | None
) -> None:
    """Whichever detector is asked for: no traceback, and not a word of calm."""
    one: Sequence[str] = () if detector is None else ("--detector", detector)
    assert said(project, capsys, "anomalies", *one)[0] == "No resource is known yet.\n"
    assert said(project, capsys, "anomalies", "--json", *one) == ("[]\n", "No resource is known yet.\n")


def test_an_empty_project_has_nothing_to_optimize_or_to_decide(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said, instead of an empty answer or of nothing to decide."""
    assert said(project, capsys, "optimization")[1] == "not judged: no resource is known yet\n"
    out = said(project, capsys, "capacity")[0]
    assert "Cannot tell. No pool of GPUs, replicas, cores or storage has enough readings yet." in out
    assert "Nothing to decide" not in out


def test_a_silent_resource_is_not_judged(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside one that is: neither is called by the other's answer."""
    known(project, "a", "b")
    fill(project, "a", END - timedelta(hours=30))
    out = said(project, capsys, "anomalies")[0]
    assert "Not judged: " in out
    assert "of 2 resources, " in out
    fill(project, "b", END)
    out = said(project, capsys, "anomalies")[0]
    assert "Not judged: 1 of 2 resources, " in out
    assert "Nothing" not in out
    assert "Not judged: 1 of 2 resources, " in said(project, capsys, "anomalies", "--json")[1]
    known(project, "c")
    out = said(project, capsys, "anomalies", "--detector", "unusual", "--threshold", "9")[0]
    assert out.startswith("Nothing with a z-score above 9 in the last 1h.\nNot judged: ")
    out = said(project, capsys, "optimization")[0]
    assert re.search(r"1 resource: nothing holds it back; \d+ of \d+ rules had enough to judge", out) is not None


def test_seconds_of_readings_are_no_calm(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The first report of all: what is read is not called missing, nothing is ticked off, nothing is "in order"."""
    known(project, "a", since=END - timedelta(seconds=12))
    rows = [
        {"ts": END - timedelta(seconds=2 * n + 1), "resource_id": "a", "device": "", "source": "test",
         "cpu_utilization_pct": 20.0} for n in range(6)
    ]  # fmt: skip
    project.lake.append(SAMPLES, rows, collector="test")
    assert "1 resource: not judged: no rule has enough readings yet." in said(project, capsys, "optimization")[0]
    said(project, capsys, "report", "daily")
    latest = project.data / "published" / "latest"
    page = (latest / "daily.html").read_text(encoding="utf-8")
    assert page.count("○ Not judged: no rule has enough readings yet.") == 2
    assert "Nothing to do" not in page
    evidence = {one["subject"]: one for one in json.loads((latest / "evidence.json").read_bytes())}
    assert "cpu_utilization_pct" not in str(evidence["optimization.unlock"])
    waits = {one["subject"]: one["reason"] for one in evidence["sweep.a"]["detail"]["abstentions"]}
    assert waits["cpu_saturated"] == "1 of 3 steps of 5 min of cpu_utilization_pct are read"


def test_a_step_that_has_only_begun_is_not_called_unread(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Steps that are not over are not analyzed; that is another reason than silence."""
    known(project, "a")
    row = {"ts": END + timedelta(seconds=30), "resource_id": "a", "device": "", "source": "test"}
    project.lake.append(SAMPLES, [row | {"cpu_utilization_pct": 20.0}], collector="test")
    capsys.readouterr()
    assert run(["anomalies", "--project", str(project.root), "--as-of", "2026-01-14T12:01:00Z"]) == 0
    assert "Not judged: 1 of 1 resources, read for less than 5 min: a" in capsys.readouterr().out


def test_what_has_no_load_line_did_not_stay_under_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A fleet of which nothing that is read has a line is not calm; one of several without is counted."""
    known(project, "a")
    rows: list[dict[str, Any]] = [
        {"ts": BEGIN + timedelta(minutes=5 * n), "resource_id": "a", "device": "", "source": "test",
         "disk_read_bytes_per_s": 1e6 + n % 7} for n in range(4 * 288)
    ]  # fmt: skip
    project.lake.append(SAMPLES, rows, collector="test")
    out = said(project, capsys, "report", "daily")[0]
    assert "stayed under its line" not in out.replace("\n", " ").partition("First report")[0]
    assert "othing that is read has a load line" in out.replace("\n", " ")
    page = (project.data / "published" / "latest" / "daily.html").read_text(encoding="utf-8")
    assert "○ Alerts: Not judged: nothing that is read has a load line." in page
    fill(project, "b", END)
    known(project, "b")
    said(project, capsys, "report", "daily")
    page = (project.data / "published" / "latest" / "daily.html").read_text(encoding="utf-8")
    assert "○ Alerts: No load line is crossed. 1 resource has none." in page
    assert "Every resource stayed under its line" not in page


def test_what_nobody_reads_any_more_is_not_called_free_of_bottlenecks(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """An import that ended before the window has no rule against it, and none for it."""
    known(project, "a")
    ended = {"ts": END - timedelta(hours=30), "resource_id": "a", "source": "test", "name": "a", "type": "cluster"}
    project.lake.append(RESOURCES, [ended], collector="test")
    fill(project, "a", END - timedelta(hours=30))
    assert said(project, capsys, "optimization")[0] == "1 resource: not judged: no reading in this time.\n"


def test_a_lost_gpu_is_said_where_nothing_is_unusual(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """By the commands that look at the same window."""
    known(project, "a")
    fill(project, "a", END)
    fill(project, "a", END, "gpu0")
    fill(project, "a", END - timedelta(hours=8), "gpu1")
    line = "a: no reading of gpu1 since 2026-01-14T03:55:00Z.\n"
    assert line in said(project, capsys, "anomalies", "--time-range", "24h")[0]
    assert line in said(project, capsys, "optimization")[1]
