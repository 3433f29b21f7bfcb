"""One item after the other, in this process."""

from collections.abc import Iterable, Iterator

from plimsoll.execution.contract import Failed, Item, Work
from plimsoll.execution.task import attempt


class Serial:
    """No process, no pickle, no surprise."""

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it."""
        for item in items:
            yield item, attempt(fn, *item)
