"""A snapshot: one state of the lake. Readers never lock, never block, and never see half a compaction."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.clock import EPOCH
from plimsoll.errors import TemporaryError
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.manifest import Damage, DayFile, Manifest
from plimsoll.lake.format.segments import Segment, as_written, checksum
from plimsoll.lake.read.integrity import Soundness, overlapping
from plimsoll.lake.read.merging import Chosen, Days, Window, columns_in, rows_of
from plimsoll.lake.read.segment_cache import Group, SegmentCache, decoded
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

_ATTEMPTS = 5
_DAY_MS = 86_400_000
WHOLE_ROWS, BLOCK_ROWS = 1_000_000, 500_000
"""A day of so many rows is worked on at once; a larger one in blocks of so many."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files that make up one state of the lake. `soundness` proves them before they are used."""

    root: Path
    manifest: Manifest
    open: Mapping[str, Sequence[Segment]] = field(default_factory=dict[str, Sequence[Segment]])
    soundness: Soundness | None = None
    shorts: SegmentCache = field(default_factory=SegmentCache)

    @property
    def generation(self) -> str:
        """Changes whenever an answer may change: the key of result caches."""
        names = "".join(f"{table}/{s.name}" for table, segments in self.open.items() for s in segments)
        return f"{self.manifest.generation}-{checksum(names.encode())}"

    def days(self, table: Table) -> list[date]:
        """The UTC days that hold rows, oldest first."""
        found = {date.fromisoformat(day) for day in self.manifest.of(table.name)}
        return sorted(found | self.days_with_open_segments(table))

    def span(self, table: Table) -> tuple[datetime, datetime] | None:
        """The instants of the first and the last row, by the files' own word: none is opened. None where there is none.

        Rows that stand in a damaged file count, too.
        """
        spans = [(file.first_ms, file.last_ms) for file in self.manifest.of(table.name).values()]
        spans += [(segment.first_ms, segment.last_ms) for segment in self.open.get(table.name, ())]
        if not spans:
            return None
        first, last = min(first for first, _ in spans), max(last for _, last in spans)
        return EPOCH + timedelta(milliseconds=first), EPOCH + timedelta(milliseconds=last)

    def scan(
        self,
        table: Table,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Iterable[str] | None = None,
        resource_ids: Sequence[str] | None = None,
    ) -> "pl.LazyFrame":
        """The rows of [start, end), each key once (the last written), in no promised order.

        Only files whose time span touches the window are opened, only the columns asked for are decoded.
        """
        import polars as pl

        of = [_any_of(pl.col("resource_id"), resource_ids)] if resource_ids is not None else []
        return self._rows(table, Window.of(start, end), of, columns)

    def day(
        self, table: Table, day: date, columns: Iterable[str] | None = None, *, of: "Sequence[pl.Expr]" = ()
    ) -> "pl.LazyFrame":
        """One UTC day, sorted by the table's order (so that `rle_id` on the keys can stand for a group-by).

        `of` asks for keys only.
        """
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        wanted = list(columns) if columns is not None else list(table.names)
        needed = list(dict.fromkeys((*wanted, *table.sort)))
        rows = self._rows(table, Window.of(start, start + timedelta(days=1)), of, needed)
        touched = day in self.days_with_open_segments(table)
        return (rows.sort(table.sort) if touched else rows).select(wanted)

    def blocks(self, table: Table, day: date, columns: Iterable[str] | None = None) -> "Iterator[pl.DataFrame]":
        """The rows of `day` in their order, so many at a time that a large fleet needs no more memory than a small one.

        A block holds whole values of the first sort key; a day of up to a million rows is one block. Columns that no
        file of the day has are left out: most of a wide table.
        """
        import polars as pl

        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        files = self._chosen(table, Window.of(start, start + timedelta(days=1)))
        # the keys also where no file is sound: no rows of a table still are rows of that table
        there = columns_in(files) | {column.name for column in table.columns if column.required}
        wanted = [name for name in (table.names if columns is None else columns) if name in there]
        for low, high in self._ranges(table, day):
            key = pl.col(table.sort[0])
            of = [] if low is None or high is None else [key >= low, key <= high]
            yield self.day(table, day, wanted, of=of).collect()

    def columns(self, table: Table, *, start: datetime | None = None, end: datetime | None = None) -> set[str]:
        """The columns that the files of [start, end) have; those without any value are in none of them."""
        return columns_in(self._chosen(table, Window.of(start, end)))

    def prove(self, table: Table, *, start: datetime | None = None, end: datetime | None = None) -> None:
        """Looks at the files that a scan of [start, end) would use, now."""
        self.scan(table, start=start, end=end)

    @property
    def unsound(self) -> list[str]:
        """What was found to be damaged until now, by table/name."""
        return sorted(self.soundness.found) if self.soundness else []

    def damage(self, start: datetime, end: datetime) -> dict[str, Damage]:
        """Files of [start, end) that could not be used, by table/name: what is missing from every answer about it.

        Tells of what was set aside before, and of what the scans of this snapshot have found until now.
        """
        found: Mapping[str, Damage] = self.soundness.found if self.soundness else {}
        return overlapping(self.manifest, found, round(start.timestamp() * 1000), round(end.timestamp() * 1000) - 1)

    def files(self, table: Table) -> Chosen:
        """Every sound file of a table."""
        return self._chosen(table, Window.of(None, None))

    def derived_file(self, kind: str, partition: str) -> Path | None:
        """The newest sound file of a derived partition; None if it was never made, or is damaged."""
        found = [path for path in (self.root / "derived" / kind).glob("[!.]*.parquet") if _partition(path) == partition]
        for path in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True):
            about = path.stat()
            if _is_sound(path, about.st_mtime_ns, about.st_size):
                return path
        return None

    def derived(self, kind: str, partition: str) -> "pl.DataFrame | None":
        """A derived partition; None if it was never made, or is damaged: it can be made again."""
        import polars as pl

        path = self.derived_file(kind, partition)
        return None if path is None else pl.read_parquet(path, glob=False)

    def partitions(self, kind: str) -> list[str]:
        """The derived partitions of a kind, in order of their names."""
        return sorted({_partition(path) for path in (self.root / "derived" / kind).glob("[!.]*.parquet")})

    def days_with_open_segments(self, table: Table) -> set[date]:
        """Days that the next compaction will write anew."""
        return _days_of(self.open.get(table.name, ()))

    def _rows(
        self, table: Table, window: Window, of: "Sequence[pl.Expr]", columns: Iterable[str] | None
    ) -> "pl.LazyFrame":
        wanted = list(columns) if columns is not None else list(table.names)
        return rows_of(table, self._chosen(table, window), window, of, wanted)

    def _ranges(self, table: Table, day: date) -> list[tuple[str | None, str | None]]:
        """The first and last key of each block; (None, None): the whole day is one.

        By what the day holds, not by how it is spread over files: the same rows are the same blocks.
        """
        import polars as pl

        file = self.manifest.of(table.name).get(day.isoformat())
        touching = [s for s in self.open.get(table.name, ()) if day in _days_of([s])]
        most = sum(s.rows if s.rows is not None else WHOLE_ROWS + 1 for s in touching) + (file.rows if file else 0)
        if most <= WHOLE_ROWS:
            return [(None, None)]
        key = table.sort[0]
        counted = self.day(table, day, [key]).group_by(key).agg(pl.len()).sort(key).collect()
        if counted["len"].sum() <= WHOLE_ROWS:
            return [(None, None)]
        return _cut(counted[key].to_list(), counted["len"].to_list())

    def _chosen(self, table: Table, window: Window) -> Chosen:
        """The sound files that may have rows of a window; nothing is opened but for its proof."""
        touching = [s for s in self.open.get(table.name, ()) if window.touches(s.first_ms, s.last_ms)]
        folder, settled, beneath = self.root / table.name, Days(), Days()
        short = self._groups(table, [segment for segment in touching if segment.short])
        long = [(s, folder / s.name) for s in touching if not s.short and self._sound_segment(table, s)]
        chosen = Chosen(settled, beneath, short, long, touching)
        spans = [(segment.first_ms, segment.last_ms) for segment in chosen.fresh]
        for file in self.manifest.of(table.name).values():
            if window.touches(file.first_ms, file.last_ms) and self._sound_day(table, file):
                over = any(first <= file.last_ms and last >= file.first_ms for first, last in spans)
                days = beneath if over else settled
                place = days.inside if window.holds(file.first_ms, file.last_ms) else days.across
                place.append(folder / file.name)
        return chosen

    def _groups(self, table: Table, segments: Sequence[Segment]) -> list[Group]:
        if not segments:
            return []
        if self.soundness is not None:
            return self.shorts.groups(table.name, segments, self.soundness)
        # a caller that deletes what it has read must not skip anything: an unreadable file ends it
        return decoded([(s, (self.root / table.name / s.name).read_bytes()) for s in segments])

    def _sound_day(self, table: Table, file: DayFile) -> bool:
        return self.soundness is None or self.soundness.day(table.name, file)

    def _sound_segment(self, table: Table, segment: Segment) -> bool:
        return self.soundness is None or self.soundness.segment(table.name, segment)


