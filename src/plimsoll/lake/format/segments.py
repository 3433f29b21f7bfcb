"""A segment: one acknowledged append, an immutable file whose name tells what is in it.

`s-<order>-<collector>-<first ms>-<last ms>-<rows>-<crc32>.<format>`: the order of writing (last write wins), who wrote
it, the time span (a reader skips what it does not need without opening it), how many rows, the checksum of the bytes,
and their format. Names of before 2026-12 tell no rows.
"""

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """What a segment's name tells; the order is the order of writing."""

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
        told = f"{self.first_ms:013d}-{self.last_ms:013d}" + ("" if self.rows is None else f"-{self.rows}")
        return f"s-{self.order:020d}-{self.collector}-{told}-{self.crc32}.{self.format}"

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


def stored(table: Table, frame: "pl.DataFrame", *, complete: bool = True) -> "pl.DataFrame":
    """The frame as it is kept: checked, rates at four significant digits (sensors have no more)."""
    import polars as pl

    rates = [name for name in frame.columns if name.endswith("_per_s")]
    rounded = pl.col(rates).cast(pl.Float64).round_sig_figs(_SIGNIFICANT_DIGITS)
    return table.check(frame.with_columns(rounded) if rates else frame, complete=complete)


def describe(frame: "pl.DataFrame", data: bytes, form: str, *, order: int, collector: str) -> Segment:
    """The segment that these bytes become."""
    if not _COLLECTOR.fullmatch(collector):
        raise LakeError(f'collector "{shown(collector)}" is not a name: 1 to 64 of a-z 0-9 _ .')
    first, last = frame["ts"].min(), frame["ts"].max()
    assert isinstance(first, datetime)  # noqa: S101 - the table's check saw to it
    assert isinstance(last, datetime)  # noqa: S101
    return Segment(order, collector, _ms(first), _ms(last), frame.height, checksum(data), form)


def _ms(at: datetime) -> int:
    ms = (at.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)
    if not 0 <= ms < 10**13:
        raise LakeError(f"{at}: is not a time that can be stored (1970 to 2286)")
    return ms
