"""Short segments, read, proven and decoded once: they never change, and each block of a large fleet asks for them."""

import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from plimsoll.errors import LakeError, shown
from plimsoll.lake.format.encoding import joined
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.read.integrity import Soundness

if TYPE_CHECKING:
    import polars as pl

Group: TypeAlias = "tuple[list[Segment], pl.DataFrame]"
"""Segments with the same columns, and their rows in that order."""
_KEPT: Final = 4
_Key: TypeAlias = tuple[object, ...]


class Shorts:
    """The last few sets of short segments that were asked for; what was touched since is read and proven anew."""

    def __init__(self) -> None:
        self._held: OrderedDict[_Key, list[Group]] = OrderedDict()

    def groups(self, table: str, segments: Sequence[Segment], soundness: Soundness) -> list[Group]:
        """The rows of those segments that are what their names say, by their columns."""
        wanted = [segment for segment in segments if soundness.may_be_sound(table, segment)]
        key = _key(table, wanted, soundness)
        if key is not None and key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        read = [(segment, soundness.bytes_of(table, segment)) for segment in wanted]
        sound = [(segment, data) for segment, data in read if data is not None]
        found = decoded(sound)
        if key is not None and len(sound) == len(wanted):
            self._held[key] = found
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
        return found


def decoded(segments: Sequence[tuple[Segment, bytes]]) -> list[Group]:
    """Segments with what they hold -> their rows, a frame for each set of columns."""
    import polars as pl

    try:
        parts = joined([data for _, data in segments])
    except (pl.exceptions.PolarsError, ValueError, OSError) as error:
        raise LakeError(f"an open segment cannot be read ({shown(error)}); see: plimsoll verify") from error
    return [([segments[place][0] for place in places], rows) for places, rows in parts]


def _key(table: str, segments: Sequence[Segment], soundness: Soundness) -> _Key | None:
    """What the files are and when they were last touched; None where one of them cannot be looked at."""
    folder = f"{soundness.root}/{table}"
    try:
        found = [os.lstat(f"{folder}/{segment.name}") for segment in segments]
    except OSError:
        return None
    touched = tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)
    return (folder, soundness.deep, tuple(segments), touched)
