"""Rules that look at schedulers, servers and machines: each planted by hand, each next to its innocent twin."""

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource

STEP_S, WINDOW, ROWS = 300.0, 288, 8 * 288
RESOURCE = Resource(
    resource_id="a",
    name="a",
    type="cluster",
    gpu_count=4.0,
    replicas_count=6.0,
    storage_bytes=2e14,
    price_usd_per_h=8.0,
)


def flat(value: float) -> Floats:
    """The same reading for eight days."""
    return np.full(ROWS, float(value))


def case(
    readings: dict[str, Floats], devices: dict[tuple[str, str], Floats] | None = None, kind: str = "cluster"
) -> ResourceWindow:
    """The resource with these readings."""
    return ResourceWindow(replace(RESOURCE, type=kind), readings, WINDOW, STEP_S, 1.0, devices or {})


def found(rule: str, one: ResourceWindow) -> Bottleneck | None:
    """What a rule says."""
    return rules()[rule].evaluate(one)


def gpus(*busy: float) -> dict[tuple[str, str], Floats]:
    """One device for each use."""
    return {(f"gpu{n}", "gpu_utilization_pct"): flat(value) for n, value in enumerate(busy)}


def test_gpus_that_are_held_and_do_nothing() -> None:
    """Four held, one works: three are dead. Held as many as work: nobody is accused; unread is unknown."""
    dead = case({"gpus_allocated_count": flat(4)}, gpus(90, 0, 1, 0))
    result = found("dead_allocation", dead)
    assert result is not None
    assert (result.observed, result.threshold) == (4.0, 1.0)
    assert found("dead_allocation", case({"gpus_allocated_count": flat(1)}, gpus(90, 0, 1, 0))) is None
    assert found("dead_allocation", case({"gpus_allocated_count": flat(4)}, gpus(90, 0))) is None
    silent = gpus(90, 0, 1, 0)
    silent["gpu1", "gpu_utilization_pct"][-3:] = np.nan
    assert found("dead_allocation", case({"gpus_allocated_count": flat(4)}, silent)) is None
    (advice,) = [one for one in assess(dead).advice if one.adviser == "end_dead_jobs"]
    assert advice.estimate is not None
    assert (advice.estimate.low, advice.estimate.high) == (48.0, 72.0)
    assert advice.saving_per_month == pytest.approx(8.0 * 730 * 3 / 4)


def test_copies_over_pcie() -> None:
    """Fifteen gigabytes a second and GPU while they are half idle; busy GPUs that copy as much are well fed."""
    moved = {"gpu_pcie_receive_bytes_per_s": flat(4 * 15e9)}
    result = found("host_device_transfer", case({**moved, "gpu_utilization_pct": flat(50)}))
    assert result is not None
    assert result.observed == pytest.approx(15e9)
    assert found("host_device_transfer", case({**moved, "gpu_utilization_pct": flat(90)})) is None
    assert found("host_device_transfer", case(moved)) is None


def test_retries_that_make_the_load() -> None:
    """A fifth of the requests are repetitions; one in twenty is not worth a word; without requests nothing is known."""
    result = found("retry_amplification", case({"retries_per_s": flat(20), "throughput_per_s": flat(100)}))
    assert result is not None
    assert (result.observed, result.threshold) == (20.0, 10.0)
    assert found("retry_amplification", case({"retries_per_s": flat(5), "throughput_per_s": flat(100)})) is None
    assert found("retry_amplification", case({"retries_per_s": flat(5), "throughput_per_s": flat(0)})) is None


def test_a_prefix_cache_without_hits() -> None:
    """Under load alone: a quiet server has nothing to gain."""
    assert found("prefix_cache_unused", case({"prefix_cache_hit_pct": flat(0), "prompt_tokens_per_s": flat(5000)}))
    assert not found("prefix_cache_unused", case({"prefix_cache_hit_pct": flat(0), "prompt_tokens_per_s": flat(50)}))
    assert not found("prefix_cache_unused", case({"prefix_cache_hit_pct": flat(30), "prompt_tokens_per_s": flat(5000)}))


