"""The host collector: honest numbers of this machine, of a container, and of one whose parts fail."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from plimsoll.collectors import host
from plimsoll.collectors.cgroup import limits
from plimsoll.collectors.contract import Identity, Reading
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
IDENTITY = Identity("here", "Here", "cluster", 30.0, labels={"owner": "vision"})


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[host.HostReader]:
    """A reader that sees no control group."""
    opened = host.HostReader(host.Settings(), IDENTITY, cgroup_root=tmp_path)
    yield opened
    opened.close()


def _said(counters: object, **_: object) -> object:
    return counters


def twice(reader: host.HostReader) -> Reading:
    """The second of two readings, 30 seconds apart by the clock that is told."""
    reader.read(NOON, 0.0)
    return reader.read(NOON + timedelta(seconds=30), 30.0)


def test_every_row_passes_the_door_of_the_lake(reader: host.HostReader) -> None:
    """Names, types and bounds of all three tables."""
    first = reader.read(NOON, 0.0)
    assert SAMPLES.frame(first.samples).height >= 1
    assert COLLECTIONS.frame(first.collections)["ok"].to_list() == [True]
    assert RESOURCES.frame(first.resources)["cpu_count"][0] >= 1
    assert SAMPLES.frame(twice(reader).samples)["device"][0] == ""


def test_the_first_reading_has_no_rates(reader: host.HostReader) -> None:
    """Null, never 0."""
    (whole, *_) = reader.read(NOON, 0.0).samples
    assert whole.get("cpu_utilization_pct") is None
    assert whole["network_receive_bits_per_s"] is None
    assert 0 < whole["memory_utilization_pct"] < 100


def test_the_inventory_is_told_once_and_again_when_it_changes(reader: host.HostReader) -> None:
    """A fact that did not change is not written again."""
    assert len(reader.read(NOON, 0.0).resources) == 1
    assert reader.read(NOON, 30.0).resources == []


def test_cpu_share_is_that_of_the_times_between_two_readings(
    reader: host.HostReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10 busy, 80 idle, 10 waiting for I/O of 100 seconds on all processors."""
    times = psutil.cpu_times()
    zero = times._replace(**dict.fromkeys(times._fields, 0.0))
    monkeypatch.setattr(psutil, "cpu_times", lambda: zero)
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    reader.read(NOON, 0.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: zero._replace(user=10.0, idle=80.0, iowait=10.0))
    whole = reader.read(NOON, 30.0).samples[0]
    assert (whole["cpu_utilization_pct"], whole["cpu_iowait_pct"]) == (pytest.approx(10), pytest.approx(10))


