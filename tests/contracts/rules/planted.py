"""One resource for each rule, with readings in which it must find something; and the lake that holds them all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import polars as pl

from plimsoll.analysis.bottlenecks.rule_files import thresholds
from plimsoll.analysis.robust import Floats
from plimsoll.lake import Lake
from plimsoll.queries.context import QueryContext
from plimsoll.tables import RESOURCES, SAMPLES
from tests.reports import sources_of

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAYS, EVERY_S = 10, 150
ROWS = DAYS * 86_400 // EVERY_S
DAY = 86_400 // EVERY_S
HOSTILE = "o'hara\"; drop table samples; --"


@dataclass(frozen=True)
class Planted:
    """What is read of a resource in which a rule finds something, and what the inventory says of it."""

    readings: dict[str, Floats]
    devices: dict[tuple[str, str], Floats] = field(default_factory=dict[tuple[str, str], Floats])
    kind: str = "cluster"


def level(value: float, *, last: float | None = None, hours: float = 12.0, noise: float = 0.02) -> Floats:
    """A level with noise for ten days; the last hours of it at another one."""
    row = np.full(ROWS, value)
    if last is not None:
        row[-round(hours * 3600 / EVERY_S) :] = last
    return row * (1 + np.random.default_rng(7).normal(0, noise, ROWS))


def climbing(start: float, end: float, hours: float) -> Floats:
    """A level, and in the last hours a climb."""
    row, rows = np.full(ROWS, start), round(hours * 3600 / EVERY_S)
    row[-rows:] = np.linspace(start, end, rows)
    return row + np.random.default_rng(3).normal(0, 0.02, ROWS)


def nightly() -> Floats:
    """Busy by day, nearly nothing for ten hours of each day."""
    at = np.arange(ROWS) % DAY / DAY * 24
    return np.where((at > 2) & (at < 13), 8.0, 60.0) * (1 + np.random.default_rng(2).normal(0, 0.02, ROWS))


def once(value: float) -> Floats:
    """A single reading, an hour before the end."""
    row = np.full(ROWS, np.nan)
    row[-round(3600 / EVERY_S)] = value
    return row


def gpus(metric: str, *values: float) -> dict[tuple[str, str], Floats]:
    """A row for each GPU."""
    return {(f"gpu{n}", metric): level(value, noise=0.001) for n, value in enumerate(values)}


def gaps(row: Floats, hours: float = 9.0) -> Floats:
    """The same without its last hours but one."""
    end = round(3600 / EVERY_S)
    row[-round(hours * 3600 / EVERY_S) - end : -end] = np.nan
    return row


def by_hand() -> dict[str, Planted]:
    """The rules that are more than one limit."""
    gpu, low = "gpu_utilization_pct", level(10.0)
    return {
        "batch_too_small": Planted(
            {gpu: level(60), "gpu_memory_utilization_pct": level(30), "gpu_sm_active_pct": level(40)}, kind="training"
        ),
        "batching_ineffective": Planted(
            {"queue_depth_count": level(0, last=9), gpu: level(40), "kv_cache_utilization_pct": level(30)}
        ),
        "blind": Planted({"cpu_utilization_pct": gaps(level(40))}),
        "dead_allocation": Planted({"gpus_allocated_count": level(4, noise=0)}, gpus(gpu, 90, 0, 1, 0)),
        "errors": Planted({"error_rate_pct": level(0.1, last=6)}, kind="endpoint"),
        "gpu_driver_errors": Planted({}, {("gpu2", "gpu_xid_code"): once(79.0)}),
        "gpu_idle": Planted({gpu: gaps(level(0.5))}),
        "gpu_ineffective": Planted({gpu: level(95, noise=0.01), "gpu_sm_active_pct": level(15)}),
        "gpu_memory_bandwidth": Planted(
            {"gpu_dram_active_pct": level(70), "gpu_sm_active_pct": level(30), "gpu_power_limit_w": level(700, noise=0)}
        ),
        "gpu_straggler": Planted({}, gpus("gpu_sm_clock_mhz", 1900, 1900, 1500, 1905)),
        "gpu_under_used": Planted({gpu: low}),
        "host_device_transfer": Planted(
            {
                "gpu_pcie_receive_bytes_per_s": level(60e9),
                "gpu_pcie_transmit_bytes_per_s": gaps(level(70e9)),
                gpu: level(50),
            }
        ),
        "idle_host": Planted(
            {
                "cpu_utilization_pct": level(1),
                gpu: level(0.5),
                "network_utilization_pct": level(0.1),
                "disk_busy_pct": level(0.2),
            }
        ),
        "input_starvation": Planted({gpu: level(80, last=20), "cpu_utilization_pct": level(40, last=97, noise=0.01)}),
        "padded_limit": Planted({"job_limit_used_pct": level(30, noise=0.2)}),
        "memory_leak": Planted({"memory_utilization_pct": climbing(40, 88, 30)}, kind="endpoint"),
        "network_latency": Planted({"network_latency_ms": level(1, last=9)}, kind="network"),
        "over_provisioned": Planted({gpu: low}, kind="endpoint"),
        "prefix_cache_unused": Planted({"prefix_cache_hit_pct": level(0.2), "prompt_tokens_per_s": level(9000)}),
        "queueing": Planted(
            {"queue_time_ms": level(5, last=700), "response_time_ms": level(100, last=900), gpu: level(60, last=88)}
        ),
        "quiet_hours": Planted({gpu: nightly()}, kind="endpoint"),
        "retry_amplification": Planted({"retries_per_s": level(1, last=30), "throughput_per_s": level(100)}),
        "slow_answers": Planted({"response_time_ms": level(100, last=400)}),
        "slow_disk": Planted({"disk_latency_ms": level(1, last=9)}, kind="storage"),
        "traffic_spike": Planted(
            {"throughput_per_s": level(10, last=30), "response_time_ms": level(90, last=300), gpu: level(30, last=80)}
        ),
        "kv_cache_full": Planted(
            {"kv_cache_utilization_pct": level(40, last=99, noise=0.001), gpu: level(60, last=85)}
        ),
        "volume_filling": Planted({"storage_utilization_pct": climbing(50, 80, 72)}, kind="storage"),
    }


def every() -> dict[str, Planted]:
    """A planted resource by the name of its rule."""
    found = by_hand()
    for name, table in thresholds().items():
        if name not in found:
            found[name] = Planted({table.metric: level(0.0, last=table.test.found, noise=0.0005)})
    return found


def resource_id(rule: str) -> str:
    """The resource on which a rule's cause is planted; one has a name that no statement should be made of."""
    return HOSTILE if rule == "gpu_idle" else f"has-{rule}"


