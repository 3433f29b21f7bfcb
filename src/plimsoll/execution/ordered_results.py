"""What was handed out to the workers of a cluster, given back in the items' order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from plimsoll.execution.contract import Failed, Item

Handle = TypeVar("Handle")


def in_order(
    handed: Iterable[tuple[Item, Handle]], result: Callable[[Handle], bytes | Failed]
) -> Iterator[tuple[Item, bytes | Failed]]:
    """Each item with what `result` waits for. A handle is let go with its item: the cluster may forget the bytes."""
    waiting = deque(handed)
    while waiting:
        item, handle = waiting.popleft()
        try:
            came = result(handle)
        except Exception as error:  # noqa: BLE001 - workers lost again and again, or what it gave cannot travel
            came = Failed.of(error)
        del handle
        yield item, came
