"""What further sensors say when all is well: counters of errors, waits and copies that a demo does without."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from plimsoll.simulator.load_profile import Array
from plimsoll.simulator.members import Member
from plimsoll.simulator.physics import Columns


def further(kind: str, members: Sequence[Member], load: Array, columns: Columns) -> Columns:
    """The further readings of members of one type, beside `columns`, which they have already."""
    found: Columns = {}
    for part in _PARTS[kind]:
        found |= part(members, load, columns)
    return found


def _machine(_: Sequence[Member], load: Array, __: Columns) -> Columns:
    return {
        "cpu_iowait_pct": 0.5 + 2 * load,
        "cpu_steal_pct": 0.4 * load,
        "cpu_throttled_pct": 0.8 * load,
        "swap_used_bytes": 2e8 * load,
        "disk_busy_pct": 8 + 30 * load,
    }


def _gpus(members: Sequence[Member], load: Array, columns: Columns) -> Columns:
    """An XID is an event: where there is none there is no reading."""
    busy = columns["gpu_utilization_pct"] / 100
    count = np.array([[float(member.gpu_count)] for member in members])
    return {
        "gpu_dram_active_pct": 42 * busy,
        "gpu_throttled_hardware_pct": np.zeros_like(load),
        "gpu_ecc_corrected_count": np.zeros_like(load),
        "gpu_ecc_uncorrected_count": np.zeros_like(load),
        "gpu_rows_pending_count": np.zeros_like(load),
        "gpu_xid_code": np.full_like(load, np.nan),
        "gpu_link_errors_per_s": np.full_like(load, 0.002),
        "gpu_pcie_receive_bytes_per_s": 4e9 * busy * count,
        "gpu_pcie_transmit_bytes_per_s": 1e9 * busy * count,
    }


def _scheduler(members: Sequence[Member], load: Array, columns: Columns) -> Columns:
    count = np.array([[float(member.gpu_count)] for member in members])
    return {
        "gpus_free_count": np.clip(count - columns["gpus_allocated_count"], 0, None),
        "gpus_stranded_count": np.zeros_like(load),
        "queue_fragmented_count": np.zeros_like(load),
        "job_limit_used_pct": 75 + 15 * load,
    }


def _server(_: Sequence[Member], load: Array, columns: Columns) -> Columns:
    requests = columns["throughput_per_s"]
    return {
        "cpu_steal_pct": 0.4 * load,
        "cpu_throttled_pct": 0.8 * load,
        "swap_used_bytes": 2e8 * load,
        "retries_per_s": 0.006 * requests,
        "preemptions_per_s": np.clip(load - 0.8, 0, 1) * 0.05,
        "prefix_cache_hit_pct": 38 + 12 * load,
        "prompt_tokens_per_s": 600 * requests,
        "cold_start_ms": 3_000 + 1_500 * load,
    }


def _volume(_: Sequence[Member], load: Array, columns: Columns) -> Columns:
    return {"storage_inodes_utilization_pct": 12 + 0.4 * columns["storage_utilization_pct"] + 0 * load}


def _nothing(_: Sequence[Member], __: Array, ___: Columns) -> Columns:
    return {}


_PARTS: Mapping[str, Sequence[Callable[[Sequence[Member], Array, Columns], Columns]]] = {
    "cluster": (_machine, _gpus, _scheduler),
    "training": (_machine, _gpus),
    "endpoint": (_server, _gpus),
    "ai-service": (_server, _gpus),
    "storage": (_volume,),
    "network": (_nothing,),
}
