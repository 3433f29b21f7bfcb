"""One number for one thing, and no estimate beyond what is measured."""

import re
from dataclasses import replace

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in
from plimsoll.analysis.bottlenecks.use_method import use_sweep
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource

DAY, ROWS = 288, 14 * 288


def window(
    resource: Resource, readings: dict[str, Floats], devices: dict[tuple[str, str], Floats] | None = None
) -> ResourceWindow:
    """Two weeks of it."""
    return ResourceWindow(resource, readings, DAY, 300.0, 1.0, devices or {})


def only(one: ResourceWindow, adviser: str) -> Advice:
    """What one adviser says."""
    (found,) = [advice for advice in assess(one).advice if advice.adviser == adviser]
    return found


def level(*parts: tuple[float, float]) -> Floats:
    """Hours of a level each, the last ones last, the first one as far back as it goes."""
    tail = np.concatenate([np.full(round(12 * hours), value) for hours, value in parts])
    return np.concatenate([np.full(ROWS - len(tail), parts[0][1]), tail])[-ROWS:]


def test_a_full_volume_has_one_size() -> None:
    """94 % of 200 TB: to be at 70 %, 48 TB go or 68.6 TB come; title, plan and patch speak of the same size."""
    volume = Resource(resource_id="v", name="v", type="storage", storage_bytes=2e14)
    found = only(window(volume, {"storage_utilization_pct": level((24, 94.0))}), "make_room")
    assert found.title == "Make room on v: delete 48.0 TB, or add 68.6 TB"
    assert found.plan is not None
    assert (found.plan.start, round(found.plan.to / 1e12, 1)) == (2e14, 268.6)
    patched = re.search(r'"storage":"(\d+)Gi"', found.changes["kubernetes"])
    assert patched is not None
    assert int(patched[1]) * 2**30 == pytest.approx(found.plan.to, rel=1e-5)
    assert 94.0 * 2e14 / found.plan.to == pytest.approx(70.0)
    amounts = set(re.findall(r"[\d.]+ TB", f"{found.title} {found.description}"))
    assert amounts == {"48.0 TB", "68.6 TB"}


def test_a_volume_that_fills_has_one_size_too() -> None:
    """60 % and 3 points a day: a smaller step, the days that it lasts by the same numbers."""
    volume = Resource(resource_id="v", name="v", type="storage", storage_bytes=1e14)
    row = 69.0 + np.arange(ROWS) * 3.0 / DAY - (ROWS - 1) * 3.0 / DAY
    found = only(window(volume, {"storage_utilization_pct": np.maximum(row, 0.0)}), "make_room")
    assert found.plan is not None
    assert found.estimate is not None
    assert found.estimate.middle == pytest.approx(5 / 3, rel=0.05)
    assert found.plan.to / found.plan.start == pytest.approx(69 / 64, rel=0.01)
    assert "full again in 12 days" in found.description


def test_inodes_are_no_bytes() -> None:
    """A file system without room for files: no terabytes, no larger claim."""
    volume = Resource(resource_id="v", name="v", type="storage", storage_bytes=2e14)
    found = only(window(volume, {"storage_inodes_utilization_pct": level((24, 98.0))}), "make_room")
    assert not re.search(r"\bTB\b|\bGB\b", f"{found.title} {found.description} {found.changes}")
    assert found.changes == {}


@pytest.mark.parametrize("flat_h", [0, 6, 12, 19])
def test_the_time_that_a_leak_leaves_is_that_of_its_climb(flat_h: int) -> None:
    """0.7 points an hour for 52 h, before it a level however long of it is looked at: 12 h are left, not 18."""
    service = Resource(resource_id="s", name="s", type="endpoint")
    rng = np.random.default_rng(flat_h)
    climb = 52.8 + 0.7 * np.arange(52 * 12) / 12
    row = np.concatenate([np.full(ROWS - len(climb), 52.8), climb]) + rng.normal(0, 0.05, ROWS)
    row[: ROWS - len(climb) - 12 * flat_h] = 40.0
    found = built_in()["memory_leak"].evaluate(window(service, {"memory_utilization_pct": row}))
    assert found is not None
    hours = re.search(r"used up in (\d+) h", found.description)
    assert hours is not None
    assert int(hours[1]) == pytest.approx((98 - 89.2) / 0.7, abs=1)


def queued(wait_ms: float, answer_ms: float, used: float) -> ResourceWindow:
    """A service whose cache is full for two hours, and what its requests wait meanwhile."""
    service = Resource(
        resource_id="s", name="s", type="endpoint", replicas_count=3.0, gpu_count=6.0, price_usd_per_h=10.0
    )
    return window(
        service,
        {
            "kv_cache_utilization_pct": level((22, 40.0), (2, 99.0)),
            "gpu_utilization_pct": level((22, 50.0), (2, used)),
            "queue_time_ms": level((22, 1.0), (2, wait_ms)),
            "response_time_ms": level((22, 400.0), (2, answer_ms)),
        },
    )


