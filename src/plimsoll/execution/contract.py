"""The contract: pure functions of a place and plain parameters, that give bytes (Arrow IPC), in the items' order.

A function is a module-level one, imports what it needs inside, and reads what it works on from `uri` itself: an item is
small, whatever it stands for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, TypeAlias

Work: TypeAlias = Callable[[str, Mapping[str, Any]], bytes]
Item: TypeAlias = tuple[str, Mapping[str, Any]]
ATTEMPTS: Final = 3
"""How often an item is begun whose worker dies; an item that raises is done: it would raise again."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What became of an item that gave no bytes."""

    reason: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """The kind and the first line of what was raised: a plan or a trace of another machine is not a message."""
        return cls(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


class Executor(Protocol):
    """Runs one function over many items."""

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it, in the order of the items, as soon as it and all before it are there."""
        ...
