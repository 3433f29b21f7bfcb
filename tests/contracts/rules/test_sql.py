"""The law of evidence: the SQL beside each number gives the same number, from the same lake, through `plimsoll sql`."""

import math
from functools import cache

import pytest

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.documents import Evidence
from plimsoll.documents.evidence import AdviceDetail, BottleneckDetail, MeasuredInput, Symptom
from plimsoll.lake.sql import Bounds, ask
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.optimization import windows as cases
from tests.contracts.rules.planted import UNTIL, resource_id, sources

CLOSE = 1e-6  # the grid keeps single precision; nothing else may differ


@cache
def planted(time_range: str = "24h") -> dict[str, ResourceWindow]:
    """The cases by resource."""
    return {
        case.resource.resource_id: case for case in cases(sources(), OptimizationQuery.parse(time_range=time_range))
    }


@cache
def evidence(time_range: str = "24h") -> list[Evidence]:
    """The evidence of the optimization document."""
    return optimization(sources(), OptimizationQuery.parse(time_range=time_range))[1]


def answer(statement: str) -> float:
    """What the SQL room says: one row, one number."""
    found = ask(sources().snapshot, statement, Bounds())
    assert found.columns == ["observed"]
    ((value,),) = found.rows
    assert value is not None, statement
    return float(value)


@pytest.mark.parametrize("name", rules())
def test_the_sql_of_a_finding_gives_what_was_observed(name: str) -> None:
    """Each rule on a resource on which its cause is planted."""
    case = planted()[resource_id(name)]
    found = rules()[name].evaluate(case)
    assert found is not None, f"{name} does not find what was planted for it"
    assert found.observed == found.measure.value(case)
    assert answer(found.measure.sql(case, UNTIL)) == pytest.approx(found.observed, rel=CLOSE, abs=1e-9)


@pytest.mark.parametrize("time_range", ["6h", "7d", "30d"])
def test_it_holds_in_every_window(time_range: str) -> None:
    """Shorter and longer than a day, and longer than the history."""
    compared = 0
    for name, rule in rules().items():
        case = planted(time_range)[resource_id(name)]
        found = rule.evaluate(case)
        if found is not None:
            assert answer(found.measure.sql(case, UNTIL)) == pytest.approx(found.observed, rel=CLOSE, abs=1e-9), name
            compared += 1
    assert compared > len(rules()) / 2


def test_evidence_carries_it() -> None:
    """Every bottleneck has its SQL, every recommendation that of its cause and of each reading in its estimate."""
    advised = 0
    for one in evidence():
        if isinstance(one.detail, BottleneckDetail):
            assert answer(one.detail.sql) == pytest.approx(one.observed, rel=CLOSE, abs=1e-9)
            for other in one.detail.symptoms.values():
                _same(other)
        if isinstance(one.detail, AdviceDetail):
            advised += 1
            assert answer(one.detail.sql) is not None
            for reading in one.detail.inputs.values():
                _same(reading)
    assert advised >= 20


def _same(reading: MeasuredInput | Symptom) -> None:
    assert math.isfinite(reading.value)
    assert answer(reading.sql) == pytest.approx(reading.value, rel=CLOSE, abs=1e-9)
