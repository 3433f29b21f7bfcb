"""What goes wrong with GPUs and with the scheduler that gives them away."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from plimsoll.simulator.kinds import MACHINES, Kind, Row, steady
from plimsoll.simulator.load_profile import Array


def braked(row: Row, _: Array, size: float) -> Row:
    """A hardware brake halves the clock for a part of the time."""
    return {
        "gpu_throttled_hardware_pct": steady(row, 30 * size),
        "gpu_sm_clock_mhz": row["gpu_sm_clock_mhz"] * (1 - 0.4 * size),
        "gpu_power_w": row["gpu_power_w"] * (1 - 0.3 * size),
    }


def power_capped(row: Row, _: Array, size: float) -> Row:
    """The limit is set lower than the work would draw."""
    return {
        "gpu_throttled_power_pct": steady(row, 55 * size),
        "gpu_sm_clock_mhz": row["gpu_sm_clock_mhz"] * (1 - 0.15 * size),
        "gpu_power_w": row["gpu_power_w"] * (1 - 0.2 * size),
    }


def ineffective(row: Row, _: Array, size: float) -> Row:
    """Always a kernel under way, hardly a multiprocessor at work."""
    return {"gpu_utilization_pct": steady(row, 95), "gpu_sm_active_pct": steady(row, 12 * size)}


def bandwidth_bound(row: Row, _: Array, size: float) -> Row:
    """Memory moves data most of the time, the multiprocessors wait for it."""
    return {
        "gpu_utilization_pct": steady(row, 75),
        "gpu_dram_active_pct": steady(row, 72 * size),
        "gpu_sm_active_pct": steady(row, 35),
    }


def small_batch(row: Row, _: Array, size: float) -> Row:
    """A third of the memory, a third of the multiprocessors."""
    return {
        "gpu_utilization_pct": steady(row, 65),
        "gpu_memory_utilization_pct": steady(row, 30 * size),
        "gpu_sm_active_pct": steady(row, 33),
    }


def copying(row: Row, _: Array, size: float) -> Row:
    """Sixteen gigabytes a second to each GPU, which waits for them."""
    each = row["gpu_pcie_receive_bytes_per_s"] / (4e9 * np.clip(row["gpu_utilization_pct"] / 100, 0.01, 1))
    return {
        "gpu_utilization_pct": steady(row, 45),
        "gpu_sm_active_pct": steady(row, 30),
        "gpu_pcie_receive_bytes_per_s": each * 16e9 * size,
    }


def under_used(row: Row, _: Array, size: float) -> Row:
    """A tenth of the time at work."""
    part = {n: row[n] * 0.15 / max(size, 0.5) for n in ("gpu_utilization_pct", "gpu_sm_active_pct")}
    return {**part, "gpu_power_w": row["gpu_power_w"] * 0.4, "gpu_dram_active_pct": row["gpu_dram_active_pct"] * 0.15}


def broken_memory(row: Row, passed: Array, size: float) -> Row:
    """An error that was not corrected, twice."""
    counted = np.zeros_like(row["up_pct"])
    counted[[0, len(passed) // 2]] = np.ceil(size)
    return {"gpu_ecc_uncorrected_count": counted}


def driver_error(row: Row, passed: Array, _: float) -> Row:
    """XID 79 (fallen off the bus), three times."""
    codes = np.full_like(row["up_pct"], np.nan)
    codes[[0, len(passed) // 3, len(passed) // 2]] = 79.0
    return {"gpu_xid_code": codes}


def rows_pending(row: Row, _: Array, size: float) -> Row:
    """Rows that the next reset will remap."""
    return {"gpu_rows_pending_count": np.full_like(row["up_pct"], np.ceil(2 * size))}


def bad_link(row: Row, _: Array, size: float) -> Row:
    """A lane that has to repeat."""
    return {"gpu_link_errors_per_s": steady(row, 12 * size)}


def one_idle(row: Row, _: Array, __: float) -> Row:
    """One GPU on which nothing runs."""
    return {n: 0 * row[n] for n in ("gpu_utilization_pct", "gpu_sm_active_pct")}


def all_allocated(row: Row, _: Array, __: float) -> Row:
    """Every GPU of the node is given to some job."""
    count = row["gpus_allocated_count"] + row["gpus_free_count"]
    return {"gpus_allocated_count": count, "gpus_free_count": 0 * count}


def stranded(row: Row, _: Array, size: float) -> Row:
    """Free GPUs beside processors that are all taken."""
    return {"gpus_stranded_count": np.full_like(row["up_pct"], np.ceil(2 * size))}


def fragmented(row: Row, _: Array, size: float) -> Row:
    """Jobs that want more GPUs than any one node has free."""
    waiting = np.full_like(row["up_pct"], np.ceil(6 * size))
    return {"queue_fragmented_count": waiting, "queue_depth_count": waiting + 2}


def padded(row: Row, _: Array, size: float) -> Row:
    """Jobs that ask for ten times as long as they run."""
    return {"job_limit_used_pct": steady(row, 10 / size)}


_BUSY = "gpu_utilization_pct"
GPU_FAULTS: Final[Mapping[str, Kind]] = {
    "hardware_slowdown": Kind(("cluster",), ("gpu_throttled_hardware_pct", "gpu_sm_clock_mhz"), braked),
    "power_capped": Kind(("cluster",), ("gpu_throttled_power_pct", "gpu_sm_clock_mhz"), power_capped),
    "ineffective_gpu": Kind(MACHINES, (_BUSY, "gpu_sm_active_pct"), ineffective),
    "memory_bandwidth": Kind(MACHINES, ("gpu_dram_active_pct", "gpu_sm_active_pct"), bandwidth_bound),
    "small_batch": Kind(("training",), ("gpu_memory_utilization_pct", "gpu_sm_active_pct"), small_batch),
    "host_device_copies": Kind(("training",), ("gpu_pcie_receive_bytes_per_s", _BUSY), copying),
    "under_used_gpu": Kind(("cluster",), (_BUSY, "gpu_power_w"), under_used),
    "memory_errors": Kind(MACHINES, ("gpu_ecc_uncorrected_count",), broken_memory),
    "driver_errors": Kind(MACHINES, ("gpu_xid_code",), driver_error),
    "rows_to_remap": Kind(MACHINES, ("gpu_rows_pending_count",), rows_pending),
    "link_errors": Kind(MACHINES, ("gpu_link_errors_per_s",), bad_link),
    "dead_allocation": Kind(("cluster",), (_BUSY,), one_idle, all_allocated),
    "stranded_gpus": Kind(("cluster",), ("gpus_stranded_count",), stranded),
    "fragmented_gpus": Kind(("cluster",), ("queue_fragmented_count",), fragmented),
    "padded_limits": Kind(("cluster",), ("job_limit_used_pct",), padded),
}
