"""The USE method (Gregg): of each component utilisation, saturation and errors, and what is known of them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.reading import quantile_of

State: TypeAlias = Literal["present", "exonerated", "absent"]
Cells: TypeAlias = Mapping[str, Sequence[str]]
U, S, E = "utilisation", "saturation", "errors"

SWEEP: Final[Mapping[str, Cells]] = MappingProxyType(
    {
        "cpu": {U: ("idle_host",), S: ("cpu_saturated", "cpu_throttled", "cpu_stolen")},
        "memory": {U: ("memory_leak",), S: ("memory_pressure", "swapping")},
        "gpu": {
            U: (
                "gpu_idle", "gpu_under_used", "gpu_ineffective", "batch_too_small", "over_provisioned", "quiet_hours",
                "dead_allocation", "gpus_stranded",
            ),
            S: (
                "thermal_throttling", "gpu_hardware_slowdown", "gpu_power_capped", "gpu_straggler",
                "gpu_memory_bandwidth", "host_device_transfer", "input_starvation",
            ),
            E: ("gpu_driver_errors", "gpu_memory_errors", "gpu_rows_to_remap", "link_errors"),
        },
        "disk": {S: ("disk_saturated", "slow_disk")},
        "storage": {U: ("volume_filling",), S: ("volume_full", "inodes_used_up")},
        "network": {S: ("link_saturated", "network_latency"), E: ("network_errors",)},
        "service": {
            U: ("prefix_cache_unused", "padded_limit"),
            S: (
                "queueing", "traffic_spike", "kv_cache_full", "preemptions", "batching_ineffective", "cold_starts",
                "slow_answers", "gpus_fragmented",
            ),
            E: ("errors", "retry_amplification"),
        },
        "readings": {E: ("blind",)},
    }
)  # fmt: skip
_USED: Final = {
    "cpu": "cpu_utilization_pct",
    "memory": "memory_utilization_pct",
    "gpu": "gpu_utilization_pct",
    "disk": "disk_busy_pct",
    "storage": "storage_utilization_pct",
    "network": "network_utilization_pct",
    "service": "kv_cache_utilization_pct",
}


def swept(case: Case, found: frozenset[str], exonerated: frozenset[str]) -> dict[str, dict[str, dict[str, object]]]:
    """Component -> utilisation, saturation, errors -> state, the rules that say so, and how far it is used.

    `present`: a rule found something; `exonerated`: what is read was looked at, and nothing found; `absent`: nothing
    is read that would say. `usedPct` is the 95th percentile of the window. Components of which nothing is read at all
    are left out.
    """
    whole: dict[str, dict[str, dict[str, object]]] = {}
    for component, cells in SWEEP.items():
        told = {cell: _cell(rules, found, exonerated) for cell, rules in cells.items()}
        if (used := _used(case, _USED.get(component))) is not None:
            told[U] = {**told.get(U, {"state": "exonerated", "rules": []}), "usedPct": used}
            if told[U]["state"] == "absent":
                told[U]["state"] = "exonerated"
        if any(cell["state"] != "absent" for cell in told.values()):
            whole[component] = told
    return whole


def _cell(rules: Sequence[str], found: frozenset[str], exonerated: frozenset[str]) -> dict[str, object]:
    named = [rule for rule in rules if rule in found]
    state: State = "present" if named else "exonerated" if any(rule in exonerated for rule in rules) else "absent"
    return {"state": state, "rules": named}


def _used(case: Case, metric: str | None) -> float | None:
    if metric is None or case.window(metric) is None:
        return None
    return round(quantile_of(metric, 0.95).value(case), 1)