@cache
def sources() -> QueryContext:
    """A lake with all of them, as of its end."""
    lake = Lake(Path(mkdtemp(prefix="plimsoll-planted-")) / "lake")
    start = UNTIL - timedelta(days=DAYS)
    for rule, one in every().items():
        facts = {
            "ts": start, "resource_id": resource_id(rule), "source": "test", "name": rule, "type": one.kind,
            "interval_s": float(EVERY_S), "gpu_count": 4.0, "replicas_count": 6.0, "cpu_count": 64.0,
            "memory_bytes": 5e11, "storage_bytes": 2e14, "price_usd_per_h": 8.0,
        }  # fmt: skip
        lake.append(RESOURCES, [facts], collector="test")
    lake.append(SAMPLES, pl.concat(list(_frames()), how="diagonal"), collector="test")
    lake.compact(now=UNTIL)
    return sources_of(lake)


def _frames() -> list[pl.DataFrame]:
    ts = [UNTIL - timedelta(seconds=EVERY_S * (ROWS - n)) for n in range(ROWS)]
    found: list[pl.DataFrame] = []
    for rule, one in every().items():
        parts = {"": one.readings}
        for (device, metric), row in one.devices.items():
            parts.setdefault(device, {})[metric] = row
        for device, rows in parts.items():
            if not rows:
                continue
            bounded = {name: np.clip(row, 0, 100) if name.endswith("_pct") else row for name, row in rows.items()}
            frame = pl.DataFrame({"ts": ts, **bounded}).with_columns(
                pl.lit(resource_id(rule)).alias("resource_id"),
                pl.lit(device).alias("device"),
                pl.lit("test").alias("source"),
            )
            found.append(frame.with_columns(pl.col(list(rows)).fill_nan(None)).filter(pl.any_horizontal(
                pl.col(list(rows)).is_not_null())))  # fmt: skip
    return found