def test_a_queue_in_front_of_a_server_with_room() -> None:
    """Of a full cache or busy GPUs the queue is the consequence, not the fault."""
    readings = {
        "queue_depth_count": flat(12), "gpu_utilization_pct": flat(40), "kv_cache_utilization_pct": flat(30),
    }  # fmt: skip
    (top, below) = assess(case(readings, kind="endpoint")).bottlenecks[0]
    assert top.rule == "batching_ineffective"
    assert "queueing" not in {one.rule for one in below}
    for metric in ("gpu_utilization_pct", "kv_cache_utilization_pct"):
        assert not found("batching_ineffective", case({**readings, metric: flat(90)}))


def test_a_machine_on_which_nothing_happens() -> None:
    """For a day; with a disk that is written to, as a service, or with GPUs that nobody reads, it is not idle."""
    host = {"cpu_utilization_pct": flat(0.5), "network_receive_bits_per_s": flat(1e5)}
    assert not found("idle_host", case(host))
    quiet = {**host, "gpu_utilization_pct": flat(0)}
    result = found("idle_host", case(quiet))
    assert result is not None
    assert result.observed == pytest.approx(0.5)
    assert not found("idle_host", case({**quiet, "disk_write_bytes_per_s": flat(5e6)}))
    assert not found("idle_host", case(quiet, kind="endpoint"))
    busy = quiet["cpu_utilization_pct"].copy()
    busy[-30:] = 40
    assert not found("idle_host", case({**quiet, "cpu_utilization_pct": busy}))
    read = {
        "network_transmit_bits_per_s": flat(1e5),
        "disk_read_bytes_per_s": flat(10.0),
        "disk_write_bytes_per_s": flat(10.0),
    }
    bare = replace(case({**host, **read}), resource=replace(RESOURCE, gpu_count=None))
    (advice,) = [one for one in assess(bare).advice if one.adviser == "switch_off"]
    assert advice.saving_per_month == pytest.approx(8.0 * 730)


def test_nights_that_need_less() -> None:
    """Nine hours of ten per cent, the rest of fifty: replayed, and cheaper by what those hours do not need."""
    hour = np.arange(ROWS) // 12 % 24
    rhythm = np.where((hour >= 22) | (hour < 7), 10.0, 50.0)
    one = case({"gpu_utilization_pct": rhythm}, kind="endpoint")
    result = found("quiet_hours", one)
    assert result is not None
    assert (result.observed, result.share) == (10.0, 9 / 24)
    (advice,) = [advice for advice in assess(one).advice if advice.adviser == "schedule_hours"]
    assert advice.title == "Run a on 1 replica for 9 hours of each day"
    assert advice.risk == 0.0
    assert advice.saving_per_month == pytest.approx(8.0 * 730 * 5 / 6 * 9 / 24)
    assert not found("quiet_hours", case({"gpu_utilization_pct": flat(50)}, kind="endpoint"))
    assert not found("quiet_hours", case({"gpu_utilization_pct": rhythm[-3 * 288 :]}, kind="endpoint"))


def test_a_burst_in_a_quiet_night_is_replayed() -> None:
    """One night in eight was busy: its hours are not called quiet."""
    hour = np.arange(ROWS) // 12 % 24
    rhythm = np.where((hour >= 22) | (hour < 7), 10.0, 50.0)
    rhythm[2 * 288 : 2 * 288 + 60] = 95.0  # midnight to five, on the third day
    result = found("quiet_hours", case({"gpu_utilization_pct": rhythm}, kind="endpoint"))
    assert result is None or result.share < 9 / 24


def test_room_on_a_volume_is_told_with_how_long_it_lasts() -> None:
    """Seven points a day: the room that is made is full again within days."""
    row = np.concatenate([np.full(ROWS - 3 * 288, 59.0), np.linspace(59.0, 80.0, 3 * 288)])
    (advice,) = [one for one in assess(case({"storage_utilization_pct": row})).advice if one.adviser == "make_room"]
    assert "at this pace it is full again in 4 days" in advice.description
    assert advice.estimate is not None
    assert advice.estimate.middle == pytest.approx(10 / 7, rel=0.05)
    assert advice.improvement == "1 to 2 more days until it is full"
