"""A machine on which nothing has happened for a day: no processor, no GPU, no disk, no network."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, below
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.reading import mean_of

CPU_PCT, GPU_PCT, MEGABYTES_PER_S = 3.0, 2.0, 1.0
LEAST_HOURS, QUIET_PCT = 20.0, 98.0


def find(case: Case) -> Found | None:
    """Nearly all of a day; without readings of the processors nothing is said."""
    cpu = case.window("cpu_utilization_pct")
    if cpu is None or case.resource.type != "cluster":
        return None
    if case.resource.gpu_count and case.window("gpu_utilization_pct") is None:
        return None  # nobody knows what its GPUs do
    known = ~np.isnan(cpu)
    quiet = below(cpu, CPU_PCT)
    for metric, limit in (
        ("gpu_utilization_pct", GPU_PCT),
        ("disk_read_bytes_per_s", 1e6 * MEGABYTES_PER_S),
        ("disk_write_bytes_per_s", 1e6 * MEGABYTES_PER_S),
        ("network_receive_bits_per_s", 8e6 * MEGABYTES_PER_S),
        ("network_transmit_bits_per_s", 8e6 * MEGABYTES_PER_S),
    ):
        row = case.window(metric)
        if row is not None:
            quiet &= below(row, limit) | np.isnan(row)
    if case.hours(known) < LEAST_HOURS or 100 * np.count_nonzero(quiet) < QUIET_PCT * np.count_nonzero(known):
        return None
    seen = mean_of("cpu_utilization_pct")
    return Found(
        rule=RULE.name,
        component="host",
        description=f"nothing happened for {case.hours(known):.0f} h: processors "
        f"{seen.value(case):.1f} % used, disks and network quiet",
        impact="a machine is paid for and does nothing",
        weight=35.0,
        metric="cpu_utilization_pct",
        observed=seen.value(case),
        threshold=CPU_PCT,
        share=float(np.count_nonzero(quiet) / np.count_nonzero(known)),
        samples=int(np.count_nonzero(known)),
        seen=seen,
    )


RULE = Rule("idle_host", "host", ("cpu_utilization_pct",), find, explains=frozenset({"over_provisioned"}))
