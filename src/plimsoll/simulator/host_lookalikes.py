"""What looks like a fault of a machine, a volume or a link and is none."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from plimsoll.simulator.host_faults import nothing_at_all
from plimsoll.simulator.kinds import MACHINES, SERVICES, Kind, Row, steady
from plimsoll.simulator.load_profile import Array


def well_used(row: Row, _: Array, __: float) -> Row:
    """Five processors of six at work."""
    return {"cpu_utilization_pct": steady(row, 83)}


def neighborly(row: Row, _: Array, size: float) -> Row:
    """What any shared host takes."""
    return {"cpu_steal_pct": steady(row, 4 * size)}


def near_the_quota(row: Row, _: Array, size: float) -> Row:
    """A period in twenty is cut short."""
    return {"cpu_throttled_pct": steady(row, 5 * size)}


def warmed_up(row: Row, passed: Array, size: float) -> Row:
    """A cache that fills for a few hours, and then stays as it is."""
    grown = 22 * size * np.clip(passed / 0.25, 0, 1)
    return {"memory_utilization_pct": np.clip(row["memory_utilization_pct"] + grown, 0, 88)}


def well_filled(row: Row, _: Array, __: float) -> Row:
    """Memory that is there to be used."""
    return {"memory_utilization_pct": steady(row, 85)}


def a_little_swap(row: Row, _: Array, size: float) -> Row:
    """Pages that no process has asked for since the start."""
    return {"swap_used_bytes": steady(row, 5e8 * size)}


def gpus_only(row: Row, passed: Array, size: float) -> Row:
    """The host does nothing because the GPUs do it all."""
    return nothing_at_all(row, passed, size) | {
        "gpu_utilization_pct": steady(row, 88),
        "gpu_sm_active_pct": steady(row, 70),
    }


def large_and_still(row: Row, _: Array, __: float) -> Row:
    """Five sixths full for weeks, and no fuller."""
    used = np.full_like(row["up_pct"], 84.0)
    return {"storage_utilization_pct": used}


def cleaned_daily(row: Row, passed: Array, size: float) -> Row:
    """Scratch files by day, removed by night: ten days, ten teeth."""
    return {"storage_utilization_pct": row["storage_utilization_pct"] + 14 * size * ((passed * 10) % 1.0)}


def many_files(row: Row, _: Array, __: float) -> Row:
    """Inodes well used."""
    return {"storage_inodes_utilization_pct": steady(row, 85)}


def hard_at_work(row: Row, _: Array, __: float) -> Row:
    """Disks that rest a moment now and then, as quick as ever."""
    return {"disk_busy_pct": steady(row, 90)}


def twice_as_slow(row: Row, _: Array, size: float) -> Row:
    """A backup runs beside the work."""
    return {"disk_latency_ms": row["disk_latency_ms"] * (1 + 0.8 * size), "disk_busy_pct": steady(row, 80)}


def well_used_link(row: Row, _: Array, __: float) -> Row:
    """Three quarters of what the link can carry."""
    return {"network_utilization_pct": steady(row, 76)}


def a_few_errors(row: Row, _: Array, size: float) -> Row:
    """Two packets in a second, of millions."""
    return {"network_errors_per_s": steady(row, 2 * size)}


def busy_hours(row: Row, _: Array, size: float) -> Row:
    """A third slower under load."""
    return {"network_latency_ms": row["network_latency_ms"] * (1 + 0.3 * size)}


def now_and_then_lost(row: Row, passed: Array, _: float) -> Row:
    """One reading in nine is lost."""
    lost = np.arange(len(passed)) % 9 == 4
    return {name: np.where(lost, np.nan, values) for name, values in row.items()}


_STORAGE, _NETWORK = ("storage",), ("network",)
HOST_TWINS: Final[Mapping[str, Kind]] = {
    "cpu_saturated": Kind(("cluster",), ("cpu_utilization_pct",), well_used),
    "cpu_stolen": Kind((*MACHINES, *SERVICES), ("cpu_steal_pct",), neighborly),
    "cpu_throttled": Kind(SERVICES, ("cpu_throttled_pct",), near_the_quota),
    "memory_leak": Kind(SERVICES, ("memory_utilization_pct",), warmed_up),
    "memory_pressure": Kind((*MACHINES, *SERVICES), ("memory_utilization_pct",), well_filled),
    "swapping": Kind(MACHINES, ("swap_used_bytes",), a_little_swap),
    "idle_host": Kind(("cluster",), ("cpu_utilization_pct",), gpus_only),
    "volume_full": Kind(_STORAGE, ("storage_utilization_pct",), large_and_still),
    "filling_volume": Kind(_STORAGE, ("storage_utilization_pct",), cleaned_daily),
    "inodes_used_up": Kind(_STORAGE, ("storage_inodes_utilization_pct",), many_files),
    "disk_saturated": Kind(_STORAGE, ("disk_busy_pct",), hard_at_work),
    "slow_disk": Kind(_STORAGE, ("disk_latency_ms", "disk_busy_pct"), twice_as_slow),
    "link_saturated": Kind(_NETWORK, ("network_utilization_pct",), well_used_link),
    "network_errors": Kind(_NETWORK, ("network_errors_per_s",), a_few_errors),
    "network_latency": Kind(_NETWORK, ("network_latency_ms",), busy_hours),
    "silent_source": Kind(("cluster", "endpoint", "storage"), ("up_pct",), now_and_then_lost),
}
