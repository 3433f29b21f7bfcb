"""A snapshot: one state of the lake. Readers never lock, never block, and never see half a compaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.errors import TryAgain
from plimsoll.lake import manifest as manifests
from plimsoll.lake.files import Files
from plimsoll.lake.manifest import Damage, DayFile, Manifest
from plimsoll.lake.segments import Segment, checksum
from plimsoll.lake.soundness import Soundness, overlapping
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files that make up one state of the lake. `soundness` proves them before they are used."""

    root: Path
    manifest: Manifest
    open: Mapping[str, Sequence[Segment]] = field(default_factory=dict[str, Sequence[Segment]])
    soundness: Soundness | None = None

    @property
    def generation(self) -> str:
        """Changes whenever an answer may change: the key of result caches."""
        newest = max((s.order for segments in self.open.values() for s in segments), default=0)
        return f"{self.manifest.generation}-{newest}"

    def days(self, table: Table) -> list[date]:
        """The UTC days that hold rows, oldest first."""
        found = {date.fromisoformat(day) for day in self.manifest.of(table.name)}
        for segment in self.open.get(table.name, ()):
            found.update(_days_between(segment.first, segment.last))
        return sorted(found)

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

        wanted = list(columns) if columns is not None else list(table.names)
        asked = [pl.col("ts") >= start] if start is not None else []
        asked += [pl.col("ts") < end] if end is not None else []
        asked += [pl.col("resource_id").is_in(list(resource_ids))] if resource_ids is not None else []
        frames = [self._settled(table, start, end), *self._unsettled(table, start, end, wanted, asked)]
        rows = pl.concat([frame for frame in frames if frame is not None] or [pl.LazyFrame(schema=table.schema())])
        return (rows.filter(*asked) if asked else rows).select(wanted)

    def day(self, table: Table, day: date, columns: Iterable[str] | None = None) -> "pl.LazyFrame":
        """One UTC day, sorted by the table's order (so that `rle_id` on the keys can stand for a group-by)."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        wanted = list(columns) if columns is not None else list(table.names)
        needed = list(dict.fromkeys((*wanted, *table.sort)))
        rows = self.scan(table, start=start, end=start + timedelta(days=1), columns=needed)
        touched = any(day in _days_between(s.first, s.last) for s in self.open.get(table.name, ()))
        return (rows.sort(table.sort) if touched else rows).select(wanted)

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

    def files(self, table: Table) -> tuple[list[Path], list[Path]]:
        """(day files that are read as they are, files whose rows must be merged by key: the last name wins)."""
        touched = {day.isoformat() for day in self.days_with_open_segments(table)}
        days = {day: f for day, f in self.manifest.of(table.name).items() if self._sound_day(table, f)}
        segments = [s for s in sorted(self.open.get(table.name, ())) if self._sound_segment(table, s)]
        settled = [self._path(table, file.name) for day, file in days.items() if day not in touched]
        merged = [file.name for day, file in days.items() if day in touched] + [s.name for s in segments]
        return settled, [self._path(table, name) for name in merged]

    def derived_file(self, kind: str, partition: str) -> Path | None:
        """The newest sound file of a derived partition; None if it was never made, or is damaged."""
        found = [path for path in (self.root / "derived" / kind).glob("[!.]*.parquet") if _partition(path) == partition]
        for path in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True):
            if checksum(path.read_bytes()) == path.stem.rpartition(".")[2]:
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
        return {day for s in self.open.get(table.name, ()) for day in _days_between(s.first, s.last)}

    def _settled(self, table: Table, start: datetime | None, end: datetime | None) -> "pl.LazyFrame | None":
        """Day files that no open segment touches: read as they are."""
        touched = self.days_with_open_segments(table)
        days = self.manifest.of(table.name).items()
        chosen = [file for day, file in days if date.fromisoformat(day) not in touched and _overlaps(file, start, end)]
        chosen = [file for file in chosen if self._sound_day(table, file)]
        return _scan(table, [self._path(table, file.name) for file in chosen])

    def _unsettled(
        self,
        table: Table,
        start: datetime | None,
        end: datetime | None,
        columns: Sequence[str],
        asked: "Sequence[pl.Expr]",
    ) -> "list[pl.LazyFrame | None]":
        """Open segments and the day files of their days: the last written row of each key wins.

        What is asked for is part of every key, so the filter may come before the merge.
        """
        segments = self.open.get(table.name, ())
        if not segments:
            return []
        touched = {day.isoformat() for day in self.days_with_open_segments(table)}
        files = [f for day, f in self.manifest.of(table.name).items() if day in touched and _overlaps(f, start, end)]
        files = [file for file in files if self._sound_day(table, file)]
        fresh = [s for s in sorted(segments) if _touches(s, start, end)]
        fresh = [segment for segment in fresh if self._sound_segment(table, segment)]
        paths = [self._path(table, name) for name in [f.name for f in files] + [s.name for s in fresh]]
        rows = _scan(table, paths)
        if rows is None:
            return []
        needed = list(dict.fromkeys((*table.key, *columns)))
        rows = rows.filter(*asked) if asked else rows
        whole = rows.select(needed).unique(subset=table.key, keep="last", maintain_order=True)
        return [whole.select(name if name in needed else _null(table, name) for name in table.names)]

    def _sound_day(self, table: Table, file: DayFile) -> bool:
        return self.soundness is None or self.soundness.day(table.name, file)

    def _sound_segment(self, table: Table, segment: Segment) -> bool:
        return self.soundness is None or self.soundness.segment(table.name, segment)

    def _path(self, table: Table, name: str) -> Path:
        return self.root / table.name / name


def take(files: Files, root: Path, soundness: Soundness | None = None) -> Snapshot:
    """A consistent snapshot: manifest first, folders second, and once more if the manifest changed between."""
    for _ in range(_ATTEMPTS):
        manifest = manifests.load(files, root)
        found: dict[str, Sequence[Segment]] = {}
        for table in TABLES:
            gone = manifest.replaced.keys() | manifest.damaged.keys()
            names = (name for name in files.names(root / table) if f"{table}/{name}" not in gone)
            if segments := [s for name in names if (s := Segment.parse(name)) is not None]:
                found[table] = sorted(segments)
        if manifests.load(files, root).generation == manifest.generation:
            return Snapshot(root, manifest, found, soundness)
    raise TryAgain(f"{root.name}: the lake changed {_ATTEMPTS} times while it was read; ask again")


def derived_path(root: Path, kind: str, partition: str, crc32: str) -> Path:
    """Where a derived partition is kept; all names come from the program, never from data."""
    return root / "derived" / kind / f"{partition}.{crc32}.parquet"


def _partition(path: Path) -> str:
    return path.stem.rpartition(".")[0]


def _null(table: Table, name: str) -> "pl.Expr":
    import polars as pl

    return pl.lit(None, table.schema()[name]).alias(name)


def _scan(table: Table, paths: Sequence[Path]) -> "pl.LazyFrame | None":
    import polars as pl

    if not paths:
        return None
    return pl.scan_parquet(
        list(paths), schema=table.schema(), missing_columns="insert", extra_columns="ignore", glob=False
    )


def _days_between(first: datetime, last: datetime) -> list[date]:
    return [first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)]


def _touches(segment: Segment, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or segment.last >= start) and (end is None or segment.first < end)


def _overlaps(file: DayFile, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or file.last_ms >= start.timestamp() * 1000) and (
        end is None or file.first_ms < end.timestamp() * 1000
    )
