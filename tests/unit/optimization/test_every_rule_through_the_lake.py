"""Every rule finds its planted cause in what the lake gives back, not only in readings made by hand."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.bottleneck_quality import CAUSES
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.documents.evidence import BottleneckDetail
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.simulator import Fleet, Incident
from plimsoll.simulator.all_faults import everything
from plimsoll.simulator.incidents import FAULTS
from tests.reports import UNTIL, lake_of, sources_of


@pytest.mark.slow
def test_each_rule_names_its_planted_cause(tmp_path: Path) -> None:
    """Eight days of a fleet with every fault, all of them under way at the end; no rule is without one."""
    built = everything(resources=144, days=8, seed=7, until=UNTIL, interval_s=300)
    under_way = tuple(
        replace(one, start=UNTIL - (one.end - one.start), end=UNTIL) for one in built.incidents if one.kind in FAULTS
    )
    _, evidence = optimization(
        sources_of(lake_of(replace(built, incidents=under_way), tmp_path / "lake")), OptimizationQuery()
    )
    named: dict[object, set[str]] = {}
    for one in evidence:
        if one.rule.startswith("rules."):
            named.setdefault(one.typed(BottleneckDetail).resource, set()).add(one.rule.removeprefix("rules."))
    missed = {
        incident.kind for incident in under_way if not named[incident.resource_id] & set(CAUSES[incident.kind].split())
    }
    assert not missed
    assert set(rules()) <= {rule for found in named.values() for rule in found}


@pytest.mark.parametrize(
    ("kind", "rule"), [("memory_errors", "gpu_memory_errors"), ("driver_errors", "gpu_driver_errors")]
)
def test_one_event_among_the_readings_of_five_minutes_is_enough(tmp_path: Path, kind: str, rule: str) -> None:
    """A counter that rose once in a minute is not lost in the mean of its step; its innocent twin accuses nobody."""
    (name,) = (member.resource_id for member in Fleet.build(resources=1, days=1, until=UNTIL, incidents=()).members)

    def told(planted: str) -> set[str]:
        one = Incident(kind=planted, resource_id=name, start=UNTIL - timedelta(hours=5), end=UNTIL)
        fleet = Fleet.build(resources=1, days=1, until=UNTIL, incidents=(one,), detailed=True)
        _, evidence = optimization(sources_of(lake_of(fleet, tmp_path / planted / "lake")), OptimizationQuery())
        return {proof.rule for proof in evidence}

    assert f"rules.{rule}" in told(kind)
    assert f"rules.{rule}" not in told(f"like {kind}")
