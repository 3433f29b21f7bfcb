"""No command says that nothing was found where nothing could be: it says what was not judged, and why."""

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


def known(project: Project, *ids: str) -> None:
    """Tells the inventory of hosts that are to be read every five minutes."""
    rows = [
        {"ts": BEGIN, "resource_id": one, "source": "test", "name": one, "type": "cluster", "interval_s": 300.0}
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
    assert "Cannot tell. No pool of GPUs, replicas, cores or storage has readings yet." in out
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
    assert "1 resource: nothing holds it back." in said(project, capsys, "optimization")[0]


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
