"""Lakes of more than one machine: what is appended waits in the spool; what is read comes from the shared store."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from plimsoll.errors import LakeError, UsageError
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.lake import Lake
from plimsoll.lake.maintain import compaction
from plimsoll.lake.maintain.compaction import Compaction
from plimsoll.lake.maintain.delta_log import PublishedTable
from plimsoll.lake.read.snapshot import Snapshot, open_snapshot
from plimsoll.lake.settings import SharedPlace
from plimsoll.lake.shared.files import SharedFiles
from plimsoll.lake.shared.spool import Spool
from plimsoll.lake.shared.validation import glance
from plimsoll.lake.stores import Store, WriteConflict
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

_ATTEMPTS: Final = 5
_REFUSED: Final = "refused"
_MIRRORED: Final = "mirrored"
_QUICK_S: Final = 60.0


class SpoolingLake(Lake):
    """A lake whose appends never wait for a network."""

    def __init__(self, root: Path, spool: Spool, *, files: SharedFiles | None = None) -> None:
        super().__init__(root, files=files)
        self.spool = spool

    def append(self, table: Table, rows: "Iterable[Mapping[str, object]] | pl.DataFrame", *, collector: str) -> str:
        """Keeps rows in the spool: they survive a kill and a power cut there, and are shipped from there."""
        del collector  # a shipped segment is called by its host
        return self.spool.append(table, rows)

    def accept(self, table: Table, segment: Segment, data: bytes) -> bool:
        """Keeps another host's segment in the spool: this machine is a relay then."""
        return self.spool.accept(table, segment, data)


class SharedLake(SpoolingLake):
    """The lake in a store. `root` is a cache of at most `cache_bytes`, but for what was used in the last half hour."""

    def __init__(self, root: Path, store: Store, spool: Spool, *, cache_bytes: int) -> None:
        self.store, self.cache_bytes = store, cache_bytes
        self._door = SharedFiles(root, store)
        super().__init__(root, spool, files=self._door)

    def snapshot(self, *, proven: bool = True, unsound: Sequence[str] | None = None) -> Snapshot:
        """One state of the shared lake; its files are fetched when they are first used.

        What was derived is looked for each time, but for a quick look (not `proven`) once a minute.
        """
        marker, now_s = self.root / _MIRRORED, time.time()
        if proven or not marker.exists() or not 0 <= now_s - marker.stat().st_mtime < _QUICK_S:
            self._door.mirror()
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            marker.touch()
            trim(self.root, self.cache_bytes, now_s=now_s)
        return super().snapshot(proven=proven, unsound=unsound)

    def refused(self) -> list[str]:
        """Segments of hosts that were set aside in the store, by table/name."""
        tables = self.store.folders(_REFUSED)
        found = [f"{table}/{entry.name}" for table in tables for entry in self.store.names(f"{_REFUSED}/{table}")]
        return [key for key in found if not key.endswith(".json")]

    def _refuse_strange(self) -> None:
        """Sets aside what would stop compaction for everybody; the one host's rows wait there, with the reason."""
        for table, segments in open_snapshot(self._door, self.root).open.items():
            for segment in segments:
                path, key = self.root / table / segment.name, f"{table}/{segment.name}"
                try:
                    data = self._door.read(path)
                except OSError:
                    continue  # damaged: compaction tells, and leaves it out
                try:
                    glance(TABLES[table], segment, data)
                except LakeError as error:
                    self.store.put(f"{_REFUSED}/{key}", data)
                    self.store.put(f"{_REFUSED}/{key}.json", msgspec.json.encode({"reason": str(error)}))
                    self.store.delete([key])
                    path.unlink(missing_ok=True)

    def compact(self, *, now: datetime, grace_s: float = compaction.GRACE_S) -> Compaction:
        """Compacts; where another compactor published first, once more upon what that one made of it."""
        for attempt in range(_ATTEMPTS):
            try:
                self._refuse_strange()
                done = super().compact(now=now, grace_s=grace_s)
                break
            except WriteConflict:
                if attempt == _ATTEMPTS - 1:
                    raise
        else:
            raise AssertionError
        self._door.sweep(now.timestamp())
        trim(self.root, self.cache_bytes, now_s=time.time())
        return done


class CollectorLake(SpoolingLake):
    """The lake of a host that only collects: it is elsewhere."""

    def __init__(self, root: Path, spool: Spool, to: str) -> None:
        super().__init__(root, spool)
        self.to = to

    def snapshot(self, *, proven: bool = True, unsound: Sequence[str] | None = None) -> Snapshot:
        """Refused: there is nothing to read here."""
        del proven, unsound
        raise self._elsewhere("nothing can be analyzed or reported here")

    def compact(self, *, now: datetime, grace_s: float = compaction.GRACE_S) -> Compaction:
        """Refused: the owner does it."""
        del now, grace_s
        raise self._elsewhere("nothing is compacted here")

    def publish_catalog(self, place: SharedPlace, *, now: datetime) -> list[PublishedTable]:
        """Refused: there is nothing to publish."""
        del place, now
        raise self._elsewhere("no catalog is published here")

    def append_missing(self, table: Table, rows: "pl.DataFrame", *, collector: str) -> tuple[int, int]:
        """Appends all rows: which of them the lake has is only known where it is, and there each key counts once."""
        self.append(table, rows, collector=collector)
        return rows.height, 0

    def _elsewhere(self, what: str) -> UsageError:
        return UsageError(f"this host only collects and ships to {self.to}: {what}; ask where the lake is kept")


def trim(root: Path, most_bytes: int, *, now_s: float) -> int:
    """Deletes fetched files until the cache is small enough, those unused for longest first; gives how many.

    What was used within the longest time that a reader takes stays: somebody may be reading it.
    """
    found: list[tuple[float, int, Path]] = []
    for table in TABLES:
        for path in (root / table).glob("[!.]*.*"):
            with suppress(FileNotFoundError):
                known = path.stat()
                found.append((max(known.st_atime, known.st_mtime), known.st_size, path))
    total, gone = sum(size for _, size, _ in found), 0
    for used_s, size, path in sorted(found):
        if total <= most_bytes or used_s > now_s - compaction.GRACE_S:
            break
        path.unlink(missing_ok=True)
        total, gone = total - size, gone + 1
    return gone
