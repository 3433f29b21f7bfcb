"""What goes wrong with processors, memory, volumes and links."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from plimsoll.simulator.kinds import MACHINES, SERVICES, Kind, Row, steady
from plimsoll.simulator.load_profile import Array

_TRAFFIC: Final = ("disk_read_", "disk_write_", "disk_busy_", "network_receive_", "network_transmit_", "network_util")


def no_processor_left(row: Row, _: Array, size: float) -> Row:
    """More threads than processors."""
    return {"cpu_utilization_pct": np.clip(steady(row, 97 * max(size, 0.97)), 0, 100)}


def stolen(row: Row, _: Array, size: float) -> Row:
    """A neighbor on the same host takes its share and more."""
    return {"cpu_steal_pct": steady(row, 24 * size)}


def quota_used_up(row: Row, _: Array, size: float) -> Row:
    """The container has had its processor time before the period ends."""
    return {"cpu_throttled_pct": steady(row, 32 * size)}


def memory_short(row: Row, _: Array, size: float) -> Row:
    """A job that fills the memory at once and stays."""
    return {"memory_utilization_pct": np.clip(steady(row, 96 * max(size, 0.98)), 0, 99.5)}


def moved_out(row: Row, _: Array, size: float) -> Row:
    """Memory on the disk."""
    return {"swap_used_bytes": steady(row, 2.4e10 * size), "cpu_iowait_pct": steady(row, 9)}


def nothing_at_all(row: Row, _: Array, __: float) -> Row:
    """A machine without GPUs at work or anything else: a spare that was forgotten."""
    quiet = {n: row[n] * 0.0004 for n in row if n.startswith(_TRAFFIC)}
    return {**quiet, "cpu_utilization_pct": steady(row, 0.8), "cpu_iowait_pct": steady(row, 0.1)}


def full(row: Row, _: Array, size: float) -> Row:
    """A volume that somebody filled at one go."""
    return _used(row, np.clip(steady(row, 96 * max(size, 0.97)), 0, 99.9))


def _used(row: Row, used: Array) -> Row:
    capacity = row["storage_used_bytes"] / row["storage_utilization_pct"]
    return {"storage_utilization_pct": used, "storage_used_bytes": capacity * used}


def many_small_files(row: Row, _: Array, size: float) -> Row:
    """No inode left, space enough."""
    return {"storage_inodes_utilization_pct": np.clip(steady(row, 99 * max(size, 0.99)), 0, 100)}


def always_busy(row: Row, _: Array, __: float) -> Row:
    """The disks never rest, and are no slower than they were twice."""
    return {"disk_busy_pct": np.full_like(row["up_pct"], 99.6), "disk_latency_ms": row["disk_latency_ms"] * 1.8}


def full_link(row: Row, _: Array, size: float) -> Row:
    """Nineteen twentieths of what the link can carry."""
    used = np.clip(steady(row, 94 * max(size, 0.95)), 0, 99)
    grown = used / row["network_utilization_pct"]
    return {"network_utilization_pct": used, "network_transmit_bits_per_s": row["network_transmit_bits_per_s"] * grown}


def bad_cable(row: Row, _: Array, size: float) -> Row:
    """Packets that arrive broken."""
    return {"network_errors_per_s": steady(row, 140 * size), "network_drops_per_s": steady(row, 30 * size)}


def detour(row: Row, _: Array, size: float) -> Row:
    """A route around half of the world."""
    return {"network_latency_ms": row["network_latency_ms"] * (1 + 9 * size)}


_STORAGE, _NETWORK = ("storage",), ("network",)
HOST_FAULTS: Final[Mapping[str, Kind]] = {
    "cpu_saturated": Kind(("cluster",), ("cpu_utilization_pct",), no_processor_left),
    "cpu_stolen": Kind((*MACHINES, *SERVICES), ("cpu_steal_pct",), stolen),
    "cpu_throttled": Kind(SERVICES, ("cpu_throttled_pct",), quota_used_up),
    "memory_pressure": Kind((*MACHINES, *SERVICES), ("memory_utilization_pct",), memory_short),
    "swapping": Kind(MACHINES, ("swap_used_bytes",), moved_out),
    "idle_host": Kind(("cluster",), ("cpu_utilization_pct",), nothing_at_all),
    "volume_full": Kind(_STORAGE, ("storage_utilization_pct",), full),
    "inodes_used_up": Kind(_STORAGE, ("storage_inodes_utilization_pct",), many_small_files),
    "disk_saturated": Kind(_STORAGE, ("disk_busy_pct",), always_busy),
    "link_saturated": Kind(_NETWORK, ("network_utilization_pct",), full_link),
    "network_errors": Kind(_NETWORK, ("network_errors_per_s",), bad_cable),
    "network_latency": Kind(_NETWORK, ("network_latency_ms",), detour),
}
