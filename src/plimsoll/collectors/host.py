"""This machine: processors, memory, disks, file systems, network (psutil).

CPU percentages are our own deltas of `cpu_times` (psutil keeps its baseline per thread); inside a container with limits
the numbers are the container's (cgroup), and the label `scope` says so.
"""

import json
import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from pydantic import Field

from plimsoll.collectors import cgroup
from plimsoll.collectors.contract import Collector, Identity, Reading, Row, collection_row
from plimsoll.collectors.counter_state import counters, recalled
from plimsoll.collectors.layers import blocks, links
from plimsoll.collectors.rates import Rates
from plimsoll.config import Section
from plimsoll.metrics import CATALOGUE

SOURCE = "host"
_LOCAL_FILE_SYSTEMS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "vfat", "ntfs", "exfat"})


class Settings(Section):
    """`[collectors.host]`."""

    enabled: bool = Field(default=True, description="whether this machine is read")
    exclude_interfaces: str = Field(
        default=r"lo|veth.*|docker.*|br-.*|ifb.*|cni.*|tap.*|dummy.*|virbr.*|cali.*|flannel.*",
        description="network interfaces that are left out (a regular expression)",
    )
    exclude_disks: str = Field(
        default=r"loop.*|ram.*|zram.*|dm-.*|md.*|sr\d+|fd\d+",
        description="block devices that are left out: they would be counted twice, or are no disks",
    )


