"""Short segments, read, proven and decoded once: they never change, and each block of a large fleet asks for them."""

import os
from collections import OrderedDict
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from plimsoll.errors import LakeError
from plimsoll.lake.format.encoding import decoding, joined
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.read.integrity import UNREADABLE, Soundness
from plimsoll.tables import TABLES

if TYPE_CHECKING:
    import polars as pl

Group: TypeAlias = "tuple[list[Segment], pl.DataFrame]"
"""Segments with the same columns, and their rows in that order."""
_KEPT: Final = 4
_Key: TypeAlias = tuple[object, ...]


class SegmentCache:
    """The last few sets of short segments that were asked for; what was touched since is read and proven anew."""

    def __init__(self) -> None:
        self._groups: OrderedDict[_Key, list[Group]] = OrderedDict()

    def groups(self, table: str, segments: Sequence[Segment], soundness: Soundness) -> list[Group]:
        """The rows of those segments that are what their names say, by their columns."""
        wanted = [segment for segment in segments if soundness.may_be_sound(table, segment)]
        key = _key(table, wanted, soundness)
        if key is not None and key in self._groups:
            self._groups.move_to_end(key)
            return self._groups[key]
        read = [(segment, soundness.bytes_of(table, segment)) for segment in wanted]
        sound = [(segment, data) for segment, data in read if data is not None]
        found = _decodable(table, sound, soundness)
        if key is not None and sum(len(group) for group, _ in found) == len(wanted):
            self._groups[key] = found
            while len(self._groups) > _KEPT:
                self._groups.popitem(last=False)
        return found


def decoded(segments: Sequence[tuple[Segment, bytes]]) -> list[Group]:
    """Segments with what they hold -> their rows, a frame for each set of columns.

    LakeError where they cannot be read, or hold other numbers of rows than their names tell: a row that is left out
    here would be deleted with its segment.
    """
    with decoding("an open segment cannot be read; see: plimsoll verify"):
        parts = joined([data for _, data in segments])
    found = [([segments[place][0] for place in places], rows) for places, rows in parts]
    for group, rows in found:
        expected = sum(segment.rows or 0 for segment in group)
        if rows.height != expected:
            raise LakeError(f"open segments hold {rows.height} rows, their names tell {expected}; see: plimsoll verify")
    return found


def _decodable(table: str, segments: Sequence[tuple[Segment, bytes]], soundness: Soundness) -> list[Group]:
    """The rows of all but those that cannot be read, or that would cut off what is joined behind them."""
    try:
        found = decoded(segments)
    except LakeError:
        rest: list[tuple[Segment, bytes]] = []
        for segment, data in segments:
            if _whole(segment, data):
                rest.append((segment, data))
            else:
                soundness.exclude_segment(table, segment, UNREADABLE)
        found = decoded(rest)
    strange = [group for group, rows in found if TABLES[table].strange(rows.schema)]
    for segment in chain.from_iterable(strange):
        soundness.exclude_segment(table, segment, UNREADABLE)
    return [one for one in found if one[0] not in strange] if strange else found


def _whole(segment: Segment, data: bytes) -> bool:
    """Whether it can stand before another: behind itself it has its rows twice."""
    try:
        decoded([(segment, data), (segment, data)])
    except LakeError:
        return False
    return True


def _key(table: str, segments: Sequence[Segment], soundness: Soundness) -> _Key | None:
    """What the files are and when they were last touched; None where one of them cannot be looked at."""
    folder = f"{soundness.root}/{table}"
    try:
        found = [os.lstat(f"{folder}/{segment.name}") for segment in segments]
    except OSError:
        return None
    touched = tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)
    return (folder, tuple(segments), touched)
