"""Laws that every rule and adviser keeps: what is unknown accuses nobody, better readings make nothing worse."""

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.catalogue import answering as advisers
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.analysis.bottlenecks.rule_files import thresholds
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import CATALOGUE, Worse

STEP_S, WINDOW, ROWS = 300.0, 288, 8 * 288
RESOURCE = Resource(
    resource_id="a",
    name="a",
    type="training",
    gpu_count=8.0,
    replicas_count=4.0,
    storage_bytes=1e14,
    price_usd_per_h=20.0,
)
EVERY = pytest.mark.parametrize("rule", rules().values(), ids=rules())


def case(readings: dict[str, Floats], *, coverage: float | None = 1.0, resource: Resource = RESOURCE) -> ResourceWindow:
    """The resource with these readings."""
    return ResourceWindow(resource, readings, WINDOW, STEP_S, coverage)


def calm() -> dict[str, Floats]:
    """Eight days in which all is well: busy, warm, with room everywhere."""
    rng = np.random.default_rng(1)
    t = np.arange(ROWS) / 288
    rhythm = 1 + 0.2 * np.sin(2 * np.pi * t) + rng.normal(0, 0.02, ROWS)
    levels = {
        "gpu_utilization_pct": 60.0,
        "gpu_sm_active_pct": 60.0,
        "gpu_memory_utilization_pct": 70.0,
        "gpu_sm_clock_mhz": 1900.0,
        "cpu_utilization_pct": 40.0,
        "memory_utilization_pct": 50.0,
        "storage_utilization_pct": 50.0,
        "disk_latency_ms": 1.0,
        "disk_busy_pct": 30.0,
        "network_latency_ms": 0.3,
        "network_utilization_pct": 30.0,
        "response_time_ms": 120.0,
        "queue_time_ms": 5.0,
        "queue_depth_count": 0.0,
        "throughput_per_s": 30.0,
        "error_rate_pct": 0.1,
        "input_wait_pct": 5.0,
        "kv_cache_utilization_pct": 50.0,
        "gpu_throttled_thermal_pct": 0.0,
        "gpu_throttled_power_pct": 0.0,
    }
    return {name: level * rhythm for name, level in levels.items()}


def bad(value: float, metric: str) -> dict[str, Floats]:
    """The last twelve hours of one metric at a value, the rest as ever."""
    readings = calm()
    row = readings.get(metric, np.zeros(ROWS)).copy()
    row[-144:] = value
    return readings | {metric: row}


def limits() -> list[tuple[str, str, float]]:
    """(rule, metric, limit) of the rules that are one limit held for long enough."""
    return [(name, one.metric, one.above) for name, one in thresholds().items() if one.above is not None]


@EVERY
def test_what_was_not_read_accuses_nobody(rule: AnyRule) -> None:
    """No reading at all, nothing but gaps, and one reading."""
    assert rule.evaluate(case({})) is None or rule.name == "blind"
    gaps = {metric: np.full(ROWS, np.nan) for metric in rule.reads}
    assert rule.evaluate(case(gaps)) is None or rule.name == "blind"
    alone = {metric: row.copy() for metric, row in gaps.items()}
    for row in alone.values():
        row[-1] = 1e12
    events = {"gpu_memory_errors", "gpu_rows_to_remap", "gpu_driver_errors", "blind"}  # one reading is the event
    assert rule.evaluate(case(alone)) is None or rule.name in events


@EVERY
def test_a_calm_resource_is_exonerated(rule: AnyRule) -> None:
    """Readings in which nothing is wrong."""
    assert rule.evaluate(case(calm())) is None


@EVERY
def test_names_fit_together(rule: AnyRule) -> None:
    """What it reads is in the catalogue, what it explains is a rule, and somebody knows what to do about it."""
    assert set(rule.reads) <= set(CATALOGUE)
    assert rule.explains <= set(rules())
    assert rule.name not in rule.explains
    assert rule.name in advisers()


@pytest.mark.parametrize(("name", "metric", "limit"), limits())
def test_better_readings_make_nothing_worse(name: str, metric: str, limit: float) -> None:
    """From far beyond the limit to below it: the weight never rises, and below it nobody is accused."""
    assert CATALOGUE[metric].worse in (Worse.UP, Worse.NEITHER)
    find = rules()[name].evaluate
    weights: list[float] = []
    for value in (3 * limit, 2 * limit, 1.2 * limit, 1.01 * limit):
        found = find(case(bad(value, metric)))
        assert found is not None
        assert found.threshold == limit
        assert found.observed == pytest.approx(value)
        weights.append(found.weight)
    assert weights == sorted(weights, reverse=True)
    assert find(case(bad(0.99 * limit, metric))) is None


@pytest.mark.parametrize(("name", "metric", "limit"), limits())
def test_shorter_is_not_heavier(name: str, metric: str, limit: float) -> None:
    """Half of the time over the limit weighs no more than all of it."""
    find = rules()[name].evaluate
    long, short = bad(1.5 * limit, metric), bad(1.5 * limit, metric)
    short[metric][-144:-72] = 0.0
    whole, half = find(case(long)), find(case(short))
    assert whole is not None
    assert half is None or half.weight <= whole.weight


@pytest.mark.parametrize(("name", "metric", "limit"), limits())
def test_advice_is_whole(name: str, metric: str, limit: float) -> None:
    """A title, the numbers that were seen, what happens if nothing is done; a range with its formula, or none."""
    for advice in assess(case(bad(1.5 * limit, metric))).advice:
        assert advice.title
        assert "If nothing is done" in advice.description or ": " in advice.description
        assert advice.priority in ("high", "medium", "low")
        if advice.estimate is not None:
            assert np.isfinite([advice.estimate.low, advice.estimate.middle, advice.estimate.high]).all()
            assert advice.estimate.low <= advice.estimate.middle <= advice.estimate.high
            assert advice.estimate.formula
            assert advice.improvement
    assert name in {top.rule for top, _ in assess(case(bad(1.5 * limit, metric))).bottlenecks} | {
        one.rule for _, below in assess(case(bad(1.5 * limit, metric))).bottlenecks for one in below
    }


def test_noise_around_a_limit_changes_nothing() -> None:
    """Five per cent of noise, fourteen days: the same advice with the same id each day."""
    rng = np.random.default_rng(5)
    seen: set[frozenset[str]] = set()
    for _ in range(14):
        readings = calm()
        readings["cpu_utilization_pct"] = np.clip(97 * (1 + rng.normal(0, 0.05, ROWS)), 0, 100)
        seen.add(frozenset(one.id for one in assess(case(readings)).advice))
    assert len(seen) == 1
    assert all(seen)


def test_thin_coverage_abstains() -> None:
    """With half of the readings the bottleneck is told, and only the missing readings are advised on."""
    readings = bad(99.0, "cpu_utilization_pct")
    for row in readings.values():
        row[-288:-144] = np.nan
    result = assess(case(readings, coverage=0.5))
    assert {one.rule for one in result.advice} == {"blind"}
    assert result.abstained is not None