def test_no_more_can_be_won_than_was_waited() -> None:
    """16.4 of 446.8 ms are waiting: 3.7 % sooner at the most, whatever the formula makes of the use."""
    for used in (70.0, 85.0, 97.0):
        found = only(queued(16.4, 446.8, used), "add_replicas")
        assert found.estimate is not None
        assert 0 <= found.estimate.low <= found.estimate.high <= 100 * 16.4 / 446.8 + 1e-9


def test_a_saturated_service_with_measured_waits_has_a_range() -> None:
    """Seven tenths of the answer's time is waiting: up to seven tenths sooner, and no words in place of a number."""
    found = only(queued(700.0, 1000.0, 99.0), "add_replicas")
    assert found.estimate is not None
    assert 30 < found.estimate.low <= found.estimate.high <= 70.0
    assert "saturated" not in (found.improvement or "")


def test_work_that_waited_is_part_of_a_replay() -> None:
    """Full for two hours while most of the time is waiting: what was not served is not 'never full'."""
    found = only(queued(700.0, 1000.0, 97.0), "add_replicas")
    assert "never full" not in found.description
    assert "In 2.0 h of them work waited while it was full" in found.description


def test_counted_waiting_work_is_replayed_with_its_size() -> None:
    """Thirty wait while ten run: four times the use, and the replay says that a half more is not enough."""
    one = queued(700.0, 1000.0, 97.0)
    counted = {
        **one.readings,
        "queue_depth_count": level((22, 0.0), (2, 30.0)),
        "running_count": level((22, 10.0), (2, 10.0)),
    }
    found = only(replace(one, readings=counted), "add_replicas")
    assert found.replay is not None
    assert found.replay.worst_pct > 200
    assert found.replay.longest_h == pytest.approx(2.0, abs=0.1)


def test_more_for_some_hours_costs_those_hours() -> None:
    """Two hours of a day are full: a twelfth of the month is paid, and the paste says what comes afterwards."""
    found = only(queued(700.0, 1000.0, 97.0), "add_replicas")
    assert found.plan is not None
    extra = (found.plan.to - found.plan.start) / found.plan.start
    assert found.saving_per_month == pytest.approx(-10.0 * 730 * extra * 2 / 24, rel=0.02)
    assert "# afterwards: --replicas=3" in found.changes["kubernetes"]


def test_a_straggler_mended_and_taken_out_are_different_promises() -> None:
    """Eight cards, one at 1/1.44 of the others: mended 4 %, in step 44 %; taken out 9 % less; no machine is drained."""
    node = Resource(resource_id="n", name="n", type="cluster", gpu_count=8.0)
    rows = {(f"gpu{n}", "gpu_sm_clock_mhz"): np.full(ROWS, 1980.0 if n != 3 else 1375.0) for n in range(8)}
    found = only(window(node, {}, rows), "drain")
    assert found.title == "Have gpu3 of n mended or replaced"
    assert found.estimate is not None
    assert (round(found.estimate.low, 1), round(found.estimate.high)) == (4.0, 44)
    assert "Taken out it is -9 %, and +26 % where they work in step." in found.description
    assert found.changes == {}


def test_a_service_keeps_a_second_replica() -> None:
    """Three replicas at a tenth of their use: two, not one; and what is left when one of them fails."""
    service = Resource(resource_id="s", name="s", type="endpoint", replicas_count=3.0)
    found = only(window(service, {"gpu_utilization_pct": level((24, 10.0))}), "right_size")
    assert found.title == "Run s on 2 replicas instead of 3"
    assert "If one of the 2 fails, the rest is 30 % used" in found.description
    assert "(up to" not in (found.improvement or "")


def test_what_has_an_open_alert_is_not_exonerated() -> None:
    """96.6 % over a line at 90 for an hour: present, with its name; a line that is not crossed changes nothing."""
    node = Resource(resource_id="n", name="n", type="cluster", gpu_count=4.0)
    one = window(node, {"gpu_utilization_pct": level((20, 60.0), (4, 96.6))})
    result = assess(one)
    lines = {
        "gpu": LoadLine.model_validate({"metric": "gpu_utilization_pct", "above": 90.0, "for_": "1h"}),
        "never": LoadLine.model_validate({"metric": "gpu_utilization_pct", "above": 98.0}),
    }
    found = frozenset(top.rule for top, _ in result.bottlenecks)
    cell = use_sweep(one, built_in(), found, frozenset(result.exonerated), lines)["gpu"]["utilization"]
    assert (cell["state"], cell["lines"]) == ("present", ["gpu"])
    without = use_sweep(one, built_in(), found, frozenset(result.exonerated))["gpu"]["utilization"]
    assert without["state"] == "exonerated"
