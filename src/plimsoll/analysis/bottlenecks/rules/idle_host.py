"""A machine on which nothing has happened for a day: no processor, no GPU, no disk, no network."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, below
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class IdleHostLimits(Limits):
    """The limits of `idle_host`."""

    cpu_pct: Percent = Field(default=3.0, description="processors at most this busy")
    gpu_pct: Percent = Field(default=2.0, description="GPUs at most this busy")
    megabytes_per_s: Amount = Field(default=1.0, description="disks and network move at most so much")
    least_hours: Hours = Field(default=20.0, description="readings of at least so long")
    quiet_pct: Percent = Field(default=98.0, description="share of the readings in which nothing happens")


def find(window: ResourceWindow, limits: IdleHostLimits) -> Bottleneck | None:
    """Nearly all of a day; without readings of the processors nothing is said."""
    cpu = window.row("cpu_utilization_pct")
    if cpu is None or window.resource.type != "cluster":
        return None
    if window.resource.gpu_count and window.row("gpu_utilization_pct") is None:
        return None  # what its GPUs do is unknown
    known = ~np.isnan(cpu)
    quiet = below(cpu, limits.cpu_pct)
    for metric, limit in (
        ("gpu_utilization_pct", limits.gpu_pct),
        ("disk_read_bytes_per_s", 1e6 * limits.megabytes_per_s),
        ("disk_write_bytes_per_s", 1e6 * limits.megabytes_per_s),
        ("network_receive_bits_per_s", 8e6 * limits.megabytes_per_s),
        ("network_transmit_bits_per_s", 8e6 * limits.megabytes_per_s),
    ):
        row = window.row(metric)
        if row is not None:
            quiet &= below(row, limit) | np.isnan(row)
    if window.hours(known) < limits.least_hours or 100 * np.count_nonzero(quiet) < limits.quiet_pct * np.count_nonzero(
        known
    ):
        return None
    measure = mean_of("cpu_utilization_pct")
    return Bottleneck(
        description=f"nothing happened for {window.hours(known):.0f} h: processors "
        f"{measure.value(window):.1f} % used, disks and network quiet",
        impact="a machine is paid for and does nothing",
        weight=35.0,
        metric="cpu_utilization_pct",
        observed=measure.value(window),
        threshold=limits.cpu_pct,
        share=float(np.count_nonzero(quiet) / np.count_nonzero(known)),
        samples=int(np.count_nonzero(known)),
        measure=measure,
    )


RULE = Rule(
    name="idle_host",
    component="host",
    summary="A machine on which nothing has happened for a day: no processor, no GPU, no disk, no network",
    reads=("cpu_utilization_pct",),
    find=find,
    limits=IdleHostLimits(),
    use=Place("cpu", "utilization"),
    min_weight=35.0,
    remediation="Ask its owner, then give the machine work or switch it off.",
    explains=frozenset({"over_provisioned"}),
    history=lambda limits: History(limits.least_hours, "window"),
)
