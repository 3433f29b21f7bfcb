"""Laws that every piece of advice keeps: a cause, an id, a range with its unit, a replay for a size, and safe words."""

import json
import math
import re
import shlex
from dataclasses import replace
from functools import cache

import jsonschema
import pytest

from plimsoll import documents
from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.catalogue import advisers as every_adviser
from plimsoll.analysis.advice.catalogue import answering as advisers
from plimsoll.analysis.advice.commands import shell_quote
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.analysis.bottlenecks.use_method import cells
from plimsoll.documents.evidence import AdviceDetail
from plimsoll.fleet.resources import Resource
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.optimization import windows as cases
from tests.contracts.rules.planted import HOSTILE, resource_id, sources
from tests.shared import shared_path

SIZES = {"right_size", "schedule_hours", "smaller_gpu", "add_replicas", "larger_gpu", "rebalance"}


@cache
def planted() -> dict[str, ResourceWindow]:
    """The planted fleet by resource."""
    return {case.resource.resource_id: case for case in cases(sources(), OptimizationQuery())}


@cache
def advice() -> list[Advice]:
    """Everything that is advised on it, each rule's finding by itself: nothing is folded away."""
    found: list[Advice] = []
    for name, rule in rules().items():
        case = planted()[resource_id(name)]
        seen = rule.evaluate(case)
        assert seen is not None
        found += [one for adviser in advisers()[name] if (one := adviser.give(case, seen))]
    return found


def texts(one: Advice) -> list[str]:
    """All that is said."""
    return [one.title, one.description, one.improvement or "", one.cost or "", *one.changes.values()]


def test_every_adviser_answers_rules_that_there_are() -> None:
    """And every rule has an adviser that has something to say to what is planted for it."""
    for adviser in every_adviser().values():
        assert adviser.answers <= set(rules())
    assert {one.rule for one in advice()} == set(rules())


def test_ids_are_unique_and_stable() -> None:
    """The same advice on the same resource for the same cause has the same id, and no other has."""
    ids = [one.id for one in advice()]
    assert len(set(ids)) == len(ids)
    assert [replace(one, title="other", estimate=None).id for one in advice()] == ids


def test_a_range_is_a_range() -> None:
    """Low, middle and high in this order, finite, with unit and formula, and told in the improvement."""
    ranged = [one for one in advice() if one.estimate is not None]
    assert len(ranged) > len(rules()) / 4
    for one in ranged:
        assert one.estimate is not None
        assert one.estimate.low <= one.estimate.middle <= one.estimate.high, one.adviser
        assert all(math.isfinite(value) for value in (one.estimate.low, one.estimate.middle, one.estimate.high))
        assert one.estimate.unit
        assert one.estimate.formula
        assert one.improvement


def test_a_size_is_replayed() -> None:
    """Every change of size carries what history says of it; one that would have broken is of low priority."""
    sized = [one for one in advice() if one.adviser in SIZES]
    assert {one.adviser for one in sized} >= {"right_size", "schedule_hours", "add_replicas"}
    for one in sized:
        assert one.replay is not None, one.adviser
        assert one.risk == one.replay.share
        assert "Replayed on" in one.description
        if one.replay.breaches and one.frees > 0:
            assert one.priority == "low"


def test_nothing_says_nan() -> None:
    """Also where the inventory knows no size and no price: what is not known is not said."""
    bare = Resource(resource_id="a", name="a", type="cluster")
    for name, rule in rules().items():
        of = planted()[resource_id(name)]
        for resource in (of.resource, replace(bare, type=of.resource.type)):
            case = replace(of, resource=resource)
            if (seen := rule.evaluate(case)) is None:
                continue
            for adviser in advisers()[name]:
                one = adviser.give(case, seen)
                assert one is None or not any(re.search(r"\b(nan|inf|None)\b", text) for text in texts(one)), name


def test_a_hostile_name_stays_one_word() -> None:
    """What is pasted into a shell holds the name as one argument, whatever is in it."""
    case = planted()[HOSTILE]
    assert case.resource.resource_id == HOSTILE
    for name in ("gpu_idle", "memory_leak", "volume_full", "thermal_throttling", "gpu_memory_errors"):
        of = planted()[resource_id(name)]
        hostile = replace(of, resource=replace(of.resource, resource_id=HOSTILE))
        seen = rules()[name].evaluate(hostile)
        assert seen is not None
        commands = [text for a in advisers()[name] if (one := a.give(hostile, seen)) for text in one.changes.values()]
        assert commands
        for command in commands:
            assert any(HOSTILE in argument for argument in shlex.split(command)), command
    assert shell_quote("a\x1b]0;x\x07") == "$'a\\U0000001b]0;x\\U00000007'"


def test_the_document_of_it_is_valid() -> None:
    """With every adviser in it, against the schema; each bottleneck and recommendation has its evidence."""
    document, evidence = optimization(sources(), OptimizationQuery())
    made = json.loads(documents.encode(document))
    jsonschema.validate(made, json.loads(shared_path("spec", "schemas", "optimization.schema.json").read_bytes()))
    proofs = {one.subject: one for one in evidence}
    for resource in made["resources"]:
        for told in (*resource["bottlenecks"], *resource["recommendations"]):
            assert proofs[told["id"]].window.start
        for told in resource["recommendations"]:
            assert proofs[told["id"]].typed(AdviceDetail).bottleneck_id in proofs


def test_every_rule_stands_in_one_cell_of_the_sweep() -> None:
    """Utilization, saturation or errors of one component; and it has a weight by which missing metrics are ranked."""
    named = [rule for kinds in cells(rules()).values() for several in kinds.values() for rule in several]
    assert sorted(named) == sorted(rules())
    assert all(0 < rule.min_weight < 100 for rule in rules().values())


@pytest.mark.parametrize("name", rules())
def test_gaps_advise_nothing(name: str) -> None:
    """The same resource with nothing but gaps in the window: no bottleneck, no advice but to bring readings back."""
    of = planted()[resource_id(name)]
    blank = {metric: row.copy() for metric, row in of.readings.items()}
    devices = {key: row.copy() for key, row in of.devices.items()}
    for row in (*blank.values(), *devices.values()):
        row[-of.window_rows :] = math.nan
    silent = replace(of, readings=blank, devices=devices, coverage=0.0)
    assert {one.adviser for one in assess(silent).advice} <= {"restore_readings"}
