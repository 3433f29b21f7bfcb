"""How often each of many asks in a minute."""

import time
from collections import OrderedDict
from typing import Final

_MOST_CLIENTS: Final = 10_000


class Minutes:
    """How often each of many asked in this minute; the oldest are forgotten, so that names cannot fill the memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def more(self, who: str) -> bool:
        """Counts one, and says whether it is still allowed."""
        minute = int(time.monotonic() // 60)
        before, count = self._counts.get(who, (minute, 0))
        count = count + 1 if before == minute else 1
        self._counts[who] = (minute, count)
        self._counts.move_to_end(who)
        while len(self._counts) > _MOST_CLIENTS:
            self._counts.popitem(last=False)
        return count <= self._most
