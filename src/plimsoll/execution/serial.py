"""One item after the other, in this process."""

from collections.abc import Iterable, Iterator

from plimsoll.errors import PlimsollError
from plimsoll.execution.contract import Failed, Item, Work


class Serial:
    """No process, no pickle, no surprise."""

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it."""
        for item in items:
            try:
                yield item, fn(*item)
            except (PlimsollError, OSError, ValueError, MemoryError) as error:
                yield item, Failed(f"{type(error).__name__}: {error}")
