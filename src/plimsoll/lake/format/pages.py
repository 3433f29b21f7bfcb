"""A Parquet file looked at from outside: its pages, and what they will take, before one is decoded.

Page headers say how many bytes a page becomes and how many values it has; a decoder allocates what they say. Source:
the Parquet format (parquet.thrift, 2.10), in Thrift's compact protocol.
"""

from collections.abc import Mapping
from typing import Any, Final

from plimsoll.errors import LakeError

_MAGIC: Final = b"PAR1"
_MOST_DEPTH: Final = 12
_MOST_FIELDS: Final = 200_000
_MOST_CHUNKS: Final = 16_384
_BOOLEANS: Final = (1, 2)
_NUMBERS: Final = (4, 5, 6)
_BYTE, _DOUBLE, _TEXT, _LIST, _STRUCT = 3, 7, 8, 9, 12


def unpacked(data: bytes, *, most_rows: int) -> int:
    """Bytes of all pages once they are decompressed; LakeError where they are not what the file says they are."""
    try:
        return _unpacked(data, most_rows)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise LakeError("cannot be read as parquet (its footer or a page header is broken)") from error


def _unpacked(data: bytes, most_rows: int) -> int:
    ends = len(data) - 8
    begins = ends - int.from_bytes(data[ends : ends + 4], "little")
    if data[:4] != _MAGIC or data[-4:] != _MAGIC or not 4 <= begins < ends:
        raise LakeError("cannot be read as parquet (it has no footer)")
    footer = _Compact(data, begins, ends).struct()
    chunks = [column[3] for group in footer[4] for column in group[1]]
    if (rows := sum(group[3] for group in footer[4])) > most_rows:
        raise LakeError(f"{rows} rows; a segment has 1 to {most_rows}")
    if len(chunks) > _MOST_CHUNKS or any(group[3] < 0 for group in footer[4]):
        raise LakeError("cannot be read as parquet (more columns or fewer rows than it may have)")
    return sum(_pages(data, chunk, begins, most_rows) for chunk in chunks)


def _pages(data: bytes, chunk: Mapping[int, Any], limit: int, most_rows: int) -> int:
    """Bytes of the pages of one column, decompressed."""
    at = min(chunk[9], chunk.get(11) or chunk[9])
    end, size, values = at + chunk[7], 0, 0
    if not 4 <= at <= end <= limit:
        raise LakeError("cannot be read as parquet (a column lies outside the file)")
    while at < end:
        reader = _Compact(data, at, end)
        header = reader.struct()
        page = header.get(5) or header.get(8) or header.get(7) or {1: 0}
        if header[2] < 0 or header[3] < 0 or not 0 <= page[1] <= most_rows:
            raise LakeError("cannot be read as parquet (a page of less than nothing, or of too many values)")
        size += header[2]
        values += 0 if header.get(7) else page[1]
        at = reader.at + header[3]
    if at != end or values != chunk[5]:
        raise LakeError("cannot be read as parquet (the pages of a column are not as long as it is)")
    return size


class _Compact:
    """Values of Thrift's compact protocol, from `at` on and not beyond `end`."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self.at, self._end = data, at, end
        self._fields = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Its fields by number."""
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._signed()
            found[field] = self._value(head & 15, depth, within=True)
        return found

    def _value(self, kind: int, depth: int, *, within: bool) -> Any:  # noqa: ANN401 - whatever it is
        self._fields += 1
        if depth > _MOST_DEPTH or self._fields > _MOST_FIELDS:
            raise ValueError(kind)
        if kind in _BOOLEANS:
            return kind == 1 if within else self._byte() == 1
        if kind in _NUMBERS:
            return self._signed()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind == _LIST:
            head = self._byte()
            count = head >> 4 if head >> 4 != 15 else self._unsigned()
            if count > self._end - self.at:
                raise ValueError(count)
            return [self._value(head & 15, depth + 1, within=False) for _ in range(count)]
        return self._skipped({_BYTE: 1, _DOUBLE: 8}.get(kind) if kind != _TEXT else self._unsigned())

    def _skipped(self, count: int | None) -> bytes:
        if count is None or self.at + count > self._end:
            raise ValueError(count)
        self.at += count
        return self._data[self.at - count : self.at]

    def _byte(self) -> int:
        return self._skipped(1)[0]

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value, shift = value | (byte & 0x7F) << shift, shift + 7
            if shift > 63:
                raise ValueError(shift)
        return value | byte << shift

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
