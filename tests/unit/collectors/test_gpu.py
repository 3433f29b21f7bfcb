"""The GPU collector against a scripted helper: every way in which NVML answers, fails, hangs and dies.

The helper's answers are recorded in the shape that `nvml_worker` writes; no GPU is needed.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plimsoll.collectors.contract import Identity, Reading
from plimsoll.collectors.gpu import GpuReader, Settings
from plimsoll.tables import RESOURCES, SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
IDENTITY = Identity("here", "Here", "cluster", 30.0)
A100: dict[str, Any] = {
    "index": 0,
    "uuid": "GPU-aaa",
    "model": "NVIDIA A100-SXM4-80GB",
    "mig": 0,
    "utilization": {"gpu_pct": 60, "memory_controller_pct": 20},
    "memory": {"total": 80_000, "used": 20_000},
    "power_mw": 250_000,
    "power_limit_mw": 400_000,
    "energy_mj": 1_000_000,
    "temperature_c": 61,
    "sm_clock_mhz": 1410,
    "throttled": {"thermal": False, "power": True, "hardware": False},
    "ecc_corrected": 2,
    "pcie_replays": 0,
}
Open = Callable[..., GpuReader]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a reader whose helper gives these answers in turn (text is run as Python instead)."""
    readers: list[GpuReader] = []

    def start(*answers: Any) -> GpuReader:  # noqa: ANN401 - JSON
        script = tmp_path / "helper.py"
        lines = "\n".join(
            f"sys.stdin.readline(); {a}" if isinstance(a, str) else f"sys.stdin.readline(); print({json.dumps(a)!r})"
            for a in answers
        )
        script.write_text(f"import os, sys, time\n{lines}\n")
        reader = GpuReader(Settings(deadline="1s"), IDENTITY, worker=(sys.executable, "-u", str(script)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        readers.append(reader)
        return reader

    yield start
    for reader in readers:
        reader.close()


def rows(reading: Reading) -> dict[str, dict[str, Any]]:
    """Checked samples by device, without what is null."""
    frame = SAMPLES.frame(reading.samples)
    return {r["device"]: {k: v for k, v in r.items() if v is not None} for r in frame.iter_rows(named=True)}


def test_units_are_converted_and_energy_is_a_difference(opened: Open) -> None:
    """Milliwatts to watts, millijoules since the driver's start to joules since the reading before."""
    reader = opened({"gpus": [A100]}, {"gpus": [{**A100, "energy_mj": 8_500_000, "ecc_corrected": 5}]})
    first = rows(reader.read(NOON, 0.0))["gpu0"]
    assert "gpu_energy_j" not in first
    gpu = rows(reader.read(NOON, 30.0))["gpu0"]
    assert (gpu["gpu_power_w"], gpu["gpu_energy_j"], gpu["gpu_ecc_corrected_count"]) == (250.0, 7_500.0, 3.0)
    assert (gpu["gpu_memory_utilization_pct"], gpu["gpu_throttled_power_pct"]) == (25.0, 100.0)


def test_the_resource_is_the_mean_of_its_gpus_and_the_sum_of_their_power(opened: Open) -> None:
    """Two GPUs at 60 and 20 percent are 40."""
    other = {**A100, "index": 1, "uuid": "GPU-bbb", "utilization": {"gpu_pct": 20, "memory_controller_pct": 0}}
    reading = opened({"gpus": [A100, other]}).read(NOON, 0.0)
    whole = rows(reading)[""]
    assert (whole["gpu_utilization_pct"], whole["gpu_power_w"]) == (40.0, 500.0)
    fact = RESOURCES.frame(reading.resources).row(0, named=True)
    assert (fact["gpu_count"], json.loads(fact["labels"])) == (2.0, {"gpu_model": "NVIDIA A100-SXM4-80GB"})


def test_what_cannot_be_is_refused_before_the_sum(opened: Open) -> None:
    """300 W and -5 W are neither 295 nor 300: the resource's power is unknown, everything beside it is known."""
    wrong = {**A100, "index": 1, "uuid": "GPU-bbb", "power_mw": -5_000, "temperature_c": 4_294_967_295}
    reading = opened({"gpus": [A100, wrong]}).read(NOON, 0.0)
    got = rows(reading)
    assert "gpu_power_w" not in got["gpu1"]
    assert "gpu_power_w" not in got[""]
    assert (got["gpu0"]["gpu_power_w"], got[""]["gpu_power_limit_w"]) == (250.0, 800.0)
    assert (got[""]["gpu_temperature_c"], got[""]["gpu_utilization_pct"]) == (61.0, 60.0)
    assert reading.collections[0]["reason"] == (
        "refused: here/gpu1: gpu_power_w -5 cannot be (0 to 800); "
        "here/gpu1: gpu_temperature_c 4294967295 cannot be (-50 to 150)"
    )


def test_an_error_of_one_gpu_makes_the_sum_unknown_not_smaller(opened: Open) -> None:
    """A field that failed is a part that is unknown; one that a card does not have is no part."""
    failed = {k: v for k, v in A100.items() if k not in ("power_mw", "energy_mj")}
    failed |= {"index": 1, "uuid": "GPU-bbb", "errors": {"power_mw": "Unknown Error"}}
    got = rows(opened({"gpus": [A100, failed]}).read(NOON, 0.0))
    assert "gpu_power_w" not in got[""]
    without = {k: v for k, v in failed.items() if k != "errors"}
    assert rows(opened({"gpus": [A100, without]}).read(NOON, 0.0))[""]["gpu_power_w"] == 250.0


def test_an_energy_counter_that_cannot_be_gives_no_joules(opened: Open) -> None:
    """Nor does the way back from it; then it counts again from the last reading that could be."""
    energies = [1_000_000, 9_223_372_036_854_775_807, 7_000_000, 9_200_000_000_000, 13_000_000]
    reader = opened(*({"gpus": [{**A100, "energy_mj": energy}]} for energy in energies))
    joules = [rows(reader.read(NOON, 30.0 * n))["gpu0"].get("gpu_energy_j") for n in range(5)]
    assert joules == [None, None, 6_000.0, None, 6_000.0]


def test_a_mig_gpu_has_instances_and_an_unknown_utilization_never_zero(opened: Open) -> None:
    """NVML does not support utilization there; the memory of instance and parent is not added up."""
    parent = {k: v for k, v in A100.items() if k != "utilization"}
    mig = {**parent, "mig": 1, "instances": [{"index": 2, "uuid": "MIG-x", "memory": {"total": 10_000, "used": 5_000}}]}
    got = rows(opened({"gpus": [mig]}).read(NOON, 0.0))
    assert "gpu_utilization_pct" not in got["gpu0"]
    assert "gpu_utilization_pct" not in got[""]
    assert got["gpu0.mig2"]["gpu_memory_utilization_pct"] == 50.0
    assert got[""]["gpu_memory_used_bytes"] == 20_000.0


def test_a_lost_gpu_is_down_and_the_others_go_on(opened: Open) -> None:
    """F46: its numbers are unknown; the inventory still counts it."""
    reading = opened({"gpus": [A100, {"index": 1, "uuid": "index-1", "lost": "GPU is lost"}]}).read(NOON, 0.0)
    got = rows(reading)
    assert (got["gpu1"]["up_pct"], got["gpu0"]["up_pct"], got[""]["gpu_utilization_pct"]) == (0.0, 100.0, 60.0)
    assert reading.collections[0]["ok"] is False
    assert reading.collections[0]["reason"] == "gpu1: GPU is lost"
    assert reading.resources[0]["gpu_count"] == 2.0


def test_without_a_driver_it_says_so_once_and_asks_again_after_five_minutes(opened: Open) -> None:
    """F46: A machine without GPUs is not a failing one, and costs no process at each reading."""
    reader = opened({"fatal": {"code": 12, "name": "NVML Shared Library Not Found"}})
    first = reader.read(NOON, 0.0)
    assert (first.collections[0]["ok"], first.samples) == (True, [])
    assert reader.read(NOON, 299.0) == Reading()
    assert reader.read(NOON, 301.0).collections != []


@pytest.mark.parametrize(
    ("helper", "says"),
    [
        ("time.sleep(60)", "no answer within 1 s; the helper was ended"),
        ("os.kill(os.getpid(), 11)", "the helper failed"),
        ("print('half', end='')", "the helper failed"),
        ("print('<html>')", "the helper failed"),
        ({"fatal": {"code": 18, "name": "Driver/library version mismatch"}}, "reboot or restart the container"),
        ({"fatal": {"code": 999, "name": "Unknown Error"}}, "Unknown Error"),
    ],
)
def test_a_sick_driver_costs_one_reading_and_is_named(opened: Open, helper: object, says: str) -> None:
    """F46: it hangs, crashes, talks nonsense or refuses: a failed attempt with its reason, and a later retry."""
    reader = opened(helper)
    reading = reader.read(NOON, 0.0)
    assert (reading.samples, reading.collections[0]["ok"]) == ([], False)
    assert says in reading.collections[0]["reason"]
    assert reader.read(NOON, 59.0) == Reading()


def test_the_real_helper_runs_on_a_machine_without_a_driver() -> None:
    """The program itself answers in the shape that the reader expects."""
    reader = GpuReader(Settings(deadline="30s"), IDENTITY)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reading = reader.read(NOON, 0.0)
    reader.close()
    assert len(reading.collections) == 1
    assert "helper failed" not in (reading.collections[0]["reason"] or "")
