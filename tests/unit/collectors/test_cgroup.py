"""Limits count wherever the process really is: at the root of its own namespace, deep below it, or in a unit."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from plimsoll.collectors.cgroup import Limits, limits

GIB = 1024.0**3


def files(root: Path, groups: Mapping[str, Mapping[str, str]]) -> Path:
    """Control groups by their path (`/` written as `__`, empty for the root), and `root` itself."""
    for place, contents in groups.items():
        folder = root.joinpath(*(part for part in place.split("__") if part))
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (folder / name).write_text(text + "\n")
    return root


def own(tmp_path: Path, text: str) -> Path:
    """A `/proc/self/cgroup`."""
    path = tmp_path / "self"
    path.write_text(text)
    return path


SCOPE = {"memory.current": str(3 << 30), "memory.max": str(6 << 30), "cpu.max": "250000 100000"}


@pytest.mark.parametrize("place", ["kubepods.slice__pod7__cri-9.scope", "system.slice__enroot.service", "a.slice"])
def test_a_group_below_the_root_has_its_own_limits(tmp_path: Path, place: str) -> None:
    """A container that shares the host's namespace, a unit, a slice: not the machine's numbers."""
    root = files(tmp_path / "fs", {"": {"cgroup.controllers": "cpu memory", "cpu.stat": "usage_usec 9"}, place: SCOPE})
    told = limits(root, own(tmp_path, f"0::/{place.replace('__', '/')}\n"))
    assert (told.cpu_count, told.memory_bytes, told.memory_used_bytes) == (2.5, 6 * GIB, 3 * GIB)
    assert told.cpu_used_s is None  # the root's use is not this group's


def test_the_tightest_limit_on_the_way_up_counts_with_its_own_use(tmp_path: Path) -> None:
    """A pod's limit holds for a container without one; use and limit are of the same group."""
    root = files(
        tmp_path / "fs",
        {
            "": {"cgroup.controllers": "cpu memory"},
            "pod": {**SCOPE, "memory.stat": "inactive_file 1073741824", "cpu.stat": "usage_usec 5000000"},
            "pod__box": {"memory.max": "max", "memory.current": "7", "cpu.max": "max 100000"},
        },
    )
    told = limits(root, own(tmp_path, "0::/pod/box\n"))
    assert (told.cpu_count, told.cpu_used_s) == (2.5, 5.0)
    assert (told.memory_bytes, told.memory_used_bytes) == (6 * GIB, 2 * GIB)


@pytest.mark.parametrize("text", ["0::/\n", "0::/gone/elsewhere\n", "0::/../../pod\n", "", "nonsense"])
def test_in_its_own_namespace_the_root_counts(tmp_path: Path, text: str) -> None:
    """A path that is not visible here is that of the host."""
    root = files(tmp_path / "fs", {"": {"cgroup.controllers": "cpu memory", **SCOPE}})
    assert limits(root, own(tmp_path, text)).memory_bytes == 6 * GIB


def test_plimsolls_own_unit_does_not_make_the_machine_small(tmp_path: Path) -> None:
    """`MemoryMax` of the shipped unit is Plimsoll's; the host that it reads has more."""
    unit = "system.slice__plimsoll-collect.service"
    root = files(tmp_path / "fs", {"": {"cgroup.controllers": "cpu memory"}, unit: SCOPE})
    assert not limits(root, own(tmp_path, "0::/system.slice/plimsoll-collect.service\n")).limited
    assert limits(root, own(tmp_path, "0::/system.slice\n")) == Limits()


def test_version_1_has_a_path_for_each_controller(tmp_path: Path) -> None:
    """Also two controllers in one line."""
    root = files(
        tmp_path / "fs",
        {
            "memory__job_3": {"memory.limit_in_bytes": str(6 << 30), "memory.usage_in_bytes": str(3 << 30)},
            "memory": {"memory.limit_in_bytes": str(2**63 - 4096), "memory.usage_in_bytes": "1"},
            "cpu__job_3": {"cpu.cfs_quota_us": "150000", "cpu.cfs_period_us": "100000"},
            "cpuacct__job_3": {"cpuacct.usage": "4000000000"},
            "cpuacct": {"cpuacct.usage": "9000000000000"},
        },
    )
    told = limits(root, own(tmp_path, "5:memory:/job_3\n4:cpu,cpuacct:/job_3\n0::/job_3\n"))
    assert (told.cpu_count, told.cpu_used_s, told.memory_bytes, told.memory_used_bytes) == (1.5, 4.0, 6 * GIB, 3 * GIB)
    elsewhere = limits(root, own(tmp_path, "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n"))
    assert not elsewhere.limited
