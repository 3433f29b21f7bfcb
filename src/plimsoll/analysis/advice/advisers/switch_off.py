"""Give a machine back on which nothing happens, and on which nothing has happened in all of its history."""

from typing import Final

from plimsoll.analysis.advice.commands import drain
from plimsoll.analysis.advice.cost import freeing, of_hours
from plimsoll.analysis.advice.earlier_work import WEEK_H, earlier_work
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText, SizeOutcome
from plimsoll.analysis.advice.preconditions import IDLE_GPU_W, Preconditions
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

_IDLE: Final = {
    "cpu_utilization_pct": 10.0,
    "gpu_utilization_pct": 5.0,
    "disk_read_bytes_per_s": 2e7,
    "disk_write_bytes_per_s": 2e7,
    "network_receive_bits_per_s": 1.6e8,
    "network_transmit_bits_per_s": 1.6e8,
}


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The whole machine where it never worked; of one that did, what its quiet hours cost, and whom to ask."""
    hours = window.window_rows * window.step_s / 3600
    before = earlier_work(window, _IDLE)
    cost = freeing(window, 1.0) if before is None else of_hours(window, hours * bottleneck.share)
    name = window.resource.name
    return Advice(
        priority="medium" if before is None else "low",
        title=f"Switch {name} off, or give it work" if before is None else f"Give {name} other work while it has none",
        description=f"{bottleneck.description}. {before.words(window) if before else ''} Ask its owner first: a "
        f"spare is idle on purpose. If nothing is done: {bottleneck.impact}.",
        improvement=f"{hours * bottleneck.share:.0f} to {hours:.0f} machine-hours of the last {hours:.0f} h were "
        f"not needed",
        estimate=Estimate(
            low=hours * bottleneck.share,
            middle=hours,
            high=hours,
            unit="machine-hours",
            formula="hours of the window x the share of them that was quiet; high: all of them",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=(window.resource.gpu_count or 0.0) if before is None else 0.0,
        changes=drain(window.resource, "idle") if before is None else {},
    )


ADVISER = Adviser(
    name="switch_off",
    answers=frozenset({"idle_host"}),
    advise=advise,
    reads=("gpu_power_w",),
    platform=PlatformText("Switch idle machines off", "did nothing for a day"),
    outcome=SizeOutcome(whole=True),
    wants=Preconditions(
        measured=(
            ("cpu_utilization_pct",),
            ("gpu_utilization_pct",),
            ("network_receive_bits_per_s", "network_utilization_pct"),
            ("network_transmit_bits_per_s", "network_utilization_pct"),
            ("disk_read_bytes_per_s", "disk_busy_pct"),
            ("disk_write_bytes_per_s", "disk_busy_pct"),
        ),
        acts_on=frozenset({"node"}),
        quiet={"gpu_power_w": IDLE_GPU_W, "network_utilization_pct": 2.0, "disk_busy_pct": 5.0},
        over_h=WEEK_H,
        breaks="What is only on its own disks is out of reach then.",
    ),
)
