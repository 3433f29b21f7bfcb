"""The rows of a window: of each key the one that was written last, open segments over the day files beneath them.

A day file has each key once, so its rows need not be compared with one another: they only give way to fresh ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from plimsoll.clock import EPOCH
from plimsoll.errors import LakeError
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.read.segment_cache import Group
from plimsoll.tables import Table

if TYPE_CHECKING:
    import polars as pl

ORDER: Final = "_order"
"""Beside the columns of a segment's row: the place of its segment in the order of writing, from 1."""


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end), also in ms since the epoch; None: without that bound."""

    start: datetime | None
    end: datetime | None
    start_ms: float | None
    end_ms: float | None

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None) -> Self:
        """From instants."""
        ms = [None if at is None else (at - EPOCH) / timedelta(milliseconds=1) for at in (start, end)]
        return cls(start, end, *ms)

    def asked(self) -> "list[pl.Expr]":
        """What the stamps of rows must fulfil where a file reaches beyond the window."""
        import polars as pl

        after = [pl.col("ts") >= self.start] if self.start is not None else []
        return after + ([pl.col("ts") < self.end] if self.end is not None else [])

    def touches(self, first_ms: int, last_ms: int) -> bool:
        """Whether any of [first, last] may lie in it."""
        return (self.start_ms is None or last_ms >= self.start_ms) and (self.end_ms is None or first_ms < self.end_ms)

    def holds(self, first_ms: int, last_ms: int) -> bool:
        """Whether all of [first, last] lies in it."""
        return (self.start_ms is None or first_ms >= self.start_ms) and (self.end_ms is None or last_ms < self.end_ms)


@dataclass(frozen=True, slots=True)
class Days:
    """Day files: those that lie inside a window, and those that reach across its ends."""

    inside: list[Path] = field(default_factory=list[Path])
    across: list[Path] = field(default_factory=list[Path])


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files of a window: days as they are, days beneath open segments, and those in the order of writing.

    Short segments come with what they hold, long ones with where they lie. `written` are all open segments, the one
    that was written last at the end: their places decide, not the numbers in their names, which a stranger may choose.
    """

    settled: Days
    beneath: Days
    short: Sequence[Group]
    long: Sequence[tuple[Segment, Path]]
    written: Sequence[Segment]

    @property
    def places(self) -> Mapping[Segment, int]:
        """The place of each open segment, from 1."""
        return {segment: place for place, segment in enumerate(self.written, 1)}

    @property
    def fresh(self) -> list[Segment]:
        """All open segments."""
        return [
            *(segment for segments, _ in self.short for segment in segments),
            *(segment for segment, _ in self.long),
        ]


def rows_of(
    table: Table, files: Chosen, window: Window, of: "Sequence[pl.Expr]", columns: Sequence[str]
) -> "pl.LazyFrame":
    """The rows of these files that lie in a window and fulfil `of`, which asks for keys only; each key once."""
    import polars as pl

    parts = _day_rows(table, files.settled, window, of, columns)
    if files.fresh:
        needed = list(dict.fromkeys((*table.key, *columns)))
        inside = all(window.holds(segment.first_ms, segment.last_ms) for segment in files.fresh)
        fresh = _newest(table, files, of if inside else [*of, *window.asked()], needed)
        day_rows = _day_rows(table, files.beneath, window, of, needed)
        gone = fresh.select(table.key)
        parts += [rows.join(gone, on=table.key, how="anti").select(columns) for rows in day_rows]
        parts.append(fresh.select(columns))
    return pl.concat(parts or [pl.LazyFrame(schema=table.schema()).select(columns)])


def columns_in(files: Chosen) -> set[str]:
    """The columns that any of these files has."""
    days = [path for days in (files.settled, files.beneath) for path in (*days.inside, *days.across)]
    found: set[str] = set()
    if paths := [*days, *(path for _, path in files.long)]:
        import polars as pl

        found = {name for path in paths for name in pl.read_parquet_schema(path)}
    return found | {name for _, rows in files.short for name in rows.columns}


def short_rows(files: Chosen) -> "list[pl.DataFrame]":
    """The rows of the short segments, a frame for each set of columns, with the order of their writing in `ORDER`."""
    places = files.places
    return [rows.with_columns(_orders(segments, rows.height, places)) for segments, rows in files.short]


def _day_rows(
    table: Table, days: Days, window: Window, of: "Sequence[pl.Expr]", columns: Sequence[str]
) -> "list[pl.LazyFrame]":
    """A day that lies inside the window need not be asked for each of its stamps."""
    parts = [_scan(table, days.inside, of, columns)] if days.inside else []
    parts += [_scan(table, days.across, [*of, *window.asked()], columns)] if days.across else []
    return parts


def _newest(table: Table, files: Chosen, asked: "Sequence[pl.Expr]", needed: Sequence[str]) -> "pl.LazyFrame":
    """Of each key of the open segments the row that was written last; short ones are read at once."""
    import polars as pl

    short, long = files.short, files.long
    if len(short) == 1 and not long:
        once = _fulfilling(short[0][1], asked).unique(subset=table.key, keep="last", maintain_order=True)
        return _with(table, once, needed)
    frames = [_with(table, _fulfilling(rows, asked), [*needed, ORDER]) for rows in short_rows(files)]
    places = files.places
    for segment, path in long:
        rows = _scan(table, [path], asked, needed)
        frames.append(rows.with_columns(pl.lit(places[segment], pl.Int64).alias(ORDER)))
    newest = _last(pl.concat(frames).sort(ORDER, maintain_order=True), table).drop(ORDER)
    return newest if long else newest.collect(engine="in-memory").lazy()


def _last(rows: "pl.LazyFrame", table: Table) -> "pl.LazyFrame":
    return rows.unique(subset=table.key, keep="last", maintain_order=True)


def _fulfilling(rows: "pl.DataFrame", asked: "Sequence[pl.Expr]") -> "pl.DataFrame":
    """By their places: a filter would go through every chunk of every column, and there is a chunk for each segment."""
    import polars as pl

    if asked:
        rows = rows[rows.select(pl.all_horizontal(*asked).arg_true()).to_series()]
    return rows.rechunk()


def _with(table: Table, rows: "pl.DataFrame", needed: Sequence[str]) -> "pl.LazyFrame":
    """These columns; those that the rows lack are null."""
    import polars as pl

    there = set(rows.columns)
    if there.issuperset(needed):
        return rows.lazy().select(needed)
    schema = table.schema()
    return rows.lazy().select(
        pl.col(name) if name in there else pl.lit(None, schema[name]).alias(name) for name in needed
    )


def _scan(table: Table, paths: Sequence[Path], asked: "Sequence[pl.Expr]", columns: Sequence[str]) -> "pl.LazyFrame":
    """The rows of Parquet files of a table; columns that a file lacks are null."""
    import polars as pl

    rows = pl.scan_parquet(
        list(paths), schema=table.schema(), missing_columns="insert", extra_columns="ignore", glob=False
    )
    return (rows.filter(*asked) if asked else rows).select(columns)


def _orders(segments: Sequence[Segment], height: int, places: Mapping[Segment, int]) -> "pl.Series":
    """For each row of these segments, one after the other, the place of its segment."""
    import numpy as np
    import polars as pl

    rows = [segment.rows or 0 for segment in segments]
    if sum(rows) != height:
        raise LakeError(f"open segments hold {height} rows, their names tell {sum(rows)}; see: plimsoll verify")
    return pl.Series(ORDER, np.repeat([places[segment] for segment in segments], rows), pl.Int64)
