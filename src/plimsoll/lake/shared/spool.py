"""The spool: acknowledged segments of this host that wait to be shipped. Collecting only ever needs this folder.

What waits is bundled before it goes: one segment a table and UTC day instead of one a reading. A crash between shipping
and forgetting ships rows a second time; their keys are the same, so the lake has them once.
"""

import io
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from plimsoll.errors import DiskError
from plimsoll.lake.format.encoding import PARQUET, SHORT_ROWS, STREAM, streaming
from plimsoll.lake.format.files import Files, publish, remove, settle
from plimsoll.lake.format.segments import Segment, as_written, checksum, describe
from plimsoll.lake.lake import Lake
from plimsoll.lake.read.merging import Chosen, Days, Window, rows_of
from plimsoll.lake.read.segment_cache import decoded
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

ASIDE: Final = "refused"
MOST_ROWS: Final = 100_000
"""Rows of one shipped segment."""
_BUNDLE_BYTES: Final = 8 * 1024**2
_OTHERS: Final = re.compile(r"[^a-z0-9_.]")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not been shipped yet; `oldest_s` is when it was written, in seconds since the epoch (None: nothing)."""

    segments: int
    bytes: int
    oldest_s: float | None
    refused: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """Segments to be shipped in place of `inputs`, which are forgotten when all of them have arrived."""

    table: str
    parts: Sequence[tuple[Segment, bytes]]
    inputs: Sequence[Segment]


class Spool:
    """A folder that only holds segments, up to so many bytes; whose they are is in their names."""

    def __init__(self, root: Path, *, host: str, most_bytes: int, files: Files | None = None) -> None:
        self.root, self.host, self.most_bytes = root, host, most_bytes
        self._files = files or Files()
        self._lake = Lake(root, files=self._files)

    def append(self, table: Table, rows: "Iterable[Mapping[str, object]] | pl.DataFrame") -> str:
        """Keeps rows until they are shipped; a full spool refuses like a full disk, the caller keeps the rows."""
        self.make_sure()
        return self._lake.append(table, rows, collector=self.host)

    def accept(self, table: Table, segment: Segment, data: bytes) -> bool:
        """Keeps a segment of another host that was checked; False where the same rows wait already."""
        self.make_sure()
        return self._lake.accept(table, segment, data)

    def make_sure(self) -> None:
        """Refuses more than is allowed to wait."""
        if (waiting_bytes := self.waiting().bytes) >= self.most_bytes:
            raise DiskError(
                f"{self.root}: {waiting_bytes // 1_000_000} MB wait to be shipped, [ship] spool_mb allows "
                f"{self.most_bytes // 1_000_000}; nothing was acknowledged; see: plimsoll status"
            )

    def waiting(self) -> Waiting:
        """Looks at names and sizes only."""
        found = [(self.root / table / s.name, s) for table in TABLES for s in self._segments(table)]
        size = 0
        for path, _ in found:
            if path.exists():  # it may just have been shipped
                size += path.stat().st_size
        refused = sum(not name.endswith(".json") for t in TABLES for name in self._files.names(self.root / ASIDE / t))
        oldest = min((segment.order for _, segment in found), default=None)
        return Waiting(len(found), size, None if oldest is None else oldest / 1e9, refused)

    def bundles(self) -> Iterator[Bundle]:
        """What waits, the oldest first, the inventory before the readings; damaged segments are set aside."""
        for name in ("resources", "samples", "collections"):
            group: list[Segment] = []
            size = 0
            for segment in self._segments(name):
                data = self._sound(name, segment)
                if data is None:
                    continue
                if group and size + len(data) > _BUNDLE_BYTES:
                    yield self._bundle(TABLES[name], group)
                    group, size = [], 0
                group.append(segment)
                size += len(data)
            if group:
                yield self._bundle(TABLES[name], group)

    def forget(self, table: str, inputs: Sequence[Segment]) -> None:
        """What has arrived need not wait any longer."""
        remove(self._files, (self.root / table / segment.name for segment in inputs))
        settle(self._files, [self.root / table])

    def set_aside(self, table: str, segment: Segment, data: bytes, reason: str) -> None:
        """Sets a refused segment aside with the reason; it is never deleted, and `plimsoll status` counts it."""
        target = self.root / ASIDE / table / segment.name
        publish(self._files, target.with_name(f"{target.name}.json"), msgspec.json.encode({"reason": reason}))
        publish(self._files, target, data)

    def _segments(self, table: str) -> list[Segment]:
        names = self._files.names(self.root / table)
        return as_written((s for name in names if (s := Segment.parse(name)) is not None), now_ns=time.time_ns())

    def _sound(self, table: str, segment: Segment) -> bytes | None:
        path = self.root / table / segment.name
        data = self._files.read(path)
        if checksum(data) == segment.crc32:
            return data
        self.set_aside(table, segment, data, "the bytes have changed since they were written")
        self.forget(table, [segment])
        return None

    def _bundle(self, table: Table, inputs: Sequence[Segment]) -> Bundle:
        import polars as pl

        short = decoded([(s, self._files.read(self._path(table, s))) for s in inputs if s.short])
        long = [(s, self._path(table, s)) for s in inputs if not s.short]
        rows = rows_of(table, Chosen(Days(), Days(), short, long, inputs), Window.of(None, None), [], table.names)
        frame = rows.sort(table.sort).collect()
        parts: list[tuple[Segment, bytes]] = []
        for _, day in sorted(frame.group_by(pl.col("ts").dt.date(), maintain_order=True), key=lambda part: part[0]):
            for piece, data, form in pieces(table.check(day, complete=False)):
                parts.append((describe(piece, data, form, order=inputs[-1].order, collector=self.host), data))
        return Bundle(table.name, parts, inputs)

    def _path(self, table: Table, segment: Segment) -> Path:
        return self.root / table.name / segment.name


def pieces(frame: "pl.DataFrame") -> "Iterator[tuple[pl.DataFrame, bytes, str]]":
    """Halves, until none has too many rows or bytes for one segment; small rather than cheap: they travel."""
    form = STREAM if frame.height <= SHORT_ROWS else PARQUET
    data = streaming(frame, "zstd") if form == STREAM else _columns(frame)
    if frame.height <= MOST_ROWS and len(data) <= _BUNDLE_BYTES:
        yield frame, data, form
        return
    half = frame.height // 2
    yield from pieces(frame[:half])
    yield from pieces(frame[half:])


def _columns(frame: "pl.DataFrame") -> bytes:
    sink = io.BytesIO()
    frame.write_parquet(sink, compression="zstd", statistics=False)
    return sink.getvalue()


def host_slug(name: str) -> str:
    """A host's name as segments carry it.

    >>> host_slug("GPU-01.example.org")
    'gpu_01.example.org'
    """
    return _OTHERS.sub("_", name.casefold())[:64] or "host"
