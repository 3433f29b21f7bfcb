"""An Arrow stream looked at from outside: its messages, and what its rows will take, before a byte is decoded.

What is asked for is what `encoding.streaming` writes: one schema, one batch of rows or more, one end mark
as the last eight bytes, nothing else. Source: the Arrow columnar format, "IPC streaming format" (Message.fbs, 1.5).
"""

import struct
from dataclasses import dataclass
from typing import Final

from plimsoll.errors import LakeError

END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_SCHEMA, _BATCH = 1, 3
_NOT_COMPRESSED: Final = -1
_MOST_MESSAGES: Final = 1_024
_MOST_PARTS: Final = 4_096
"""Buffers, or columns, of one batch."""


@dataclass(frozen=True, slots=True)
class Framed:
    """Rows of all batches, and the bytes of their buffers once these are decompressed."""

    rows: int
    bytes: int


def framed(stream: bytes) -> Framed:
    """What a stream announces; LakeError where it is anything but a schema, batches and an end mark at its end."""
    try:
        return _framed(stream)
    except (struct.error, IndexError, OverflowError) as error:
        raise LakeError("cannot be read as arrows (a message is cut off or points outside of it)") from error


def _framed(stream: bytes) -> Framed:
    at, messages, rows, size = 0, 0, 0, 0
    while stream[at : at + 8] != END:
        if stream[at : at + 4] != END[:4] or messages >= _MOST_MESSAGES:
            raise LakeError("cannot be read as arrows (no message where one is to begin)")
        begins = at + 8
        body = begins + _int(stream, at + 4, "<i")
        if not begins < body <= len(stream):
            raise LakeError("cannot be read as arrows (a message is longer than the stream)")
        message = _Table(stream[begins:body])
        kind, length = message.number(1, "<B"), message.number(3, "<q")
        at = body + length
        if length < 0 or at > len(stream):
            raise LakeError("cannot be read as arrows (a batch is longer than the stream)")
        if kind != (_BATCH if messages else _SCHEMA):
            raise LakeError("cannot be read as arrows (one schema and batches of rows are asked for)")
        if kind == _BATCH:
            found = _batch(message.table(2), memoryview(stream)[body:at])
            rows, size = rows + found.rows, size + found.bytes
        messages += 1
    if at + len(END) != len(stream):
        raise LakeError("cannot be read as arrows (an end mark stands before its end)")
    return Framed(rows, size)


def _batch(batch: "_Table", body: memoryview) -> Framed:
    rows = batch.number(0, "<q")
    if rows < 0 or any(not 0 <= length <= rows for length, _ in batch.pairs(1)):
        raise LakeError("cannot be read as arrows (a column has more rows than its batch, or nested values)")
    packed, size = batch.has(3), 0
    for offset, length in batch.pairs(2):
        if offset < 0 or length < 0 or offset + length > len(body):
            raise LakeError("cannot be read as arrows (a buffer lies outside its batch)")
        unpacked = _int(body, offset, "<q") if packed and length else _NOT_COMPRESSED
        size += length if unpacked == _NOT_COMPRESSED else unpacked
        if unpacked < _NOT_COMPRESSED:
            raise LakeError("cannot be read as arrows (a buffer of less than no bytes)")
    return Framed(rows, size)


class _Table:
    """A FlatBuffers table: its fields by their place in the schema; a field that is left out has its default, 0."""

    def __init__(self, data: bytes, at: int | None = None) -> None:
        self._data = data
        self._at = _int(data, 0, "<I") if at is None else at
        self._fields = self._at - _int(data, self._at, "<i")

    def number(self, field: int, kind: str) -> int:
        """A plain number."""
        place = self._place(field)
        return 0 if place is None else _int(self._data, place, kind)

    def has(self, field: int) -> bool:
        """Whether the field is there."""
        return self._place(field) is not None

    def table(self, field: int) -> "_Table":
        """A table within; LakeError where there is none."""
        place = self._place(field)
        if place is None:
            raise LakeError("cannot be read as arrows (a message without a header)")
        return _Table(self._data, place + _int(self._data, place, "<I"))

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """A list of pairs of 64-bit numbers."""
        place = self._place(field)
        if place is None:
            return []
        at = place + _int(self._data, place, "<I")
        count = _int(self._data, at, "<I")
        if count > _MOST_PARTS:
            raise LakeError(f"cannot be read as arrows (more than {_MOST_PARTS} columns or buffers)")
        numbers = struct.unpack_from(f"<{2 * count}q", self._data, at + 4)
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def _place(self, field: int) -> int | None:
        slot = 4 + 2 * field
        if slot >= _int(self._data, self._fields, "<H"):
            return None
        offset = _int(self._data, self._fields + slot, "<H")
        return self._at + offset if offset else None


def _int(data: bytes | memoryview, at: int, kind: str) -> int:
    """One number; struct.error outside of the data (a negative place would count from its end)."""
    if at < 0:
        raise IndexError(at)
    return int(struct.unpack_from(kind, data, at)[0])