def test_a_part_that_fails_is_null_and_named_and_the_others_go_on(
    reader: host.HostReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F47: one broken source of /proc costs its own values."""

    def refuse(**_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(psutil, "disk_io_counters", refuse)
    reading = twice(reader)
    assert reading.collections[0]["ok"] is False
    assert reading.collections[0]["reason"] == "disks: PermissionError"
    assert reading.samples[0].get("disk_read_bytes_per_s") is None
    assert reading.samples[0]["memory_utilization_pct"] > 0


@pytest.mark.parametrize("nothing", [None, {}])
def test_a_machine_without_disks_has_no_disk_rates(
    reader: host.HostReader, monkeypatch: pytest.MonkeyPatch, nothing: object
) -> None:
    """F47: psutil says None or nothing at all."""

    def say_nothing(**_: object) -> object:
        return nothing

    monkeypatch.setattr(psutil, "disk_io_counters", say_nothing)
    reading = twice(reader)
    assert reading.collections[0]["ok"] is True
    assert reading.samples[0]["disk_read_bytes_per_s"] is None


class Mount(NamedTuple):
    """What `psutil.disk_partitions` gives."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


def test_a_dead_network_mount_is_never_asked(monkeypatch: pytest.MonkeyPatch, reader: host.HostReader) -> None:
    """F50: its size could be waited for without end; the local ones are read."""
    real, asked = os.statvfs, list[str]()
    mounts = [Mount("nas:/data", "/mnt/nas", "nfs4", "rw,hard"), Mount("/dev/root", "/", "ext4", "rw")]

    def statvfs(path: str) -> os.statvfs_result:
        asked.append(path)
        return real(path)

    monkeypatch.setattr(psutil, "disk_partitions", partial(_said, mounts))
    monkeypatch.setattr(os, "statvfs", statvfs)
    (row,) = [row for row in reader.read(datetime.now(UTC), 0.0).samples if row["device"] == ""]
    assert asked == ["/"]
    assert row["storage_utilization_pct"] is not None


def test_a_container_is_measured_against_its_own_limits(tmp_path: Path) -> None:
    """Version 2: half a processor, 1 GB of which 0.4 GB is in use and 0.1 GB is cache."""
    files = {
        "cgroup.controllers": "cpu memory",
        "cpu.max": "50000 100000",
        "cpu.stat": "usage_usec 0\nthrottled_usec 0",
        "memory.max": "1000000000",
        "memory.current": "500000000",
        "memory.stat": "inactive_file 100000000",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    reader = host.HostReader(host.Settings(), IDENTITY, cgroup_root=tmp_path)
    fact = reader.read(NOON, 0.0).resources[0]
    (tmp_path / "cpu.stat").write_text("usage_usec 3000000\nthrottled_usec 6000000")
    whole = reader.read(NOON, 30.0).samples[0]
    assert (fact["cpu_count"], fact["memory_bytes"]) == (0.5, 1e9)
    assert '"scope": "container"' in fact["labels"]
    assert whole["cpu_utilization_pct"] == pytest.approx(20.0)  # 3 s of the 15 s that half a processor has
    assert whole["cpu_throttled_pct"] == pytest.approx(20.0)
    assert whole["memory_utilization_pct"] == pytest.approx(40.0)


def test_version_1_limits_and_no_limit_at_all(tmp_path: Path) -> None:
    """-1 and 2^63 mean that there is no limit; a file that is missing is unknown."""
    for folder, name, text in (
        ("cpu", "cpu.cfs_quota_us", "-1"),
        ("cpu", "cpu.cfs_period_us", "100000"),
        ("memory", "memory.limit_in_bytes", str(2**63 - 4096)),
        ("memory", "memory.usage_in_bytes", "1000"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(text)
    found = limits(tmp_path)
    assert (found.cpu_count, found.memory_bytes, found.memory_used_bytes, found.limited) == (None, None, 1000.0, False)


def test_virtual_interfaces_and_partitions_are_not_counted(
    reader: host.HostReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback, container bridges, device-mapper and the partitions of a disk would be counted twice."""
    disk = psutil.disk_io_counters(perdisk=False)
    assert disk is not None
    one = disk._replace(read_bytes=3000)
    zero = disk._replace(read_bytes=0)
    names = ("nvme0n1", "nvme0n1p1", "sda", "sda2", "dm-0", "loop1", "md127")
    for counters in (zero, one):
        monkeypatch.setattr(psutil, "disk_io_counters", partial(_said, dict.fromkeys(names, counters)))
        reading = reader.read(NOON, 30.0 if counters is one else 0.0)
    assert reading.samples[0]["disk_read_bytes_per_s"] == pytest.approx(200.0)
    devices = {row["device"] for row in reading.samples}
    assert {"nvme0n1", "sda"} <= devices
    assert not devices & {"lo", "nvme0n1p1", "sda2", "dm-0", "loop1", "md127"}


def test_a_bond_and_what_lies_over_it_carry_no_byte_of_their_own(
    reader: host.HostReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two cards below a bond, a VLAN and a bridge: the machine's traffic is that of the cards; each tells its own."""
    zero = psutil.net_io_counters(nowrap=False)
    assert zero is not None
    received = {"ens1f0": 2_000, "ens1f1": 1_000, "bond0": 3_000, "bond0.7": 2_900, "vmbr0": 2_900, "lo": 9_000}
    for share in (0, 1):
        counters = {
            name: zero._replace(bytes_recv=share * n, bytes_sent=0, errin=0, errout=0, dropin=0, dropout=0)
            for name, n in received.items()
        }
        monkeypatch.setattr(psutil, "net_io_counters", partial(_said, counters))
        reading = reader.read(NOON, 30.0 * share)
    by_device = {row["device"]: row.get("network_receive_bits_per_s") for row in reading.samples}
    assert by_device[""] == pytest.approx(8 * 3_000 / 30)
    assert by_device["bond0"] == pytest.approx(8 * 3_000 / 30)


def test_a_collecting_process_imports_neither_polars_nor_duckdb() -> None:
    """Not until it must write: a resident collector stays small."""
    code = (
        "import sys, datetime; from plimsoll.cli import app; from plimsoll.project import Project, builtin_root;"
        "from plimsoll.collectors.session import Collecting; p = Project(builtin_root(), builtin_root());"
        "c = Collecting(p.config()); c.round(datetime.datetime.now(datetime.UTC), 0.0); c.close();"
        "print(sorted({'polars', 'duckdb', 'numpy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
