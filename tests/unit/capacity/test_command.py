"""`plimsoll capacity`: the review in the terminal and as JSON, and what it refuses."""

import json
from datetime import timedelta

import pytest

from plimsoll.cli import run
from plimsoll.ledger import Promises
from plimsoll.project import Project
from plimsoll.tables import RESOURCES, SAMPLES
from tests.capacities import NOW, gpus, hourly, rising

AS_OF = "2026-01-16T18:00:00Z"


@pytest.fixture
def filled(project: Project) -> Project:
    """A project whose eight H100s fill by half a point a day; eight more were never heard of."""
    fleet = [
        {
            "ts": NOW.replace(year=2025),
            "resource_id": one.resource_id,
            "source": "test",
            "name": one.name,
            "type": one.type,
            "region": one.region,
            "labels": json.dumps(dict(one.labels)),
            "gpu_count": one.gpu_count,
            "price_usd_per_h": 32.0,
        }
        for one in (gpus("a", region="us-east-1"), gpus("<b>", region="eu-west-1"))
    ]
    project.lake.append(RESOURCES, fleet, collector="test")
    readings = hourly({"a": rising(70, 0.5)}).to_dicts()
    project.lake.append(SAMPLES, [{**row, "source": "test"} for row in readings], collector="test")
    return project


def _run(project: Project, *arguments: str) -> int:
    return run(["capacity", "--project", str(project.root), "--as-of", AS_OF, *arguments])


def test_the_terminal_says_what_to_decide_and_by_when(filled: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Crossing in a few days with two weeks of delivery is late, and says so first."""
    assert _run(filled) == 0
    shown = capsys.readouterr().out
    assert "Late: us-east-1/h100 had to be decided by" in shown
    assert "(recommended)" in shown
    assert "no data" in shown


def test_json_is_the_document(filled: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """What programs read is what the schema describes."""
    assert _run(filled, "--json", "--horizon", "30d") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["horizonDays"] == 30
    assert [pool["id"] for pool in document["pools"]] == ["eu-west-1/h100", "us-east-1/h100"]
    assert len(document["pools"][1]["forecast"]) == 30


def test_what_if_says_what_was_assumed(filled: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """More GPUs make room; the answer names its assumptions."""
    assert _run(filled, "--demand", "-20%", "--add", "us-east-1/h100=16") == 0
    shown = capsys.readouterr().out
    assert "what if: demand -20 %, us-east-1/h100 +16 GPUs" in shown
    assert "Nothing to decide" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        ("--demand", "30"),
        ("--demand", "-100%"),
        ("--demand", "more%"),
        ("--horizon", "2d"),
        ("--horizon", "2y"),
        ("--add", "us-east-1/h100"),
        ("--add", "us-east-1/h100=0"),
        ("--add", "us-east-1/h100=nan"),
        ("--add", "=8"),
        ("--add", "us-east-1/h101=8"),
        ("--add", "us-east-1/h100=-8"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    filled: Project, wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names the value, and exit code 2."""
    assert _run(filled, *wrong) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert wrong[1].partition("=")[0] in said


def test_an_empty_project_has_nothing_to_decide(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """No resource yet is no error."""
    assert _run(project) == 0
    assert "0 pools" in capsys.readouterr().out


def test_the_review_is_published_and_its_forecasts_are_kept(
    filled: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Page, document and manifest; the promises of today are in the ledger, to be held against what happens."""
    assert run(["report", "capacity", "--project", str(filled.root), "--as-of", AS_OF]) == 0
    assert "Late: us-east-1 H100" in capsys.readouterr().out.replace("\n", " ")
    latest = filled.data / "published" / "latest"
    entries = json.loads((latest / "manifest.json").read_bytes())["files"]
    assert set(entries) == {"capacity.html", "capacity.json"}
    document = json.loads((latest / "capacity.json").read_bytes())
    kept = Promises(filled.data / "ledger.sqlite").due(NOW.date(), NOW.date() + timedelta(days=60))
    assert {(p.pool, p.due) for p in kept} >= {("us-east-1/h100", document["pools"][1]["forecast"][6]["date"])}


def test_the_backtest_names_every_pool(filled: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """One that was never heard of has none, and says why."""
    assert run(["backtest", "forecasts", "--project", str(filled.root), "--as-of", AS_OF, "--json"]) == 0
    tried = {row["pool"]: row for row in json.loads(capsys.readouterr().out)}
    assert tried["us-east-1/h100"]["backtest"]["origins"] == 3
    assert tried["eu-west-1/h100"]["backtest"] is None
    assert run(["backtest", "forecasts", "--project", str(filled.root), "--as-of", AS_OF]) == 0
    assert "outcomes inside their 80 % band" in capsys.readouterr().out
