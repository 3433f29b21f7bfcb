"""What a reader remembers from one run of the program to the next: counters, so that a restart costs no interval.

Counters carry readings of the monotonic hand, which starts anew with the machine: after a reboot they are forgotten.
"""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from plimsoll.atomic import write_atomically
from plimsoll.collectors.rates import Remembered

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@runtime_checkable
class KeepsCounters(Protocol):
    """A reader that has something to remember."""

    def memory(self) -> Any:  # noqa: ANN401 - each reader's own, of plain values
        """What it knows now."""
        ...

    def recall(self, memory: Any) -> None:  # noqa: ANN401
        """Takes up what it, or the one before it, knew."""
        ...


def boot_id(path: Path = _BOOT_ID) -> str:
    """Which start of the machine this is; empty where the kernel does not say."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def load(path: Path) -> dict[str, Any]:
    """Memories by the name of their reader; none where there is no file, or one of another shape."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}


def save(path: Path, memories: Mapping[str, Any]) -> None:
    """Replaces the file; it is not synced, for what is lost with it is one interval."""
    write_atomically(path, msgspec.msgpack.encode(memories), durable=False)


def counters(remembered: Sequence[Remembered]) -> dict[str, Any]:
    """Counters as plain values, with the start of the machine to which they belong."""
    return {"boot": boot_id(), "counters": list(remembered)}


def recalled(memory: Any) -> list[Remembered]:  # noqa: ANN401 - it comes from a file
    """Counters that still mean something: of this start of the machine, and of the right shape."""
    boot = boot_id()
    if not isinstance(memory, dict) or not boot or memory.get("boot") != boot:  # pyright: ignore[reportUnknownMemberType]
        return []
    try:
        rows = msgspec.convert(memory["counters"], list[tuple[Any, float, float, Any]], strict=False)
    except (KeyError, msgspec.ValidationError):
        return []
    return [(_tuples(series), at_s, value, _tuples(epoch)) for series, at_s, value, epoch in rows]


def _tuples(value: Any) -> Hashable:  # noqa: ANN401
    """Lists as the tuples that they were."""
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
