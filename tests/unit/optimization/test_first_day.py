"""A resource that has only just become known is not a silent one."""

from datetime import timedelta
from pathlib import Path

from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.optimization import windows as cases
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES
from tests.fleets import UNTIL
from tests.reports import lake_of, sources_of


def test_a_first_report_accuses_nobody_of_silence(tmp_path: Path) -> None:
    """Twenty minutes of readings; before them nothing was due, after they ended nothing is."""
    fleet = Fleet.build(resources=6, days=1, until=UNTIL, interval_s=60, devices=False, incidents=[])
    whole = lake_of(fleet, tmp_path / "whole")
    since = UNTIL - timedelta(minutes=20)
    rows = whole.snapshot().scan(SAMPLES, start=since).collect()
    sources = sources_of(lake_of(Fleet.build(resources=6, days=1, until=since, devices=False), tmp_path / "empty"))
    lake = type(whole)(tmp_path / "new")
    facts = [{**fact, "ts": since} for fact in fleet.resources()]
    lake.append(RESOURCES, facts, collector="t")
    lake.append(SAMPLES, rows, collector="t")
    young = type(sources)(lake.snapshot(), sources.config, UNTIL)
    assert max(case.longest_silence_h() for case in cases(young, OptimizationQuery())) < 0.2
    document, _ = optimization(young, OptimizationQuery())
    assert [b.component for r in document.resources for b in r.bottlenecks or () if b.component == "coverage"] == []


def test_a_resource_that_falls_silent_is_still_told(tmp_path: Path) -> None:
    """Two hours without a reading that was due."""
    until = UNTIL - timedelta(hours=2)
    fleet = Fleet.build(resources=6, days=2, until=until, interval_s=60, devices=False, incidents=[])
    sources = sources_of(lake_of(fleet, tmp_path / "lake"))
    late = type(sources)(sources.snapshot, sources.config, UNTIL)
    assert min(case.longest_silence_h() for case in cases(late, OptimizationQuery())) > 1.8
