"""Another host's segment at the door: checked like any row of ours before it counts as kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from plimsoll.errors import BadParameter, LakeError, UsageError, shown
from plimsoll.lake.format.files import Files, make_sure_of_room, publish
from plimsoll.lake.format.segments import Segment, checksum, describe
from plimsoll.lake.lake import Lake
from plimsoll.lake.shared.lakes import SpoolingLake
from plimsoll.lake.shared.validation import LONGEST, checked
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES: Final = 16 * 1024**2
"""Bytes of one segment."""
_AHEAD: Final = timedelta(hours=1)


class NotYours(UsageError):
    """A host may only write under its own name, about what its token names."""


def take_in(
    lake: Lake, table: str, name: str, data: bytes, *, host: str, resource_ids: Sequence[str], now: datetime
) -> bool:
    """Keeps a segment for good; False where it is there already. `resource_ids`: what it may be about; empty: anything.

    One that was merged and deleted before is kept and merged once more, which changes nothing: its keys are the same.
    Raises NotYours, BadParameter (name, checksum, size), LakeError (rows) or DiskError; nothing was kept then.
    """
    segment = _named(table, name, host)
    if len(data) > MOST_BYTES:
        raise BadParameter("size", len(data), why=f"is more than {MOST_BYTES} bytes")
    if checksum(data) != segment.crc32:
        raise BadParameter("name", name, why="tells another checksum than the bytes have; send it again")
    frame = checked(TABLES[table], segment, data)
    if describe(frame, data, segment.format, order=segment.order, collector=host) != segment:
        raise BadParameter("name", name, why="tells another time span than the rows have")
    if segment.last - segment.first > LONGEST or segment.last > now + _AHEAD:
        raise LakeError(f"rows of more than {LONGEST.days} days, or more than an hour in the future; mind the clock")
    _about(frame, resource_ids)
    return _kept(lake, TABLES[table], segment, data)


def _named(table: str, name: str, host: str) -> Segment:
    if table not in TABLES:
        raise BadParameter("table", table, allowed=TABLES)
    segment = Segment.parse(name)
    if segment is None:
        raise BadParameter("name", name, why="is no segment's name")
    if segment.collector != host:
        raise NotYours(f'the token is of host "{shown(host)}", the segment of "{shown(segment.collector)}"')
    return segment


def _about(frame: "pl.DataFrame", resource_ids: Sequence[str]) -> None:
    if not resource_ids or "resource_id" not in frame.columns:
        return
    if foreign := set(frame["resource_id"].to_list()) - set(resource_ids):
        raise NotYours(f'the token may not write about "{shown(min(foreign))}"')


def _kept(lake: Lake, table: Table, segment: Segment, data: bytes) -> bool:
    if isinstance(lake, SpoolingLake):
        return lake.accept(table, segment, data)
    files = Files()
    make_sure_of_room(files, lake.root)
    path = lake.root / table.name / segment.name
    if path.exists():
        return False
    publish(files, path, data)
    return True
