"""Which messages were accepted for delivery, in a file beside the ledger: a ledger that is restored knows less."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from plimsoll.atomic import write_atomically
from plimsoll.clock import rfc3339

FILE: Final = "sent.txt"
_MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class SentLog:
    """One line a message, its id after the instant; beyond a megabyte the older half is dropped."""

    path: Path

    def ids(self) -> frozenset[str]:
        """The ids of the messages; of a line that is torn nothing is known."""
        return frozenset(line.partition(" ")[2] for line in self._lines())

    def add(self, identity: str, at: datetime) -> None:
        """Notes a message that was accepted; an OSError where the disk refuses."""
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, how, 0o600)
        try:
            os.write(descriptor, f"{rfc3339(at)} {identity}\n".encode())
            os.fsync(descriptor)
            large = os.fstat(descriptor).st_size > _MOST_BYTES
        finally:
            os.close(descriptor)
        if large:
            lines = self._lines()
            write_atomically(self.path, "".join(f"{line}\n" for line in lines[len(lines) // 2 :]).encode())

    def _lines(self) -> list[str]:
        with suppress(OSError):
            whole, _, _torn = self.path.read_bytes().decode("utf-8", "replace").rpartition("\n")
            return whole.split("\n") if whole else []
        return []
