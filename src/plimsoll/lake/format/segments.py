"""A segment: one acknowledged append, an immutable file whose name tells what is in it.

`s-<order>-<collector>-<first ms>-<last ms>-<rows>-<crc32>.<format>`: the order of writing (last write wins), who wrote
it, the time span (a reader skips what it does not need without opening it), how many rows, the checksum of the bytes,
and their format. Names of before 2026-12 tell no rows.
"""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from plimsoll.clock import EPOCH
from plimsoll.errors import LakeError, shown
from plimsoll.lake.format.encoding import STREAM
from plimsoll.tables import Table

if TYPE_CHECKING:
    import polars as pl

NAME_PATTERN: Final = r"s-(\d{20})-([a-z0-9_.]{1,64})-(\d{13})-(\d{13})-(?:(\d{1,10})-)?([0-9a-f]{8})\.(arrows|parquet)"
_NAME = re.compile(NAME_PATTERN, re.ASCII)
_COLLECTOR = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)
_SIGNIFICANT_DIGITS = 4
_AHEAD_NS: Final = 3_600 * 10**9


@dataclass(frozen=True, slots=True)
class Segment:
    """What a segment's name tells; the order is the nanosecond of writing by the writer's clock."""

    order: int
    collector: str
    first_ms: int
    last_ms: int
    rows: int | None
    crc32: str
    format: str

    @property
    def name(self) -> str:
        """The file's name."""
        span = f"{self.first_ms:013d}-{self.last_ms:013d}" + ("" if self.rows is None else f"-{self.rows}")
        return f"s-{self.order:020d}-{self.collector}-{span}-{self.crc32}.{self.format}"

    @property
    def content(self) -> str:
        """How its name ends: writer, span, number of rows and checksum. Of the same rows only the order differs."""
        return self.name.split("-", 2)[2]

    @property
    def short(self) -> bool:
        """Whether it is read whole, as an Arrow stream."""
        return self.format == STREAM

    @property
    def first(self) -> datetime:
        """The time of its earliest row."""
        return EPOCH + timedelta(milliseconds=self.first_ms)

    @property
    def last(self) -> datetime:
        """The time of its latest row."""
        return EPOCH + timedelta(milliseconds=self.last_ms)

    @classmethod
    def parse(cls, name: str) -> "Segment | None":
        """A segment from a file's name; None if the file is something else."""
        return _parsed(name)


def as_written(segments: Iterable[Segment], *, now_ns: int) -> list[Segment]:
    """The oldest first. An order far ahead of the clock is not when it was written: it comes first, never wins."""
    latest = now_ns + _AHEAD_NS
    return sorted(segments, key=lambda segment: (segment.order <= latest, segment.order, segment.name))


@lru_cache(maxsize=4096)
def _parsed(name: str) -> Segment | None:
    """A name always tells the same, and each snapshot meets most of the names of the one before."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    rows = None if match[5] is None else int(match[5])
    return Segment(int(match[1]), match[2], int(match[3]), int(match[4]), rows, match[6], match[7])


def checksum(data: bytes) -> str:
    """CRC-32 of the bytes as eight hex digits."""
    return f"{zlib.crc32(data):08x}"


def as_stored(table: Table, frame: "pl.DataFrame", *, complete: bool = True) -> "pl.DataFrame":
    """The frame as it is kept: checked, rates at four significant digits (sensors have no more)."""
    import polars as pl

    rates = [name for name in frame.columns if name.endswith("_per_s")]
    rounded = pl.col(rates).cast(pl.Float64).round_sig_figs(_SIGNIFICANT_DIGITS)
    return table.check(frame.with_columns(rounded) if rates else frame, complete=complete)


def describe(frame: "pl.DataFrame", data: bytes, form: str, *, order: int, collector: str) -> Segment:
    """The segment that these bytes become."""
    if not _COLLECTOR.fullmatch(collector):
        raise LakeError(f'collector "{shown(collector)}" is not a name: 1 to 64 of a-z 0-9 _ .')
    first_ms, last_ms = span(frame)
    return Segment(order, collector, first_ms, last_ms, frame.height, checksum(data), form)


def span(frame: "pl.DataFrame") -> tuple[int, int]:
    """The times of the earliest and the latest row, in ms since the epoch; LakeError where there is none."""
    stamps = frame["ts"].dt.epoch("ms")  # as numbers: a stamp may be none that Python has
    first, last = stamps.min(), stamps.max()
    if not isinstance(first, int) or not isinstance(last, int):
        raise LakeError("has no ts")
    if not 0 <= first <= last < 10**13:
        raise LakeError(f"ts {first if first < 0 else last} ms is not a time that can be stored (1970 to 2286)")
    return first, last
