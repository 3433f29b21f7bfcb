"""What goes wrong with services: endpoints and AI services with replicas, queues and caches."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from plimsoll.simulator.kinds import SERVICES, Kind, Row, steady
from plimsoll.simulator.load_profile import Array

DAYS = 14
"""How long the faults of weeks last: a service has to be too large for so long before it is called so."""
_WORK = ("gpu_utilization_pct", "gpu_sm_active_pct", "throughput_per_s", "running_count", "generation_tokens_per_s",
         "prompt_tokens_per_s", "retries_per_s", "kv_cache_utilization_pct")  # fmt: skip


def turned_away(row: Row, _: Array, size: float) -> Row:
    """Six requests queue for every one that is taken on, and the GPUs are half idle."""
    response = row["response_time_ms"]
    return {
        "queue_depth_count": steady(row, 12 * size),
        "queue_time_ms": 2 * response,
        "response_time_ms": 3 * response,
        "gpu_utilization_pct": steady(row, 38),
        "kv_cache_utilization_pct": steady(row, 30),
    }


def more_than_it_can_take(row: Row, _: Array, size: float) -> Row:
    """Every replica at work, and two thirds of an answer's time is the wait for it."""
    response = row["response_time_ms"]
    return {
        "gpu_utilization_pct": steady(row, 96),
        "gpu_sm_active_pct": steady(row, 78),
        "kv_cache_utilization_pct": steady(row, 72),
        "queue_depth_count": steady(row, 20 * size),
        "queue_time_ms": response * 2 * size,
        "response_time_ms": response * (1 + 2 * size),
    }


def cache_full(row: Row, _: Array, size: float) -> Row:
    """Long conversations fill the attention cache; little waits as yet."""
    return {
        "kv_cache_utilization_pct": np.clip(steady(row, 98.5), 0, 100),
        "queue_depth_count": np.full_like(row["up_pct"], np.ceil(2 * size)),
        "response_time_ms": row["response_time_ms"] * 1.3,
    }


def put_back(row: Row, _: Array, size: float) -> Row:
    """Sequences that lose their cache begin again."""
    return {"preemptions_per_s": steady(row, 1.4 * size), "kv_cache_utilization_pct": steady(row, 91)}


def never_hit(row: Row, _: Array, __: float) -> Row:
    """The cache of prefixes is off."""
    return {"prefix_cache_hit_pct": steady(row, 0.2)}


def cold(row: Row, _: Array, size: float) -> Row:
    """Weights come over a slow link each time a replica starts."""
    return {"cold_start_ms": steady(row, 45_000 * size)}


def failing(row: Row, _: Array, size: float) -> Row:
    """A bad release."""
    return {"error_rate_pct": row["error_rate_pct"] + 7 * size}


def slow(row: Row, _: Array, size: float) -> Row:
    """The work itself takes three times as long."""
    grown = 1 + 2 * size
    return {n: row[n] * grown for n in ("response_time_ms", "response_time_p95_ms", "response_time_p99_ms")}


def again_and_again(row: Row, _: Array, size: float) -> Row:
    """Clients without patience."""
    return {
        "retries_per_s": row["throughput_per_s"] * 0.35 * size,
        "throughput_per_s": row["throughput_per_s"] * (1 + 0.3 * size),
    }


def too_large(row: Row, _: Array, size: float) -> Row:
    """A third of the work that the replicas are for, by day and by night."""
    busy = 14 * size + 0.12 * row["gpu_utilization_pct"]
    part = busy / row["gpu_utilization_pct"]
    return {n: row[n] * part for n in _WORK if n in row}


def quiet_nights(row: Row, passed: Array, _: float) -> Row:
    """Ten hours of each day with a fifth of the work."""
    return by_night(row, passed, 0.2, 10)


def by_night(row: Row, passed: Array, part: float, hours: float) -> Row:
    """So many hours of each day with a part of the work."""
    left = np.where(passed * DAYS * 24 % 24 < hours, part, 1.0)
    return {n: row[n] * left for n in _WORK if n in row}


_LATENCY = ("response_time_ms", "queue_depth_count")
SERVICE_FAULTS: Final[Mapping[str, Kind]] = {
    "batching_ineffective": Kind(SERVICES, ("queue_depth_count", "gpu_utilization_pct"), turned_away),
    "overloaded": Kind(SERVICES, ("queue_time_ms", *_LATENCY), more_than_it_can_take),
    "kv_cache_full": Kind(SERVICES, ("kv_cache_utilization_pct", *_LATENCY), cache_full),
    "preemptions": Kind(SERVICES, ("preemptions_per_s",), put_back),
    "prefix_cache_unused": Kind(SERVICES, ("prefix_cache_hit_pct",), never_hit),
    "cold_starts": Kind(SERVICES, ("cold_start_ms",), cold),
    "errors": Kind(SERVICES, ("error_rate_pct",), failing),
    "slow_answers": Kind(SERVICES, ("response_time_ms",), slow),
    "retry_amplification": Kind(SERVICES, ("retries_per_s",), again_and_again),
    "over_provisioned": Kind(SERVICES, ("gpu_utilization_pct", "throughput_per_s"), too_large),
    "quiet_hours": Kind(SERVICES, ("gpu_utilization_pct", "throughput_per_s"), quiet_nights),
}
