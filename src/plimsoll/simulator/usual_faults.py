"""Ten faults that every fleet sees now and then: the demo's story is made of them."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from plimsoll.simulator.kinds import SERVICES, Kind, Row
from plimsoll.simulator.load_profile import Array


def _starved(row: Row, _: Array, size: float) -> Row:
    left = np.clip(1 - 0.6 * size, 0.05, 1)
    return {
        "gpu_utilization_pct": row["gpu_utilization_pct"] * left,
        "gpu_sm_active_pct": row["gpu_sm_active_pct"] * left,
        "gpu_power_w": row["gpu_power_w"] * (0.35 + 0.65 * left),
        "gpu_temperature_c": row["gpu_temperature_c"] - 12 * size,
        "input_wait_pct": np.clip(row["input_wait_pct"] + 55 * size, 0, 98),
        "cpu_utilization_pct": np.clip(row["cpu_utilization_pct"] + 38 * size, 0, 99.5),
        "step_time_ms": row["step_time_ms"] / left,
        "training_samples_per_s": row["training_samples_per_s"] * left,
    }


def _hot(row: Row, _: Array, size: float) -> Row:
    return {
        "gpu_temperature_c": np.clip(row["gpu_temperature_c"] + 26 * size, 0, 93),
        "gpu_sm_clock_mhz": row["gpu_sm_clock_mhz"] * (1 - 0.3 * size),
        "gpu_throttled_thermal_pct": np.clip(row["gpu_throttled_thermal_pct"] + 75 * size, 0, 100),
        "gpu_power_w": row["gpu_power_w"] * (1 - 0.2 * size),
    }


def _leak(row: Row, passed: Array, size: float) -> Row:
    room = 98.5 - row["memory_utilization_pct"]
    return {"memory_utilization_pct": row["memory_utilization_pct"] + room * np.clip(passed * size, 0, 1)}


def _saturated(row: Row, _: Array, size: float) -> Row:
    full = 1 - 0.5 * np.exp(-3 * size)
    response = row.get("response_time_ms", np.zeros(1))
    return {
        "gpu_utilization_pct": np.maximum(row["gpu_utilization_pct"], 97.5 * full + 1.5),
        "cpu_utilization_pct": np.clip(row["cpu_utilization_pct"] + 22 * size, 0, 97),
        "kv_cache_utilization_pct": np.full_like(row["gpu_utilization_pct"], 98.0),
        "queue_depth_count": row["queue_depth_count"] + np.round(17 * size),
        "queue_time_ms": response * 3 * size,
        "response_time_ms": response * (1 + 3 * size),
        "response_time_p95_ms": response * 2.1 * (1 + 4 * size),
        "response_time_p99_ms": response * 3.2 * (1 + 5 * size),
    }


def _slow_disk(row: Row, _: Array, size: float) -> Row:
    return {
        "disk_latency_ms": row["disk_latency_ms"] * (1 + 7 * size),
        "disk_busy_pct": np.clip(row["disk_busy_pct"] + 60 * size, 0, 99.5),
        "disk_read_bytes_per_s": row["disk_read_bytes_per_s"] * (1 - 0.5 * size),
        "disk_write_bytes_per_s": row["disk_write_bytes_per_s"] * (1 - 0.5 * size),
    }


def _filling(row: Row, passed: Array, size: float) -> Row:
    """Fills from where the volume stands to 80 percent at size 1."""
    grown = (80 - row["storage_utilization_pct"]) * passed * size
    capacity = row["storage_used_bytes"] / row["storage_utilization_pct"]
    used = np.clip(row["storage_utilization_pct"] + grown, 0, 100)
    return {"storage_utilization_pct": used, "storage_used_bytes": capacity * used}


def _straggling(row: Row, _: Array, size: float) -> Row:
    return {
        "gpu_utilization_pct": row["gpu_utilization_pct"] * (1 - 0.3 * size),
        "gpu_sm_clock_mhz": row["gpu_sm_clock_mhz"] * (1 - 0.3 * size),
        "gpu_sm_active_pct": row["gpu_sm_active_pct"] * (1 - 0.3 * size),
    }


def _idle(row: Row, _: Array, size: float) -> Row:
    left = 1 - 0.99 * size
    return {
        "gpu_utilization_pct": row["gpu_utilization_pct"] * left,
        "gpu_sm_active_pct": row["gpu_sm_active_pct"] * left,
        "gpu_power_w": row["gpu_power_w"] * 0.25,
        "gpu_temperature_c": np.full_like(row["gpu_temperature_c"], 33.0),
        "queue_depth_count": row["queue_depth_count"] * 0,
    }


def _spike(row: Row, _: Array, size: float) -> Row:
    return {
        "throughput_per_s": row["throughput_per_s"] * (1 + 1.5 * size),
        "response_time_ms": row["response_time_ms"] * (1 + 2.4 * size),
        "response_time_p95_ms": row["response_time_p95_ms"] * (1 + 2.8 * size),
        "response_time_p99_ms": row["response_time_p99_ms"] * (1 + 3.1 * size),
        "gpu_utilization_pct": np.clip(row["gpu_utilization_pct"] * (1 + 0.7 * size), 0, 93),
        "error_rate_pct": row["error_rate_pct"] + 1.8 * size,
        "queue_depth_count": row["queue_depth_count"] + np.round(9 * size),
    }


def _silent(row: Row, _: Array, size: float) -> Row:
    """NaN stands for a reading that never came; a row of nothing else is left out of the frame."""
    return {name: np.full_like(values, np.nan) for name, values in row.items()} if size > 0 else {}


_LATENCY = ("response_time_ms", "queue_depth_count", "gpu_utilization_pct")
USUAL: Final[Mapping[str, Kind]] = {
    "input_starvation": Kind(("training",), ("gpu_utilization_pct", "input_wait_pct", "cpu_utilization_pct"), _starved),
    "thermal_throttling": Kind(
        ("cluster",), ("gpu_temperature_c", "gpu_sm_clock_mhz", "gpu_throttled_thermal_pct"), _hot
    ),
    "memory_leak": Kind(SERVICES, ("memory_utilization_pct",), _leak),
    "saturated_queue": Kind(("cluster", *SERVICES), _LATENCY, _saturated),
    "slow_disk": Kind(("storage",), ("disk_latency_ms", "disk_busy_pct"), _slow_disk),
    "filling_volume": Kind(("storage",), ("storage_utilization_pct",), _filling),
    "straggler_gpu": Kind(("cluster",), ("gpu_utilization_pct", "gpu_sm_clock_mhz"), _straggling),
    "idle_gpu": Kind(("cluster",), ("gpu_utilization_pct", "gpu_power_w"), _idle),
    "traffic_spike": Kind(SERVICES, ("throughput_per_s", "response_time_ms"), _spike),
    "silent_source": Kind(
        ("cluster", "endpoint", "training", "ai-service", "storage", "network"), ("up_pct",), _silent
    ),
}
