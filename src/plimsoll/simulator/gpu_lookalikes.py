"""What looks like a fault of GPUs and is none."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from plimsoll.simulator.gpu_faults import one_idle
from plimsoll.simulator.kinds import MACHINES, Kind, Row, steady
from plimsoll.simulator.load_profile import Array


def warm(row: Row, _: Array, size: float) -> Row:
    """A hot afternoon: warm, and not slowed down."""
    return {"gpu_temperature_c": np.clip(row["gpu_temperature_c"] + 16 * size, 0, 83)}


def reads_ahead(row: Row, _: Array, size: float) -> Row:
    """Steps wait a sixth of their time for data, while the next data are read: a busy pipeline that keeps up."""
    return {"input_wait_pct": steady(row, 17 * size), "cpu_utilization_pct": steady(row, 82)}


def brake_touched(row: Row, _: Array, size: float) -> Row:
    """The brake acts for a moment now and then."""
    return {"gpu_throttled_hardware_pct": steady(row, 2.5 * size)}


def near_the_limit(row: Row, _: Array, size: float) -> Row:
    """Work that touches its power limit at its peaks, as it should."""
    return {"gpu_throttled_power_pct": steady(row, 10 * size)}


def fully_busy(row: Row, _: Array, __: float) -> Row:
    """Busy by both counts."""
    return {"gpu_utilization_pct": steady(row, 96), "gpu_sm_active_pct": steady(row, 78)}


def balanced(row: Row, _: Array, __: float) -> Row:
    """Memory and multiprocessors both at work."""
    return {"gpu_dram_active_pct": steady(row, 66), "gpu_sm_active_pct": steady(row, 72)}


def small_and_full(row: Row, _: Array, __: float) -> Row:
    """A small model that uses every multiprocessor: a larger batch would bring nothing."""
    return {"gpu_memory_utilization_pct": steady(row, 28), "gpu_sm_active_pct": steady(row, 80)}


def overlapped(row: Row, _: Array, size: float) -> Row:
    """Copies beside the work: the GPUs do not wait for them."""
    each = row["gpu_pcie_receive_bytes_per_s"] / (4e9 * np.clip(row["gpu_utilization_pct"] / 100, 0.01, 1))
    return {"gpu_utilization_pct": steady(row, 93), "gpu_pcie_receive_bytes_per_s": each * 16e9 * size}


def modest(row: Row, _: Array, __: float) -> Row:
    """A quarter of the time at work."""
    return {n: steady(row, value) for n, value in (("gpu_utilization_pct", 26.0), ("gpu_sm_active_pct", 20.0))}


def corrected(row: Row, _: Array, size: float) -> Row:
    """Errors that the memory corrects by itself."""
    return {"gpu_ecc_corrected_count": np.full_like(row["up_pct"], np.ceil(20 * size))}


def cleaned_up(row: Row, passed: Array, _: float) -> Row:
    """XID 45 alone: how the driver tells that a job was ended."""
    codes = np.full_like(row["up_pct"], np.nan)
    codes[:: max(1, len(passed) // 8)] = 45.0
    return {"gpu_xid_code": codes}


def noisy_link(row: Row, _: Array, size: float) -> Row:
    """A repeat every ten seconds: within what the standard allows."""
    return {"gpu_link_errors_per_s": steady(row, 0.1 * size)}


def given_back(row: Row, _: Array, __: float) -> Row:
    """One GPU idle because no job holds it."""
    count = row["gpus_allocated_count"] + row["gpus_free_count"]
    return {"gpus_allocated_count": count - 1, "gpus_free_count": np.ones_like(count)}


def slower_together(row: Row, _: Array, size: float) -> Row:
    """All of them at a lower clock, as they were asked to."""
    return {"gpu_sm_clock_mhz": row["gpu_sm_clock_mhz"] * (1 - 0.2 * size)}


def paused(row: Row, passed: Array, _: float) -> Row:
    """No work between two jobs, and work again for the last tenth of the time."""
    left = np.where(passed < 0.9, 0.0, 1.0)
    return {n: row[n] * left for n in ("gpu_utilization_pct", "gpu_sm_active_pct")}


def plenty_free(row: Row, _: Array, __: float) -> Row:
    """Half of the GPUs free, and any job may have them."""
    count = row["gpus_allocated_count"] + row["gpus_free_count"]
    return {"gpus_allocated_count": np.floor(count / 2), "gpus_free_count": np.ceil(count / 2)}


def full_house(row: Row, _: Array, __: float) -> Row:
    """Three jobs wait because every GPU is at work."""
    count = row["gpus_allocated_count"] + row["gpus_free_count"]
    return {"gpus_allocated_count": count, "gpus_free_count": 0 * count, "queue_depth_count": 3 + 0 * count}


def cut_short(row: Row, _: Array, __: float) -> Row:
    """Jobs that run until their limit ends them."""
    return {"job_limit_used_pct": np.full_like(row["up_pct"], 99.0)}


_BUSY = "gpu_utilization_pct"
GPU_TWINS: Final[Mapping[str, Kind]] = {
    "input_starvation": Kind(("training",), ("input_wait_pct", "cpu_utilization_pct"), reads_ahead),
    "thermal_throttling": Kind(("cluster",), ("gpu_temperature_c",), warm),
    "hardware_slowdown": Kind(("cluster",), ("gpu_throttled_hardware_pct",), brake_touched),
    "power_capped": Kind(("cluster",), ("gpu_throttled_power_pct",), near_the_limit),
    "ineffective_gpu": Kind(MACHINES, (_BUSY, "gpu_sm_active_pct"), fully_busy),
    "memory_bandwidth": Kind(MACHINES, ("gpu_dram_active_pct", "gpu_sm_active_pct"), balanced),
    "small_batch": Kind(("training",), ("gpu_memory_utilization_pct", "gpu_sm_active_pct"), small_and_full),
    "host_device_copies": Kind(("training",), ("gpu_pcie_receive_bytes_per_s", _BUSY), overlapped),
    "under_used_gpu": Kind(("cluster",), (_BUSY,), modest),
    "memory_errors": Kind(MACHINES, ("gpu_ecc_corrected_count",), corrected),
    "driver_errors": Kind(MACHINES, ("gpu_xid_code",), cleaned_up),
    "rows_to_remap": Kind(MACHINES, ("gpu_ecc_corrected_count",), corrected),
    "link_errors": Kind(MACHINES, ("gpu_link_errors_per_s",), noisy_link),
    "dead_allocation": Kind(("cluster",), (_BUSY,), one_idle, given_back),
    "straggler_gpu": Kind(("cluster",), ("gpu_sm_clock_mhz",), slower_together),
    "idle_gpu": Kind(("cluster",), (_BUSY,), paused),
    "stranded_gpus": Kind(("cluster",), ("gpus_free_count",), plenty_free),
    "fragmented_gpus": Kind(("cluster",), ("queue_depth_count",), full_house),
    "padded_limits": Kind(("cluster",), ("job_limit_used_pct",), cut_short),
}
