"""Validates segments from other hosts before they are merged: decoded within limits, each row against its table."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from plimsoll.errors import LakeError, shown
from plimsoll.lake.format.encoding import decoding
from plimsoll.lake.format.framing import framed
from plimsoll.lake.format.pages import unpacked
from plimsoll.lake.format.segments import Segment, span
from plimsoll.lake.shared.spool import MOST_ROWS
from plimsoll.tables import MAX_NAME_CHARS, RESOURCE_TYPES, RESOURCES, Table

if TYPE_CHECKING:
    import polars as pl

LONGEST: Final = timedelta(days=2)
"""Between the first and the last row of a shipped segment: each day that one touches is written anew."""
AHEAD: Final = timedelta(hours=1)
"""How far a host's clock may be ahead."""
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No reading is older: a host whose clock has lost its battery begins in 1970."""
MOST_DECODED: Final = 128 * 1024**2
"""Bytes that the rows of one segment may take."""
_MOST_LABEL_CHARS: Final = 8_192
_TOLD_AT_LENGTH: Final = ("labels", "reason")
_MAY_BE_EMPTY: Final = ("device",)


def checked(table: Table, segment: Segment, data: bytes) -> "pl.DataFrame":
    """The rows, each as the table asks for, as many as the name tells; LakeError else.

    How many rows there are, and what they take, is known before they are decoded.
    """
    if segment.rows is None or not 0 < segment.rows <= MOST_ROWS:
        raise LakeError(f"{segment.rows} rows; a segment has 1 to {MOST_ROWS}")
    given = _stream(segment, data) if segment.short else _columns(table, segment, data)
    _count(given.height, segment)
    _kinds(table, given.schema)
    with decoding("its values cannot be read"):
        frame = table.check(given, complete=False)
        _texts(table, frame)
    if table is RESOURCES:
        _inventory(frame)
    return frame


def _stream(segment: Segment, data: bytes) -> "pl.DataFrame":
    import polars as pl

    announced = framed(data)
    _count(announced.rows, segment)
    _bounded(announced.bytes)
    with decoding("cannot be read as arrows"):
        return pl.read_ipc_stream(io.BytesIO(data))


def _columns(table: Table, segment: Segment, data: bytes) -> "pl.DataFrame":
    """Only footer and page headers are read before rows, columns and bytes are known to be no more than they may."""
    import polars as pl

    _bounded(unpacked(data, most_rows=MOST_ROWS))
    with decoding("cannot be read as parquet"):
        rows = pl.scan_parquet(io.BytesIO(data))
        _count(rows.select(pl.len()).collect().item(), segment)
        _kinds(table, rows.collect_schema())
        return pl.read_parquet(io.BytesIO(data))


def _texts(table: Table, frame: "pl.DataFrame") -> None:
    """Names are there and short; all texts together are bounded: one long text may stand in many rows at no cost."""
    together = 0
    for column in table.columns:
        if column.kind != "text" or column.name not in frame.columns:
            continue
        lengths = frame[column.name].str.len_bytes()
        most = _MOST_LABEL_CHARS if column.name in _TOLD_AT_LENGTH else MAX_NAME_CHARS
        longest, together = lengths.max(), together + int(lengths.sum())
        if isinstance(longest, int) and longest > most:
            raise LakeError(f"{column.name} has a value of {longest} bytes; {most} are allowed")
        named = column.required and column.name not in _MAY_BE_EMPTY
        if named and (empty := int((frame[column.name].str.strip_chars() == "").sum())):
            raise LakeError(f"{column.name} is empty in {empty} of {frame.height} rows")
    if together > MOST_DECODED:
        raise LakeError(f"{together // 1024**2} MiB of texts; a segment has at most {MOST_DECODED // 1024**2}")


def _inventory(frame: "pl.DataFrame") -> None:
    """What every report reads: a type that there is, labels that are attributes."""
    if strange := set(frame["type"].to_list()) - set(RESOURCE_TYPES):
        raise LakeError(f'type "{shown(min(strange))}" is none of {", ".join(RESOURCE_TYPES)}')
    for text in frame["labels"].drop_nulls().unique().to_list() if "labels" in frame.columns else []:
        try:
            labels = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LakeError("labels is not JSON") from error
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]
            raise LakeError("labels is not a JSON object of texts")


def timely(segment: Segment, now: datetime) -> None:
    """Raises LakeError for days that no honest clock gives, and for more of them than one segment may touch."""
    if segment.last - segment.first > LONGEST:
        raise LakeError(f"rows of more than {LONGEST.days} days in one segment")
    if segment.last > now + AHEAD:
        raise LakeError(f"rows of {segment.last:%Y-%m-%dT%H:%MZ}, more than an hour in the future; mind the clock")
    if segment.first < EARLIEST:
        raise LakeError(f"rows of {segment.first:%Y-%m-%d}, before {EARLIEST:%Y}; mind the clock")


def glance(table: Table, segment: Segment, data: bytes) -> None:
    """Raises LakeError for what would stop a compaction or every report: another schema, a bad inventory, many days.

    Of long segments only the footer and the stamps are read.
    """
    if segment.last - segment.first > LONGEST:
        raise LakeError(f"rows of more than {LONGEST.days} days in one segment")
    whole = segment.short or table is RESOURCES
    given = checked(table, segment, data) if whole else _stamps(table, segment, data)
    if span(given) != (segment.first_ms, segment.last_ms):
        raise LakeError("its name tells another time span than the rows have")


def _stamps(table: Table, segment: Segment, data: bytes) -> "pl.DataFrame":
    import polars as pl

    with decoding("cannot be read as parquet"):
        rows = pl.scan_parquet(io.BytesIO(data))
        _kinds(table, rows.collect_schema())
        if segment.rows is not None:
            _count(rows.select(pl.len()).collect().item(), segment)
        return rows.select("ts").collect()


def _bounded(size: int) -> None:
    if size > MOST_DECODED:
        raise LakeError(f"{size // 1024**2} MiB of rows; a segment has at most {MOST_DECODED // 1024**2}")


def _kinds(table: Table, given: "Mapping[str, pl.DataType]") -> None:
    """Columns of this table alone, of its kinds: what else there is need not be decoded to be refused."""
    if unknown := given.keys() - set(table.names):
        raise LakeError(f'table {table.name} has no column "{shown(min(unknown))}"')
    if strange := table.strange(given):
        raise LakeError(strange)


def _count(rows: int, segment: Segment) -> None:
    if rows != segment.rows:
        raise LakeError(f"{rows} rows; its name tells {segment.rows}")
