"""Laws over all rules, on readings of a fleet with every fault and every innocent twin."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.bottleneck_quality import CAUSES, case_at, indexed, planted, read
from plimsoll import documents
from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks.limits import bounds_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.analysis.optimization.document import optimization
from plimsoll.analysis.optimization.options import DocumentOptions
from plimsoll.analysis.robust import Floats
from plimsoll.documents import TimeRange
from plimsoll.fleet.resources import resources_at

RESOURCES, SEED = 144, 11
KINDS = pytest.mark.parametrize("kind", CAUSES)
CLIMBING = ("volume_filling", "memory_leak")
"""What they observe is a level that has not reached its threshold yet."""
OF_TIME = ("slow_answers", "traffic_spike", "slow_disk", "network_latency")
SPAN = TimeRange(start="2026-01-15T18:00:00Z", end="2026-01-16T18:00:00Z", granularity="5m")


@dataclass(frozen=True)
class Truth:
    """What was planted, as the rules see it at its end."""

    faults: Mapping[str, ResourceWindow]
    twins: Mapping[str, ResourceWindow]


@pytest.fixture(scope="module")
def truth() -> Truth:
    """One fleet."""
    fleet = planted(SEED, RESOURCES)
    at = read(fleet)
    index, known = indexed(at), {r.resource_id: r for r in resources_at(fleet.resources())}
    cases = {one.kind: case_at(at, index, known[one.resource_id], one.end) for one in fleet.incidents}
    twins = {kind.removeprefix("like "): case for kind, case in cases.items() if kind not in CAUSES}
    return Truth({kind: case for kind, case in cases.items() if kind in CAUSES}, twins)


def found(case: ResourceWindow) -> dict[str, Bottleneck]:
    """What each rule finds, by itself."""
    return {name: one for name, rule in rules().items() if (one := rule.evaluate(case)) is not None}


def planted_finding(truth: Truth, kind: str) -> Bottleneck:
    """The finding of the fault's own rule."""
    case = truth.faults[kind]
    return next(one for name in CAUSES[kind].split() if (one := rules()[name].evaluate(case)) is not None)


def thinned(case: ResourceWindow, part: float, seed: int) -> ResourceWindow:
    """The same with a part of the readings of each metric unread, each metric for itself."""
    rng = np.random.default_rng(seed)

    def holes(row: Floats) -> Floats:
        return np.where(rng.random(len(row)) < part, np.nan, row)

    return replace(
        case,
        readings={name: holes(row) for name, row in case.readings.items()},
        devices={name: holes(row) for name, row in case.devices.items()},
    )


def moved(case: ResourceWindow, one: Bottleneck, factor: float) -> ResourceWindow:
    """The window of what was observed, times a factor; a share of percent stays one."""

    def times(row: Floats) -> Floats:
        changed = row.copy()
        changed[-case.window_rows :] *= factor
        return np.clip(changed, 0, 100) if one.metric.endswith("_pct") else changed

    if one.device:
        own = {key: times(row) for key, row in case.devices.items() if key[0] == one.device}
        return replace(case, devices={**case.devices, **own})
    return replace(case, readings={**case.readings, one.metric: times(case.readings[one.metric])})


@KINDS
def test_readings_that_are_missing_accuse_nobody(truth: Truth, kind: str) -> None:
    """A healthy look-alike of which a third of the readings, or any one metric as a whole, was never read."""
    healthy = truth.twins[kind]
    assert found(healthy) == {} or set(found(healthy)) <= {"quiet_hours"}
    before = set(found(healthy))
    for seed in range(3):
        assert set(found(thinned(healthy, 0.33, seed))) <= before
    for metric in healthy.readings:
        fewer = {name: row for name, row in healthy.readings.items() if name != metric}
        assert set(found(replace(healthy, readings=fewer))) <= before, metric


@KINDS
def test_missing_readings_add_no_finding_to_a_faulty_resource(truth: Truth, kind: str) -> None:
    """What is found with a third of the readings gone was found with all of them."""
    case = truth.faults[kind]
    everything = set(found(case))
    for seed in range(3):
        assert set(found(thinned(case, 0.33, seed))) <= everything


@KINDS
def test_better_readings_never_weigh_more(truth: Truth, kind: str) -> None:
    """What was observed, moved step by step away from its limit to the good side: lighter or gone, never heavier."""
    case, one = truth.faults[kind], planted_finding(truth, kind)
    if one.rule == "blind":
        pytest.skip("it observes that nothing was read")
    up = one.rule in CLIMBING or one.observed >= one.threshold
    weights = [one.weight]
    for part in (0.05, 0.15, 0.3, 0.6):
        better = rules()[one.rule].evaluate(moved(case, one, 1 - part if up else 1 + part))
        weights.append(better.weight if better is not None else 0.0)
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(weights)), weights


@pytest.mark.parametrize("rule", OF_TIME)
def test_what_compares_with_its_own_past_knows_no_unit(truth: Truth, rule: str) -> None:
    """Everything ten times as long, before and now: the same finding, ten times the numbers."""
    kind = next(name for name, causes in CAUSES.items() if rule in causes.split())
    case, one = truth.faults[kind], planted_finding(truth, kind)
    longer = rules()[rule].evaluate(replace(case, readings={n: 10 * row for n, row in case.readings.items()}))
    assert longer is not None
    assert longer.weight == pytest.approx(one.weight, abs=3)
    assert longer.samples == pytest.approx(one.samples, rel=0.2)
    assert longer.observed == pytest.approx(10 * one.observed, rel=0.05)
    assert longer.threshold == pytest.approx(10 * one.threshold, rel=0.05)


@KINDS
def test_the_same_readings_give_the_same_findings_in_any_order(truth: Truth, kind: str) -> None:
    """Twice, and with the metrics the other way round."""
    case = truth.faults[kind]
    turned = replace(
        case, readings=dict(reversed(list(case.readings.items()))), devices=dict(reversed(list(case.devices.items())))
    )
    assert assess(case) == assess(case) == assess(turned)


def test_the_order_of_resources_does_not_matter(truth: Truth) -> None:
    """The same document and the same evidence, byte by byte."""
    cases = list(truth.faults.values())
    first = optimization(cases, span=SPAN, options=DocumentOptions())
    turned = optimization(cases[::-1], span=SPAN, options=DocumentOptions())
    assert documents.encode(first[0]) == documents.encode(turned[0])
    assert documents.encode(first[1]) == documents.encode(turned[1])


@KINDS
def test_its_limits_decide(truth: Truth, kind: str) -> None:
    """Some limit of the rule, set to one of its bounds, silences it: what can be set has an effect."""
    case, one = truth.faults[kind], planted_finding(truth, kind)
    silenced = [
        name
        for name, limit in bounds_of(rules()[one.rule].limits).items()
        for value in (limit.low, limit.high)
        if rules()[one.rule].with_limits({name: value}).evaluate(case) is None
    ]
    assert silenced or one.rule == "blind"  # it has two ways to be blind, each with its own limit
