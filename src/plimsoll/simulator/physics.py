"""What the sensors say at a given load: quantities that belong together move together.

Each function takes members of one kind and their load (members, steps) and gives column -> (members, steps).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from plimsoll.simulator.load_profile import Array
from plimsoll.simulator.members import Member

Columns = dict[str, Array]
GPU_COLUMNS = (
    "gpu_utilization_pct",
    "gpu_memory_utilization_pct",
    "gpu_power_w",
    "gpu_temperature_c",
    "gpu_sm_clock_mhz",
    "gpu_sm_active_pct",
    "gpu_throttled_thermal_pct",
    "gpu_throttled_power_pct",
)


def sensors(kind: str, members: Sequence[Member], load: Array) -> Columns:
    """The readings of members of one type."""
    return {"up_pct": np.full_like(load, 100.0), **_KINDS[kind](members, load)}


def _of(members: Sequence[Member], name: str) -> Array:
    return np.array([[float(getattr(member, name) or 0.0)] for member in members])


def _gpus(members: Sequence[Member], busy: Array) -> Columns:
    """`busy` is the share of time with work, 0..1; power is the sum over the GPUs."""
    return {
        "gpu_utilization_pct": 100 * busy,
        "gpu_memory_utilization_pct": 45 + 40 * busy,
        "gpu_power_w": (0.18 + 0.72 * busy) * _of(members, "watts") * _of(members, "gpu_count"),
        "gpu_temperature_c": 34 + 40 * busy,
        "gpu_sm_clock_mhz": 1980 - 150 * busy,
        "gpu_sm_active_pct": 85 * busy,
        "gpu_throttled_thermal_pct": np.zeros_like(busy),
        "gpu_throttled_power_pct": np.clip(busy - 0.9, 0, 1) * 200,
    }


def _machine(members: Sequence[Member], load: Array) -> Columns:
    memory = 0.35 + 0.3 * load
    return {
        "cpu_utilization_pct": 12 + 50 * load,
        "memory_utilization_pct": 100 * memory,
        "memory_used_bytes": memory * _of(members, "memory_bytes"),
        "disk_read_bytes_per_s": 2e8 + 1.6e9 * load,
        "disk_write_bytes_per_s": 1e8 + 6e8 * load,
        "disk_read_operations_per_s": 2_000 + 9_000 * load,
        "disk_write_operations_per_s": 800 + 3_000 * load,
        "network_receive_bits_per_s": 5e8 + 4e9 * load,
        "network_transmit_bits_per_s": 4e8 + 6e9 * load,
    }


def _cluster(members: Sequence[Member], load: Array) -> Columns:
    waiting = np.floor(np.clip(load - 0.8, 0, 1) * 60)
    return {
        **_machine(members, load),
        **_gpus(members, np.clip(load * 1.15, 0, 0.995)),
        "queue_depth_count": waiting,
        "gpus_allocated_count": np.ceil(np.clip(load * 1.25, 0, 1) * _of(members, "gpu_count")),
        "network_latency_ms": 0.2 + 0.3 * load,
    }


def _training(members: Sequence[Member], load: Array) -> Columns:
    busy = np.clip(0.62 + 0.5 * (load - 0.45), 0, 0.99)
    return {
        **_machine(members, load),
        **_gpus(members, busy),
        "step_time_ms": 420 / np.clip(busy, 0.1, 1),
        "input_wait_pct": 8 - 4 * busy,
        "training_samples_per_s": 2_400 * busy,
        "gpus_allocated_count": np.broadcast_to(_of(members, "gpu_count"), load.shape).copy(),
    }


def _service(members: Sequence[Member], load: Array) -> Columns:
    """An M/M/c-like service: latency rises with utilization (Sakasegawa's approximation of the wait)."""
    replicas = _of(members, "replicas")
    own_ms = 90 + 25 * _of(members, "number") % 140
    busy = np.clip(load, 0, 0.985)
    wait = busy ** (np.sqrt(2 * (replicas + 1)) - 1) / (replicas * (1 - busy))
    response = own_ms * (1 + wait)
    requests = 14 * replicas * load
    return {
        "cpu_utilization_pct": 10 + 45 * load,
        "memory_utilization_pct": 48 + 12 * load,
        **_gpus(members, np.clip(load * 1.05, 0, 0.99)),
        "throughput_per_s": requests,
        "response_time_ms": response,
        "response_time_p95_ms": response * 2.1,
        "response_time_p99_ms": response * 3.2,
        "error_rate_pct": 0.15 + 0.25 * load**4,
        "queue_depth_count": np.floor(requests * own_ms / 1000 * wait),
        "queue_time_ms": own_ms * wait,
        "running_count": np.ceil(requests * own_ms / 1000),
        "kv_cache_utilization_pct": 12 + 70 * load,
        "generation_tokens_per_s": requests * 210,
        "replicas_count": np.broadcast_to(replicas, load.shape).copy(),
        "network_receive_bits_per_s": requests * 60_000,
        "network_transmit_bits_per_s": requests * 400_000,
    }


def _storage(members: Sequence[Member], load: Array) -> Columns:
    capacity = _of(members, "storage_bytes")
    used = 38 + 7 * (_of(members, "number") % 5) + np.zeros_like(load)
    return {
        "storage_utilization_pct": used,
        "storage_used_bytes": used / 100 * capacity,
        "disk_busy_pct": 10 + 55 * load,
        "disk_latency_ms": 0.8 + 1.4 * load,
        "disk_read_bytes_per_s": 4e8 + 5e9 * load,
        "disk_write_bytes_per_s": 3e8 + 2.4e9 * load,
        "disk_read_operations_per_s": 4_000 + 26_000 * load,
        "disk_write_operations_per_s": 2_000 + 12_000 * load,
    }


def _network(members: Sequence[Member], load: Array) -> Columns:
    speed = _of(members, "network_bits_per_s")
    return {
        "network_receive_bits_per_s": speed * 0.7 * load,
        "network_transmit_bits_per_s": speed * 0.62 * load,
        "network_utilization_pct": 70 * load,
        "network_latency_ms": 0.4 + 0.5 * load / (1 - np.clip(load, 0, 0.95)),
        "network_errors_per_s": np.zeros_like(load),
        "network_drops_per_s": np.clip(load - 0.7, 0, 1) * 20,
    }


_KINDS: Mapping[str, Callable[[Sequence[Member], Array], Columns]] = {
    "cluster": _cluster,
    "training": _training,
    "endpoint": _service,
    "ai-service": _service,
    "storage": _storage,
    "network": _network,
}
