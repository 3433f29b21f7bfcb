"""`demo --live`: a finished demo reads on where it stood still, the same fleet, nothing twice."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plimsoll.cli.demo import fill
from plimsoll.cli.demo_live import UNFINISHED, is_finished, read_on
from plimsoll.cli.project import make_project
from plimsoll.errors import UsageError
from plimsoll.project import Project
from plimsoll.simulator import Fleet
from plimsoll.tables import SAMPLES
from tests.clocks import OwnedClock

UNTIL = datetime(2026, 1, 16, 23, 50, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A demo of one day that ended ten minutes before midnight, without its reports."""
    make_project(tmp_path / "d", overrides='[plimsoll]\n\n[collect]\nevery = "300s"\n')
    opened = Project.open(tmp_path / "d", here=tmp_path)
    fill(opened, resources=5, days=1, seed=3, until=UNTIL, interval_s=300)
    return opened


def _rows(project: Project, start: datetime) -> pl.DataFrame:
    found = project.lake.snapshot().scan(SAMPLES, start=start).collect()
    return found.filter(pl.col("device") == "").sort("ts", "resource_id")


def _for(rounds: int) -> "list[bool]":
    return [True] * rounds + [False]


def test_it_goes_on_over_midnight_as_the_same_fleet_and_nothing_twice(project: Project) -> None:
    """What was missed comes at once, each later round once; all of it is what the simulator says of those instants."""
    clock = OwnedClock(UNTIL + timedelta(minutes=62))
    before = project.lake.snapshot().scan(SAMPLES).collect().height
    turns = iter(_for(3))
    read_on(project, clock, goes_on=lambda: next(turns))
    new = _rows(project, UNTIL)
    assert clock.now() == UNTIL + timedelta(minutes=75)
    assert new["ts"].min() == UNTIL
    assert new["ts"].max() == UNTIL + timedelta(minutes=70)
    assert new.select("ts", "resource_id").is_duplicated().sum() == 0
    fleet = Fleet.build(resources=5, days=1, seed=3, until=UNTIL, interval_s=300)
    later = replace(fleet, until=UNTIL + timedelta(minutes=71))
    meant = pl.concat([later.day(UNTIL.date()), later.day(UNTIL.date() + timedelta(days=1))])
    meant = meant.filter(pl.col("ts") >= UNTIL, pl.col("device") == "").sort("ts", "resource_id")
    assert new["cpu_utilization_pct"].to_list() == pytest.approx(meant["cpu_utilization_pct"].to_list(), abs=0.01)
    assert project.lake.snapshot().scan(SAMPLES).collect().height > before + new.height - 1


def test_only_a_finished_demo_reads_on(project: Project) -> None:
    """An interrupted one begins anew; a project whose truth is gone is refused by name."""
    assert is_finished(project.root)
    (project.root / UNFINISHED).touch()
    assert not is_finished(project.root)
    (project.root / "truth.json").write_text(json.dumps({"seed": 1}), encoding="utf-8")
    with pytest.raises(UsageError, match=r"truth\.json: does not tell of a demo"):
        read_on(project, OwnedClock(UNTIL))
