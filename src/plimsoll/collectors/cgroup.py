"""What a container may use: cgroup v2 and v1 limits. psutil and /proc show the host's numbers inside a container."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED_BYTES = 1 << 60
_OWN_UNIT = re.compile(r"plimsoll.*\.service")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits and use of the own control group; None where it has none. CPU time in seconds since its start."""

    cpu_count: float | None = None
    cpu_used_s: float | None = None
    cpu_throttled_s: float | None = None
    memory_bytes: float | None = None
    memory_used_bytes: float | None = None

    @property
    def limited(self) -> bool:
        """Whether the group is smaller than the machine."""
        return self.cpu_count is not None or self.memory_bytes is not None


def limits(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> Limits:
    """The tightest limits of the process's own group and those above it (version 2 first, then 1).

    `own` says where the process is below `root`: inside a namespace of its own that is the root itself, in a container
    that shares the host's, under enroot or as a systemd unit it is not. Plimsoll's own unit limits Plimsoll and not the
    machine: it and what lies below it does not count. A file that vanishes is an unknown limit.
    """
    places = _places(own)
    if (root / "cgroup.controllers").exists():
        return _version_2(_chain(root, places.get("", "/")))
    if (root / "memory").is_dir() or (root / "cpu").is_dir():
        return _version_1(root, places)
    return Limits()


def _places(own: Path) -> dict[str, str]:
    """The process's path by controller (version 1), by "" in the one hierarchy of version 2."""
    found: dict[str, str] = {}
    for line in (_text(own) or "").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _chain(root: Path, place: str) -> list[Path]:
    """The groups that hold the process, its own first; only the root where its path is not visible here."""
    parts = [part for part in place.split("/") if part not in ("", ".")]
    ours = next((n for n, part in enumerate(parts) if _OWN_UNIT.fullmatch(part)), len(parts))
    parts = parts[:ours]
    if ".." in parts or not root.joinpath(*parts).is_dir():
        return [root]
    return [root.joinpath(*parts[:length]) for length in range(len(parts), -1, -1)]


def _tightest(limits_: Iterable[tuple[float | None, Path]]) -> tuple[float | None, Path | None]:
    """The smallest limit and the group that has it."""
    known = [(limit, group) for limit, group in limits_ if limit is not None]
    return min(known, key=lambda one: one[0]) if known else (None, None)


def _version_2(groups: Sequence[Path]) -> Limits:
    cpus, cpu_group = _tightest((_cpus(group), group) for group in groups)
    memory, memory_group = _tightest((_bounded(_number(group / "memory.max")), group) for group in groups)
    stat = _pairs((cpu_group or groups[0]) / "cpu.stat")
    used = _number((memory_group or groups[0]) / "memory.current")
    inactive = _pairs((memory_group or groups[0]) / "memory.stat").get("inactive_file", 0.0)
    return Limits(
        cpu_count=cpus,
        cpu_used_s=_scaled(stat.get("usage_usec"), 1e-6),
        cpu_throttled_s=_scaled(stat.get("throttled_usec"), 1e-6),
        memory_bytes=memory,
        memory_used_bytes=None if used is None else max(0.0, used - inactive),
    )


def _cpus(group: Path) -> float | None:
    quota, _, period = (_text(group / "cpu.max") or "max").partition(" ")
    return float(quota) / float(period) if quota.isdigit() and period.isdigit() and float(period) > 0 else None


def _version_1(root: Path, places: Mapping[str, str]) -> Limits:
    chains = {name: _chain(root / name, places.get(name, "/")) for name in ("cpu", "cpuacct", "memory")}
    cpus, cpu_group = _tightest((_cpus_1(group), group) for group in chains["cpu"])
    files = ((_bounded(_number(group / "memory.limit_in_bytes")), group) for group in chains["memory"])
    memory, memory_group = _tightest(files)
    cpu = cpu_group or chains["cpu"][0]
    accounted = root / "cpuacct" / cpu.relative_to(root / "cpu")
    accounted = accounted if accounted.is_dir() else chains["cpuacct"][0]
    used = _number((memory_group or chains["memory"][0]) / "memory.usage_in_bytes")
    inactive = _pairs((memory_group or chains["memory"][0]) / "memory.stat").get("total_inactive_file", 0.0)
    return Limits(
        cpu_count=cpus,
        cpu_used_s=_scaled(_number(accounted / "cpuacct.usage"), 1e-9),
        cpu_throttled_s=_scaled(_pairs(cpu / "cpu.stat").get("throttled_time"), 1e-9),
        memory_bytes=memory,
        memory_used_bytes=None if used is None else max(0.0, used - inactive),
    )


def _cpus_1(group: Path) -> float | None:
    quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    return quota / period if quota is not None and quota > 0 and period else None


def _bounded(memory: float | None) -> float | None:
    return None if memory is None or memory > _UNLIMITED_BYTES else memory


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path) -> float | None:
    text = _text(path)
    return float(text) if text is not None and text.lstrip("-").isdigit() else None


def _pairs(path: Path) -> dict[str, float]:
    lines = (line.split() for line in (_text(path) or "").splitlines())
    return {parts[0]: float(parts[1]) for parts in lines if len(parts) == 2 and parts[1].isdigit()}


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
