"""What a container may use: cgroup v2 and v1 limits. psutil and /proc show the host's numbers inside a container."""

from dataclasses import dataclass
from pathlib import Path

_UNLIMITED_BYTES = 1 << 60


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


def limits(root: Path = Path("/sys/fs/cgroup")) -> Limits:
    """The limits of the process's own group (version 2 first, then 1); a file that vanishes is an unknown limit."""
    if (root / "cgroup.controllers").exists():
        return _version_2(root)
    if (root / "memory").is_dir() or (root / "cpu").is_dir():
        return _version_1(root)
    return Limits()


def _version_2(root: Path) -> Limits:
    quota, _, period = (_text(root / "cpu.max") or "max").partition(" ")
    stat = _pairs(root / "cpu.stat")
    memory = _number(root / "memory.max")
    used = _number(root / "memory.current")
    inactive = _pairs(root / "memory.stat").get("inactive_file", 0.0)
    return Limits(
        cpu_count=float(quota) / float(period) if quota != "max" and period else None,
        cpu_used_s=_scaled(stat.get("usage_usec"), 1e-6),
        cpu_throttled_s=_scaled(stat.get("throttled_usec"), 1e-6),
        memory_bytes=memory,
        memory_used_bytes=None if used is None else max(0.0, used - inactive),
    )


def _version_1(root: Path) -> Limits:
    quota, period = _number(root / "cpu" / "cpu.cfs_quota_us"), _number(root / "cpu" / "cpu.cfs_period_us")
    memory = _number(root / "memory" / "memory.limit_in_bytes")
    used = _number(root / "memory" / "memory.usage_in_bytes")
    inactive = _pairs(root / "memory" / "memory.stat").get("total_inactive_file", 0.0)
    return Limits(
        cpu_count=quota / period if quota is not None and quota > 0 and period else None,
        cpu_used_s=_scaled(_number(root / "cpuacct" / "cpuacct.usage"), 1e-9),
        cpu_throttled_s=_scaled(_pairs(root / "cpu" / "cpu.stat").get("throttled_time"), 1e-9),
        memory_bytes=None if memory is None or memory > _UNLIMITED_BYTES else memory,
        memory_used_bytes=None if used is None else max(0.0, used - inactive),
    )


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
