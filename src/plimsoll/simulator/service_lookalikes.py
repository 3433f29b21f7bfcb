"""What looks like a fault of a service and is none."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from plimsoll.simulator.kinds import SERVICES, Kind, Row, steady
from plimsoll.simulator.load_profile import Array
from plimsoll.simulator.service_faults import by_night


def short_queue(row: Row, _: Array, __: float) -> Row:
    """Three in the queue, as a server that batches should have."""
    return {"queue_depth_count": steady(row, 3), "gpu_utilization_pct": steady(row, 55)}


def waits_a_little(row: Row, _: Array, size: float) -> Row:
    """A quarter of the answer's time in the queue, GPUs well used."""
    response = row["response_time_ms"]
    busy = {"gpu_utilization_pct": steady(row, 84), "gpu_sm_active_pct": steady(row, 68)}
    return {"queue_time_ms": response * 0.28 * size, **busy}


def well_loaded(row: Row, _: Array, __: float) -> Row:
    """Everything in use, no request waits."""
    return {
        "gpu_utilization_pct": steady(row, 92),
        "gpu_sm_active_pct": steady(row, 75),
        "kv_cache_utilization_pct": steady(row, 86),
    }


def cache_well_used(row: Row, _: Array, __: float) -> Row:
    """Nine tenths of the attention cache in use: what it is for."""
    return {"kv_cache_utilization_pct": steady(row, 90)}


def hardly_put_back(row: Row, _: Array, size: float) -> Row:
    """A preemption a minute."""
    return {"preemptions_per_s": steady(row, 0.017 * size)}


def short_prompts(row: Row, _: Array, __: float) -> Row:
    """No hit, and hardly a prompt: there is nothing to share."""
    return {"prefix_cache_hit_pct": steady(row, 0.2), "prompt_tokens_per_s": steady(row, 400)}


def quick_starts(row: Row, _: Array, size: float) -> Row:
    """Seven seconds from nothing to an answer."""
    return {"cold_start_ms": steady(row, 7_000 * size)}


def a_few_fail(row: Row, _: Array, __: float) -> Row:
    """Bad requests, refused as they should be."""
    return {"error_rate_pct": steady(row, 0.85)}


def a_little_slower(row: Row, _: Array, size: float) -> Row:
    """Longer answers to longer questions."""
    return {n: row[n] * (1 + 0.5 * size) for n in ("response_time_ms", "response_time_p95_ms")}


def patient_clients(row: Row, _: Array, size: float) -> Row:
    """One request in twenty-five is sent again."""
    return {"retries_per_s": row["throughput_per_s"] * 0.04 * size}


def more_and_as_quick(row: Row, _: Array, size: float) -> Row:
    """A launch: twice the traffic and more, and replicas enough for it."""
    return {
        "throughput_per_s": row["throughput_per_s"] * (1 + 1.3 * size),
        "response_time_ms": row["response_time_ms"] * 1.15,
    }


def large_for_its_peaks(row: Row, passed: Array, _: float) -> Row:
    """Calm but for an hour of each day in which every replica is needed."""
    peak = passed * 14 * 24 % 24 < 2
    return {"gpu_utilization_pct": np.where(peak, steady(row, 70), np.maximum(row["gpu_utilization_pct"] * 0.6, 28))}


def short_nights(row: Row, passed: Array, _: float) -> Row:
    """Three quiet hours: too few to be worth a change."""
    return by_night(row, passed, 0.3, 3)


SERVICE_TWINS: Final[Mapping[str, Kind]] = {
    "saturated_queue": Kind(SERVICES, ("gpu_utilization_pct", "kv_cache_utilization_pct"), well_loaded),
    "batching_ineffective": Kind(SERVICES, ("queue_depth_count", "gpu_utilization_pct"), short_queue),
    "overloaded": Kind(SERVICES, ("queue_time_ms", "gpu_utilization_pct"), waits_a_little),
    "kv_cache_full": Kind(SERVICES, ("kv_cache_utilization_pct",), cache_well_used),
    "preemptions": Kind(SERVICES, ("preemptions_per_s",), hardly_put_back),
    "prefix_cache_unused": Kind(SERVICES, ("prefix_cache_hit_pct",), short_prompts),
    "cold_starts": Kind(SERVICES, ("cold_start_ms",), quick_starts),
    "errors": Kind(SERVICES, ("error_rate_pct",), a_few_fail),
    "slow_answers": Kind(SERVICES, ("response_time_ms",), a_little_slower),
    "retry_amplification": Kind(SERVICES, ("retries_per_s",), patient_clients),
    "traffic_spike": Kind(SERVICES, ("throughput_per_s",), more_and_as_quick),
    "over_provisioned": Kind(SERVICES, ("gpu_utilization_pct",), large_for_its_peaks),
    "quiet_hours": Kind(SERVICES, ("gpu_utilization_pct", "throughput_per_s"), short_nights),
}
