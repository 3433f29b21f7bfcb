"""What others have written, checked before it may meet the rest: the rows of a segment, or a glance at it."""

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from plimsoll.errors import LakeError, shown
from plimsoll.lake.format.encoding import joined
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.shared.spool import MOST_ROWS
from plimsoll.tables import MAX_NAME_CHARS, RESOURCE_TYPES, RESOURCES, Table

if TYPE_CHECKING:
    import polars as pl

LONGEST: Final = timedelta(days=2)
"""Between the first and the last row of a shipped segment: each day that one touches is written anew."""
_MOST_LABEL_CHARS: Final = 8_192


def checked(table: Table, segment: Segment, data: bytes) -> "pl.DataFrame":
    """The rows, each as the table asks for, as many as the name tells; LakeError else.

    How many rows of Parquet there are is known before they are decoded; a stream is bounded by its bytes.
    """
    import polars as pl

    if segment.rows is None or not 0 < segment.rows <= MOST_ROWS:
        raise LakeError(f"{segment.rows} rows; a segment has 1 to {MOST_ROWS}")
    try:
        if segment.short:
            given = pl.read_ipc_stream(io.BytesIO(data))
            joined([data])  # whether it can be joined with others
        else:
            _count(pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item(), segment)
            given = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, ValueError, OSError) as error:
        raise LakeError(f"cannot be read as {segment.format} ({shown(type(error).__name__)})") from error
    _count(given.height, segment)
    _same_kinds(table, given.schema)
    frame = table.check(given, complete=False)
    texts = [c.name for c in table.columns if c.kind == "text" and c.name in frame.columns]
    for column in texts:
        longest = _MOST_LABEL_CHARS if column in ("labels", "reason") else MAX_NAME_CHARS
        most = frame[column].str.len_bytes().max()
        if isinstance(most, int) and most > longest:
            raise LakeError(f"{column} has a value of {most} bytes; {longest} are allowed")
    if table is RESOURCES:
        _inventory(frame)
    return frame


def _inventory(frame: "pl.DataFrame") -> None:
    """What every report reads: a type that there is, labels that are attributes."""
    if strange := set(frame["type"].to_list()) - set(RESOURCE_TYPES):
        raise LakeError(f'type "{shown(min(strange))}" is none of {", ".join(RESOURCE_TYPES)}')
    for text in frame["labels"].drop_nulls().unique().to_list() if "labels" in frame.columns else []:
        try:
            labels = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LakeError("labels is no JSON") from error
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]
            raise LakeError("labels is no JSON object of texts")


def glance(table: Table, segment: Segment, data: bytes) -> None:
    """Raises LakeError for what would stop a compaction or every report: another schema, a bad inventory, many days.

    Of long segments only the footer is read.
    """
    import polars as pl

    if segment.last - segment.first > LONGEST:
        raise LakeError(f"rows of more than {LONGEST.days} days in one segment")
    if segment.short or table is RESOURCES:
        checked(table, segment, data)
        return
    try:
        given = pl.read_parquet_schema(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LakeError(f"cannot be read as {segment.format} ({shown(type(error).__name__)})") from error
    _same_kinds(table, given)
    if missing := {column.name for column in table.columns if column.required} - given.keys():
        raise LakeError(f"has no {min(missing)}")


def _count(rows: int, segment: Segment) -> None:
    if rows != segment.rows:
        raise LakeError(f"{rows} rows; its name tells {segment.rows}")


def _same_kinds(table: Table, given: "Mapping[str, pl.DataType]") -> None:
    expected = table.schema()
    for column, kind in given.items():
        if column in expected and kind != expected[column]:
            raise LakeError(f"{column} is {shown(kind)}, {shown(expected[column])} is asked for")