class HostReader:
    """Reads the machine; keeps the counters of the reading before."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        *,
        cgroup_root: Path = Path("/sys/fs/cgroup"),
        own_cgroup: Path = Path("/proc/self/cgroup"),
    ) -> None:
        self._identity = identity
        self._interfaces = re.compile(settings.exclude_interfaces)
        self._disks = re.compile(settings.exclude_disks)
        self._rates = Rates(identity.interval_s)
        self._cgroup_root, self._own_cgroup = cgroup_root, own_cgroup
        self._last_fact: Row | None = None
        self._boot_s = psutil.boot_time()

    def read(self, now: datetime, monotonic: float) -> Reading:
        """A row for the machine, one for each disk, interface and file system; a part that fails is null and named."""
        began = time.perf_counter()
        limits = cgroup.limits(self._cgroup_root, self._own_cgroup)
        whole: Row = {"up_pct": 100.0}
        devices: dict[str, Row] = {}
        failures: list[str] = []
        parts: dict[str, Callable[[], Row]] = {
            "cpu": lambda: self._cpu(monotonic, limits),
            "memory": lambda: _memory(limits),
            "disks": lambda: self._disk_rates(monotonic, devices),
            "file systems": lambda: _file_systems(devices),
            "network": lambda: self._network(monotonic, devices),
        }
        for name, read_part in parts.items():
            try:
                whole |= read_part()
            except (OSError, psutil.Error, ValueError) as error:
                failures.append(f"{name}: {type(error).__name__}")
        dropped = [f"dropped: {said}" for said in self._rates.implausible()]
        keys = {"ts": now, "resource_id": self._identity.resource_id, "source": SOURCE}
        samples = [{**keys, "device": "", **whole}]
        samples += [{**keys, "device": device, **row} for device, row in sorted(devices.items()) if row]
        done = collection_row(
            now,
            source=SOURCE,
            target=self._identity.resource_id,
            ok=not failures,
            reason="; ".join([*failures, *dropped]) or None,
            duration_s=time.perf_counter() - began,
            rows=len(samples),
        )
        return Reading(samples, [done], self._fact(now, limits))

    def memory(self) -> dict[str, Any]:
        """The counters."""
        return counters(self._rates.remembered())

    def recall(self, memory: Any) -> None:  # noqa: ANN401 - it comes from a file
        """The counters of the run before."""
        self._rates.recall(recalled(memory))

    def close(self) -> None:
        """Nothing stays open."""

    def _fact(self, now: datetime, limits: cgroup.Limits) -> list[Row]:
        """The machine as the inventory should know it; only when that changed."""
        identity = self._identity
        scope = {"scope": "container"} if limits.limited else {"scope": "host"}
        fact: Row = {
            "resource_id": identity.resource_id,
            "source": SOURCE,
            "name": identity.name,
            "type": identity.type,
            "region": identity.region,
            "labels": json.dumps({**scope, **identity.labels}, sort_keys=True),
            "interval_s": identity.interval_s,
            "cpu_count": limits.cpu_count or float(psutil.cpu_count() or 1),
            "memory_bytes": limits.memory_bytes or float(psutil.virtual_memory().total),
            "price_usd_per_h": identity.price_usd_per_h,
        }
        if fact == self._last_fact:
            return []
        self._last_fact = fact
        return [{"ts": now, **fact}]

    def _cpu(self, at_s: float, limits: cgroup.Limits) -> Row:
        row: Row = {"load_average_count": os.getloadavg()[0], "processes_count": float(len(psutil.pids()))}
        times = psutil.cpu_times()
        cores = psutil.cpu_count() or 1
        deltas = {
            mode: self._rates.delta(
                ("cpu", mode),
                getattr(times, mode, 0.0),
                at_s=at_s,
                epoch=self._boot_s,
                jitters=mode in ("iowait", "idle"),
                most_per_s=1.05 * cores,
            )
            for mode in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
        }
        grown = {mode: delta.amount for mode, delta in deltas.items() if delta is not None}
        total = sum(grown.values())
        if len(grown) == len(deltas) and total > 0:
            row["cpu_utilization_pct"] = _percent(1 - (grown["idle"] + grown["iowait"]) / total)
            row["cpu_iowait_pct"] = _percent(grown["iowait"] / total)
            row["cpu_steal_pct"] = _percent(grown["steal"] / total)
        return row | self._container_cpu(at_s, limits)

    def _container_cpu(self, at_s: float, limits: cgroup.Limits) -> Row:
        if limits.cpu_count is None or limits.cpu_used_s is None:
            return {}
        row: Row = {}
        used = self._rates.rate("cgroup cpu", limits.cpu_used_s, at_s=at_s)
        # the container's own share replaces the host's, or is unknown: never one under the other's name
        row["cpu_utilization_pct"] = None if used is None else _percent(used / limits.cpu_count)
        if limits.cpu_throttled_s is not None:
            throttled = self._rates.rate("cgroup throttled", limits.cpu_throttled_s, at_s=at_s)
            row["cpu_throttled_pct"] = None if throttled is None else _percent(throttled)
        return row

    def _disk_rates(self, at_s: float, devices: dict[str, Row]) -> Row:
        counters: Mapping[str, Any] = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
        names = {
            "disk_read_bytes_per_s": "read_bytes",
            "disk_write_bytes_per_s": "write_bytes",
            "disk_read_operations_per_s": "read_count",
            "disk_write_operations_per_s": "write_count",
        }
        chosen = {n: c for n, c in counters.items() if not self._disks.fullmatch(n) and not _is_partition(n, counters)}
        for disk, counter in chosen.items():
            row = devices.setdefault(disk, {})
            for metric, field in names.items():
                most = CATALOGUE[metric].high
                count = getattr(counter, field)
                row[metric] = self._rates.rate((disk, field), count, at_s=at_s, epoch=self._boot_s, most_per_s=most)
            busy = self._rates.rate((disk, "busy"), getattr(counter, "busy_time", -1), at_s=at_s, epoch=self._boot_s)
            row["disk_busy_pct"] = None if busy is None else _percent(busy / 1000)
        lowest = blocks(set(chosen)) or chosen.keys()
        whole = {metric: _total([devices[disk].get(metric) for disk in chosen if disk in lowest]) for metric in names}
        busiest = [b for disk in chosen if (b := devices[disk].get("disk_busy_pct")) is not None]
        return {**whole, "disk_busy_pct": max(busiest) if busiest else None}

    def _network(self, at_s: float, devices: dict[str, Row]) -> Row:
        counters = psutil.net_io_counters(pernic=True, nowrap=False) or {}
        speeds = psutil.net_if_stats()
        chosen = [name for name in sorted(counters) if not self._interfaces.fullmatch(name)]
        for name in chosen:
            counter = counters[name]
            speed = speeds[name].speed * 1e6 if name in speeds and speeds[name].speed > 0 else None
            row = devices.setdefault(name, {})
            for metric, count in (
                ("network_receive_bits_per_s", 8 * counter.bytes_recv),
                ("network_transmit_bits_per_s", 8 * counter.bytes_sent),
                ("network_errors_per_s", counter.errin + counter.errout),
                ("network_drops_per_s", counter.dropin + counter.dropout),
            ):
                most = 1.2 * speed if speed and metric.endswith("bits_per_s") else CATALOGUE[metric].high
                delta = self._rates.delta((name, metric), count, at_s=at_s, epoch=self._boot_s, most_per_s=most)
                row[metric] = None if delta is None else delta.per_s
            row["network_utilization_pct"] = _utilization(row, speed)
        metrics = ("receive_bits_per_s", "transmit_bits_per_s", "errors_per_s", "drops_per_s")
        lowest = links(set(chosen)) or set(chosen)  # a bond tells what its cards tell
        whole = {f"network_{m}": _total([devices[n].get(f"network_{m}") for n in sorted(lowest)]) for m in metrics}
        busiest = [u for n in chosen if (u := devices[n].get("network_utilization_pct")) is not None]
        return {**whole, "network_utilization_pct": max(busiest) if busiest else None}


def _memory(limits: cgroup.Limits) -> Row:
    memory = psutil.virtual_memory()
    total, used = float(memory.total), float(memory.total - memory.available)
    if limits.memory_bytes is not None and limits.memory_used_bytes is not None:
        total, used = limits.memory_bytes, min(limits.memory_used_bytes, limits.memory_bytes)
    return {
        "memory_utilization_pct": _percent(used / total),
        "memory_used_bytes": used,
        "memory_available_bytes": total - used,
        "swap_used_bytes": float(psutil.swap_memory().used),
    }


def _file_systems(devices: dict[str, Row]) -> Row:
    """Local file systems only: asking a dead network mount for its size can hang for ever."""
    fullest: Row = {}
    seen: set[str] = set()
    for part in psutil.disk_partitions(all=False):
        if part.fstype not in _LOCAL_FILE_SYSTEMS or part.device in seen or "ro" in part.opts.split(","):
            continue
        seen.add(part.device)
        usage = os.statvfs(part.mountpoint)
        usable = usage.f_blocks - usage.f_bfree + usage.f_bavail
        if usable <= 0:
            continue
        row: Row = {
            "storage_utilization_pct": _percent((usage.f_blocks - usage.f_bfree) / usable),
            "storage_used_bytes": float((usage.f_blocks - usage.f_bfree) * usage.f_frsize),
        }
        if usage.f_files:
            row["storage_inodes_utilization_pct"] = _percent(1 - usage.f_ffree / usage.f_files)
        devices[part.mountpoint] = row
        if row["storage_utilization_pct"] > fullest.get("storage_utilization_pct", -1.0):
            fullest = row
    return fullest


def _is_partition(name: str, disks: Mapping[str, object]) -> bool:
    """`sda1` beside `sda`, `nvme0n1p2` beside `nvme0n1`: counted once, as the disk."""
    return any(name != disk and re.fullmatch(rf"{re.escape(disk)}p?\d+", name) for disk in disks)


def _utilization(row: Row, speed_bits_per_s: float | None) -> float | None:
    ways = (row["network_receive_bits_per_s"], row["network_transmit_bits_per_s"])
    if speed_bits_per_s is None or None in ways:
        return None
    return _percent(max(ways) / speed_bits_per_s)


def _percent(share: float) -> float:
    return 100 * min(1.0, max(0.0, share))


def _total(values: list[float | None]) -> float | None:
    """The sum of the parts; unknown where there are none or one of them is unknown."""
    return None if not values or None in values else sum(v for v in values if v is not None)


def host_name() -> str:
    """The machine's own name: its id where the config gives none."""
    return socket.gethostname() or "localhost"


def _open(settings: Settings, identity: Identity) -> HostReader | None:
    return HostReader(settings, identity) if settings.enabled else None


COLLECTOR = Collector(Settings, _open)