def _cut(keys: Sequence[str], rows: Sequence[int]) -> list[tuple[str | None, str | None]]:
    """Ranges of keys with at most `BLOCK_ROWS` rows each, or one key that has more."""
    found: list[tuple[str | None, str | None]] = []
    first, in_block = keys[0], 0
    for before, key, count in zip((keys[0], *keys), keys, rows, strict=False):
        if in_block and in_block + count > BLOCK_ROWS:
            found.append((first, before))
            first, in_block = key, 0
        in_block += count
    return [*found, (first, keys[-1])]


def open_snapshot(
    files: Files, root: Path, soundness: Soundness | None = None, *, shorts: SegmentCache | None = None
) -> Snapshot:
    """A consistent snapshot: manifest first, folders second, and once more if the manifest changed between."""
    for _ in range(_ATTEMPTS):
        manifest = manifests.load(files, root)
        found: dict[str, Sequence[Segment]] = {}
        for table in TABLES:
            gone = manifest.replaced.keys() | manifest.damaged.keys()
            names = (name for name in files.names(root / table) if f"{table}/{name}" not in gone)
            if segments := [s for name in names if (s := Segment.parse(name)) is not None]:
                found[table] = as_written(segments, now_ns=time.time_ns())
        if manifests.load(files, root).generation == manifest.generation:
            return Snapshot(root, manifest, found, soundness, shorts or SegmentCache())
    raise TemporaryError(f"{root.name}: the lake changed {_ATTEMPTS} times while it was read; ask again")


@lru_cache(maxsize=4096)
def _is_sound(path: Path, _touched_ns: int, _bytes: int) -> bool:
    """Whether a derived file has the checksum in its name: read once a process, and again when it was touched."""
    return checksum(path.read_bytes()) == path.stem.rpartition(".")[2]


def derived_path(root: Path, kind: str, partition: str, crc32: str) -> Path:
    """Where a derived partition is kept; all names come from the program, never from data."""
    return root / "derived" / kind / f"{partition}.{crc32}.parquet"


def _partition(path: Path) -> str:
    return path.stem.rpartition(".")[0]


def _days_of(segments: Iterable[Segment]) -> set[date]:
    """The UTC days that segments span."""
    spans = {(segment.first_ms // _DAY_MS, segment.last_ms // _DAY_MS) for segment in segments}
    return {EPOCH.date() + timedelta(days=day) for first, last in spans for day in range(first, last + 1)}


def _any_of(column: "pl.Expr", values: Sequence[str]) -> "pl.Expr":
    """One value is compared, which the statistics of pages can answer; several are looked up."""
    return column == values[0] if len(values) == 1 else column.is_in(list(values))
