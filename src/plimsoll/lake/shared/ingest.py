"""Another host's segment at the door: decoded within limits, checked like any row of ours, and written anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from plimsoll.errors import BadParameter, LakeError, UsageError, shown
from plimsoll.fleet.resources import FORGOTTEN
from plimsoll.lake.format.encoding import encode_segment
from plimsoll.lake.format.segments import Segment, as_stored, checksum, describe, span
from plimsoll.lake.lake import Lake
from plimsoll.lake.shared.names import Names
from plimsoll.lake.shared.validation import checked, timely
from plimsoll.tables import COLLECTIONS, TABLES, Table

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES: Final = 16 * 1024**2
"""Bytes of one segment."""


class NotAllowedForToken(UsageError):
    """A host may only write under its own name, about what its token names."""


def ingest_segment(
    lake: Lake,
    table: str,
    name: str,
    data: bytes,
    *,
    host: str,
    resource_ids: Sequence[str],
    now: datetime,
    names: Names | None = None,
) -> bool:
    """Keeps a segment's rows for good; False where they are there already.

    `resource_ids`: what it may be about; empty: anything. `names`: how many resources and devices it may name.

    No byte of a stranger is kept, and no number that decides: the rows are written anew, as any rows of ours, and they
    are as new as their arrival. The same rows of the same host become the same bytes, by which a repetition is known;
    one that was merged and deleted before is kept and merged once more, which changes nothing: its keys are the same.
    Raises NotAllowedForToken, BadParameter (name, checksum, size), LakeError (rows) or DiskError; nothing was kept
    then.
    """
    given = _named(table, name, host)
    if len(data) > MOST_BYTES:
        raise BadParameter("size", len(data), why=f"is more than {MOST_BYTES} bytes")
    if checksum(data) != given.crc32:
        raise BadParameter("name", name, why="tells another checksum than the bytes have; send it again")
    frame = checked(TABLES[table], given, data)
    if span(frame) != (given.first_ms, given.last_ms):
        raise BadParameter("name", name, why="tells another time span than the rows have")
    timely(given, now)
    _about(frame, resource_ids)
    _not_reserved(frame)
    if names is not None:
        names.admit(host, frame, now)
    ours = as_stored(TABLES[table], _of_host(TABLES[table], frame, host), complete=False)
    written, form = encode_segment(ours)
    segment = describe(ours, written, form, order=lake.next_order(), collector=host)
    return lake.accept(TABLES[table], segment, written)


def _named(table: str, name: str, host: str) -> Segment:
    if table not in TABLES:
        raise BadParameter("table", table, allowed=TABLES)
    segment = Segment.parse(name)
    if segment is None:
        raise BadParameter("name", name, why="is not the name of a segment")
    if segment.collector != host:
        raise NotAllowedForToken(f'the token is of host "{shown(host)}", the segment of "{shown(segment.collector)}"')
    return segment


def _about(frame: "pl.DataFrame", resource_ids: Sequence[str]) -> None:
    if not resource_ids or "resource_id" not in frame.columns:
        return
    if foreign := set(frame["resource_id"].to_list()) - set(resource_ids):
        raise NotAllowedForToken(f'the token may not write about "{shown(min(foreign))}"')


def _not_reserved(frame: "pl.DataFrame") -> None:
    """A shipping host takes nothing out of the inventory: only `plimsoll forget` does, where the lake is kept."""
    if FORGOTTEN in frame["source"]:
        raise LakeError(f'source "{FORGOTTEN}" is reserved; run plimsoll forget where the lake is kept')


def _of_host(table: Table, frame: "pl.DataFrame", host: str) -> "pl.DataFrame":
    """Attempts are recorded under the host that made them: no host speaks of what another one, or the owner, reads."""
    import polars as pl

    if table is not COLLECTIONS:
        return frame
    return frame.with_columns(target=pl.concat_str(pl.lit(f"{host} "), "target"))
