"""Other GPU models, equals with room, buying or waiting: each by hand, each next to where it must not be advised."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.advice.portfolio import compatible, joint_saving, savable
from plimsoll.analysis.advice.rebalance import rebalance
from plimsoll.analysis.advice.usl import Usl
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.prices import Gpu, PriceList
from plimsoll.fleet.prices.sections import Head
from plimsoll.fleet.resources import Resource

STEP_S, DAY, DAYS = 300.0, 288, 14
ROWS = DAYS * DAY
END = datetime(2026, 1, 16, 18, tzinfo=UTC)


def gpu(model: str, per_h: float, memory_gb: float, performance: float | None) -> Gpu:
    """An entry of the price file."""
    return Gpu(model=model, region="", per_h=per_h, memory_gb=memory_gb, performance=performance)


PRICES = PriceList(
    head=Head(as_of=date(2026, 1, 1), source="a list", currency="USD"),
    gpus={
        "h100": gpu("H100", 4.0, 80.0, 1.0),
        "l4": gpu("L4", 0.8, 24.0, 0.25),
        "slice": gpu("H100 1g.10gb", 0.5, 10.0, 0.14),
        "b200": gpu("B200", 8.0, 180.0, 2.0),
        "unmeasured": gpu("X1", 0.1, 80.0, None),
    },
    on=date(2026, 1, 16),
)


def flat(value: float, *, last: float | None = None, hours: float = 6.0) -> Floats:
    """Two weeks of one level, with another one at the end."""
    row = np.full(ROWS, float(value)) * np.random.default_rng(1).normal(1, 0.01, ROWS)
    if last is not None:
        row[-round(hours * 12) :] = last
    return row


def case(
    readings: dict[str, Floats], *, name: str = "a", kind: str = "training", replicas: float | None = None
) -> ResourceWindow:
    """Eight H100 and these readings."""
    resource = Resource(
        resource_id=name, name=name, type=kind, labels={"gpu_model": "H100"}, gpu_count=8.0, replicas_count=replicas
    )
    return ResourceWindow(resource, readings, DAY, STEP_S, 1.0, prices=PRICES, end=END)


def of(adviser: str, one: ResourceWindow) -> Advice | None:
    """The advice of one adviser."""
    return next((advice for advice in assess(one).advice if advice.adviser == adviser), None)


def test_a_smaller_gpu_that_would_have_held_everything() -> None:
    """Eight per cent of an H100 with 15 of its 80 GB fits on an L4 (32 %, 62 %), not on a slice (57 %, 150 %)."""
    small = case({"gpu_utilization_pct": flat(8), "gpu_memory_utilization_pct": flat(18)})
    advice = of("smaller_gpu", small)
    assert advice is not None
    assert "Run a on L4 instead of H100" in advice.title
    assert "costs 0.20 times as much and is 0.25 times as fast" in advice.description
    assert advice.saving_per_month == pytest.approx(8 * (4.0 - 0.8) * 730)
    assert advice.estimate is not None
    assert advice.estimate.high == pytest.approx(80.0)
    assert advice.changes["slurm"] == "#SBATCH --gres=gpu:l4:8"
    assert advice.replay is not None
    assert advice.replay.breaches == 0
    assert advice.replay.worst_pct == pytest.approx(float(np.max(flat(18))) * 80 / 24)


def test_a_smaller_gpu_is_never_guessed() -> None:
    """Memory that is not read, a model that was not measured, a peak that would not have fitted."""
    assert of("smaller_gpu", case({"gpu_utilization_pct": flat(8)})) is None
    full = {"gpu_utilization_pct": flat(8), "gpu_memory_utilization_pct": flat(95)}
    assert of("smaller_gpu", case(full)) is None
    unknown = replace(case(full | {"gpu_memory_utilization_pct": flat(18)}), prices=PriceList())
    assert of("smaller_gpu", unknown) is None
    peak = flat(8)
    peak[1000:1100] = 90.0
    busy = case({"gpu_utilization_pct": peak, "gpu_memory_utilization_pct": flat(18)})
    assert of("smaller_gpu", busy) is None


def test_a_slice_where_little_is_held() -> None:
    """Three per cent and four gigabytes: the slice is the cheapest that would have held it, as Kubernetes names it."""
    tiny = case({"gpu_utilization_pct": flat(3), "gpu_memory_utilization_pct": flat(5)})
    advice = of("smaller_gpu", tiny)
    assert advice is not None
    assert advice.changes == {"kubernetes": "resources: {limits: {nvidia.com/mig-1g.10gb: 8}}"}


def test_of_two_sizes_the_portfolio_counts_one() -> None:
    """Fewer GPUs and smaller ones are two ways to save the same money: together never more than is paid."""
    small = case({"gpu_utilization_pct": flat(8), "gpu_memory_utilization_pct": flat(18)})
    advice = [one for one in assess(small).advice if one.frees > 0]
    assert {one.adviser for one in advice} <= {"right_size", "smaller_gpu"}
    assert len(compatible(advice)) == 1
    together = joint_saving(advice, savable([small]))
    assert together is not None
    assert together <= 8 * 4.0 * 730
    assert together == max(one.saving_per_month or 0.0 for one in advice)


def test_a_larger_gpu_where_requests_wait() -> None:
    """Twice as fast at 85 %: the answer takes less than half the time, and it costs what it costs more."""
    waiting = {"queue_time_ms": flat(5, last=700), "response_time_ms": flat(100, last=900)}
    busy = case(waiting | {"gpu_utilization_pct": flat(50, last=85), "gpu_memory_utilization_pct": flat(40)})
    advice = of("larger_gpu", busy)
    assert advice is not None
    assert "B200 instead of H100" in advice.title
    assert advice.estimate is not None
    assert advice.estimate.low > 50
    assert advice.saving_per_month == pytest.approx(-8 * 4.0 * 730)


def queueing(name: str, use: float) -> ResourceWindow:
    """A service whose requests wait."""
    readings = {
        "queue_time_ms": flat(5, last=700),
        "response_time_ms": flat(100, last=900),
        "gpu_utilization_pct": flat(50, last=use),
    }
    return case(readings, name=name, kind="endpoint", replicas=4.0)


def calm(name: str, use: float) -> ResourceWindow:
    """An equal that is used so far."""
    return case({"gpu_utilization_pct": flat(use)}, name=name, kind="endpoint", replicas=4.0)


def balanced(*of_fleet: ResourceWindow) -> dict[str, Advice]:
    """The advice that looks at several resources."""
    return rebalance([(one, assess(one)) for one in of_fleet])


def test_work_goes_where_equals_have_room() -> None:
    """From 90 % to the target of 65 %: 28 % of the work, to the one with room; the one without gets nothing."""
    advice = balanced(queueing("a", 90), calm("b", 35), calm("c", 60))["a"]
    assert advice.title == "Send 28 % of the work of a to b"
    assert advice.changes["kubernetes"].startswith('backendRefs: [{name: "a", weight: 72}, {name: "b", weight: 28}]')
    assert advice.estimate is not None
    assert 0 < advice.estimate.low <= advice.estimate.middle <= advice.estimate.high
    assert advice.replay is not None
    assert advice.replay.breaches == 0


def test_room_is_given_away_once() -> None:
    """Two that wait and one with room for one of them: what they get together is what there is."""
    found = balanced(queueing("a", 90), queueing("b", 90), calm("c", 45))
    moved = [float(one.title.split()[1]) / 100 * 4 * 90 for one in found.values()]
    assert sum(moved) <= 4 * (65 - 45) + 4


def test_unequal_or_shrinking_resources_have_no_room_to_give() -> None:
    """Another model, another region, too few readings; and one that is to be made smaller."""
    other = calm("b", 40)
    model = replace(other, resource=replace(other.resource, labels={"gpu_model": "L4"}))
    region = replace(other, resource=replace(other.resource, region="elsewhere"))
    for no_room in (model, region, replace(other, coverage=0.5), calm("b", 8)):
        assert balanced(queueing("a", 90), no_room) == {}


def test_more_replicas_only_while_they_help() -> None:
    """Seven numbers of replicas that follow the law with its peak between six and seven: five become six, six stay."""
    law = Usl(100.0, 0.1, 0.0213, 7)
    sizes = np.repeat(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]), ROWS // 7)
    rate = np.array([law.at(n) for n in sizes.tolist()]) * np.random.default_rng(3).normal(1, 0.002, ROWS)
    base = queueing("a", 94)
    scaled = replace(
        base,
        readings={
            **base.readings,
            "replicas_count": sizes,
            "throughput_per_s": rate,
            "gpu_utilization_pct": flat(90, last=94),
        },
    )
    five = replace(scaled, resource=replace(scaled.resource, replicas_count=5.0))
    advice = of("add_replicas", five)
    assert advice is not None
    assert "1 more replica " in advice.title
    assert "USL" in advice.description
    assert of("add_replicas", replace(scaled, resource=replace(scaled.resource, replicas_count=6.0))) is None


def cluster(use: Floats, hours: float) -> ResourceWindow:
    """A cluster whose jobs waited for so many hours."""
    waiting = {"queue_time_ms": flat(5, last=700, hours=hours), "response_time_ms": flat(100, last=900, hours=hours)}
    return case(waiting | {"gpu_utilization_pct": use}, kind="cluster")


def test_a_queue_that_comes_and_goes_is_no_reason_to_buy() -> None:
    """Two hours in a day and no trend: wait, and nobody says to buy as well; most of the day: nobody says wait."""
    calm_queue = cluster(flat(60), 2)
    advice = of("buy_or_wait", calm_queue)
    assert advice is not None
    assert advice.title.startswith("Wait before buying")
    assert of("add_replicas", calm_queue) is None
    long_queue = cluster(flat(60), 20)
    assert of("buy_or_wait", long_queue) is None
    assert of("add_replicas", long_queue) is not None


def test_demand_that_grows_is_one() -> None:
    """Two points a day: full when the busy hours reach 100 %."""
    growing = np.linspace(50, 78, ROWS) + np.random.default_rng(2).normal(0, 0.5, ROWS)
    advice = of("buy_or_wait", cluster(growing, 2))
    assert advice is not None
    assert advice.title.startswith("Plan to buy")
    assert advice.estimate is not None
    assert advice.estimate.low < (100 - 78) / 2 < advice.estimate.high
