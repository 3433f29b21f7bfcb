"""A segment: one acknowledged append, an immutable Parquet file whose name tells what is in it.

`s-<order>-<collector>-<first ms>-<last ms>-<crc32>.parquet`: the order of writing (last write wins), who wrote it, the
time span (a reader skips what it does not need without opening it), and the checksum of the bytes.
"""

import io
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from plimsoll.clock import EPOCH
from plimsoll.errors import LakeError, shown
from plimsoll.tables import Table

if TYPE_CHECKING:
    import polars as pl

_NAME = re.compile(r"s-(\d{20})-([a-z0-9_.]{1,64})-(\d{13})-(\d{13})-([0-9a-f]{8})\.parquet", re.ASCII)
_COLLECTOR = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)
_SIGNIFICANT_DIGITS = 4


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """What a segment's name tells; the order is the order of writing."""

    order: int
    collector: str
    first_ms: int
    last_ms: int
    crc32: str

    @property
    def name(self) -> str:
        """The file's name."""
        return f"s-{self.order:020d}-{self.collector}-{self.first_ms:013d}-{self.last_ms:013d}-{self.crc32}.parquet"

    @property
    def first(self) -> datetime:
        """The time of its earliest row."""
        return EPOCH + timedelta(milliseconds=self.first_ms)

    @property
    def last(self) -> datetime:
        """The time of its latest row."""
        return EPOCH + timedelta(milliseconds=self.last_ms)

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """A segment from a file's name; None if the file is something else."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        return cls(int(match[1]), match[2], int(match[3]), int(match[4]), match[5])


def checksum(data: bytes) -> str:
    """CRC-32 of the bytes as eight hex digits."""
    return f"{zlib.crc32(data):08x}"


def stored(table: Table, frame: "pl.DataFrame", *, complete: bool = True) -> "pl.DataFrame":
    """The frame as it is kept: checked, rates at four significant digits (sensors have no more)."""
    import polars as pl

    rates = [name for name in frame.columns if name.endswith("_per_s")]
    rounded = pl.col(rates).cast(pl.Float64).round_sig_figs(_SIGNIFICANT_DIGITS)
    return table.check(frame.with_columns(rounded) if rates else frame, complete=complete)


def encode(frame: "pl.DataFrame") -> bytes:
    """A frame as Parquet bytes that last: zstd, statistics, row groups of 64 k rows."""
    sink = io.BytesIO()
    frame.write_parquet(sink, compression="zstd", compression_level=3, statistics=True, row_group_size=65_536)
    return sink.getvalue()


def encode_briefly(frame: "pl.DataFrame") -> bytes:
    """A frame as Parquet bytes that live until the next compaction: cheap to write rather than small."""
    sink = io.BytesIO()
    frame.write_parquet(sink, compression="lz4", statistics=False)
    return sink.getvalue()


def describe(frame: "pl.DataFrame", data: bytes, *, order: int, collector: str) -> Segment:
    """The segment that these bytes become."""
    if not _COLLECTOR.fullmatch(collector):
        raise LakeError(f'collector "{shown(collector)}" is not a name: 1 to 64 of a-z 0-9 _ .')
    first, last = frame["ts"].min(), frame["ts"].max()
    assert isinstance(first, datetime)  # noqa: S101 - the table's check saw to it
    assert isinstance(last, datetime)  # noqa: S101
    return Segment(order, collector, _ms(first), _ms(last), checksum(data))


def _ms(at: datetime) -> int:
    ms = (at.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)
    if not 0 <= ms < 10**13:
        raise LakeError(f"{at}: is not a time that can be stored (1970 to 2286)")
    return ms
