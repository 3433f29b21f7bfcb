"""Whether the project is well, as `plimsoll status` says it; looked at once in a while, however often is asked."""

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final

from plimsoll.errors import PlimsollError, shown

_LOOKS_EVERY_S: Final = 15.0


class Health:
    """The problems of a project, at most 15 seconds old; `look` finds them."""

    def __init__(self, look: Callable[[], Sequence[str]]) -> None:
        self._look = look
        self._lock = Lock()
        self._looked_s = float("-inf")
        self._found: Sequence[str] = ()

    def problems(self) -> Sequence[str]:
        """One line each; what cannot be looked at is a problem too."""
        with self._lock:
            if time.monotonic() - self._looked_s >= _LOOKS_EVERY_S:
                try:
                    self._found = tuple(self._look())
                except PlimsollError as error:
                    self._found = (shown(error),)
                self._looked_s = time.monotonic()
            return self._found
