"""The lake's tables: what each column is called, what it holds, and the check at the door.

Nothing here imports polars until a frame is checked: the collecting process must stay small.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from plimsoll.errors import RowsRefused, shown
from plimsoll.metrics import CATALOGUE, Metric

if TYPE_CHECKING:
    import polars as pl

RESOURCE_TYPES: Final = ("cluster", "endpoint", "training", "ai-service", "storage", "network")
FORMAT_VERSION: Final = 2
MAX_NAME_CHARS: Final = 256
LONGEST_INTERVAL_S: Final = 366 * 86_400.0
"""Seconds between two readings of one resource: what is read less often than once a year is not watched."""
_ROUNDING: Final = 1 + 2.0**-23


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` is `text`, `instant` (UTC, ms), `f32`, `f64`, `int` or `bool`."""

    name: str
    kind: str
    meaning: str
    required: bool = False
    low: float | None = None
    high: float | None = None
    filled: bool = False
    """Whether a text has to say something: neither empty nor blank."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the lake: `key` identifies a row (last write wins), `sort` is the order inside a day file."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sort: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in stored order."""
        return tuple(column.name for column in self.columns)

    def schema(self) -> "Mapping[str, pl.DataType]":
        """The polars schema of a stored frame."""
        import polars as pl

        kinds: dict[str, pl.DataType] = {
            "text": pl.String(),
            "instant": pl.Datetime("ms", "UTC"),
            "f32": pl.Float32(),
            "f64": pl.Float64(),
            "int": pl.Int64(),
            "bool": pl.Boolean(),
        }
        return {column.name: kinds[column.kind] for column in self.columns}

    def strange(self, given: "Mapping[str, pl.DataType]") -> str | None:
        """What keeps columns of these kinds from being rows of this table, in words; None: nothing does."""
        expected = self.schema()
        for name, kind in given.items():
            if name in expected and kind != expected[name]:
                return f"{shown(name)} is {shown(kind)}, {shown(expected[name])} is asked for"
        missing = [column.name for column in self.columns if column.required and column.name not in given]
        return f"has no {missing[0]}" if missing else None

    def frame(self, rows: Iterable[Mapping[str, object]]) -> "pl.DataFrame":
        """Rows of plain values -> a checked frame with every column of the table; what a row leaves out is null."""
        import polars as pl

        listed = list(rows)
        unknown = {name for row in listed for name in row} - set(self.names)
        if unknown:
            raise RowsRefused(f'table {self.name} has no column "{shown(min(unknown))}"; add it to the catalogue first')
        # Float64 first: polars refuses to build Float32 from the ints that sources hand out
        wide = {n: pl.Float64() if t == pl.Float32() else t for n, t in self.schema().items()}
        try:
            made = pl.DataFrame(listed, schema=wide, strict=False, orient="row")
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
            raise RowsRefused(f"table {self.name} refuses {len(listed)} rows: {shown(error)}") from error
        return self.check(made)

    def check(self, frame: "pl.DataFrame", *, complete: bool = True) -> "pl.DataFrame":
        """The door of the lake: names, types, required values, bounds. NaN and infinities become null (unknown).

        Gives the frame with the table's columns in the table's order; missing columns are null; where the frame need
        not be `complete`, columns without any value are left out. Column by column: a tenth of the cost of one
        large expression.
        """
        import polars as pl

        given = set(frame.columns)
        if unknown := given - set(self.names):
            raise RowsRefused(f'table {self.name} has no column "{shown(min(unknown))}"; add it to the catalogue first')
        failed: list[str] = []
        checked: list[pl.Series] = []
        for column, dtype in zip(self.columns, self.schema().values(), strict=True):
            if column.name in given:
                series = _finite(frame[column.name].cast(dtype))
                failed += _complaints(column, series)
                if complete or column.required or series.null_count() < frame.height:
                    checked.append(series)
            elif complete or column.required:
                checked.append(pl.Series(column.name, [None], dtype).new_from_index(0, frame.height))
                failed += [column.name] if column.required and frame.height else []
        if failed:
            raise RowsRefused(f"table {self.name} refuses {frame.height} rows: {shown(', '.join(failed))}")
        return pl.DataFrame(checked)


def _finite(series: "pl.Series") -> "pl.Series":
    """NaN and infinities are no readings. Either makes the sum none either: one cheap look for the usual case."""
    if not series.dtype.is_float() or math.isfinite(series.sum()):
        return series
    return series.set(~series.is_finite().fill_null(value=True), None)


def _complaints(column: Column, series: "pl.Series") -> list[str]:
    found: list[str] = []
    if column.required and series.null_count():
        found.append(column.name)
    if column.filled and (series.str.strip_chars() == "").any():
        found.append(f"{column.name} is empty")
    least, most = (series.min(), series.max()) if column.low is not None or column.high is not None else (None, None)
    if column.low is not None and isinstance(least, int | float) and least < column.low:
        found.append(f"{column.name} below {column.low:g}")
    # 24 bits round a value at the bound to a little above it
    if column.high is not None and isinstance(most, int | float) and most > column.high * _ROUNDING:
        found.append(f"{column.name} above {column.high:g}")
    return found


def _metric_column(metric: Metric) -> Column:
    return Column(metric.name, "f64" if metric.exact else "f32", metric.meaning, low=metric.low, high=metric.most)


SAMPLES: Final = Table(
    "samples",
    (
        Column("ts", "instant", "when the reading was taken", required=True),
        Column("resource_id", "text", "what was read", required=True, filled=True),
        Column("device", "text", "the part that was read; empty for the resource as a whole", required=True),
        Column("source", "text", "who read it", required=True),
        *(_metric_column(metric) for metric in CATALOGUE.values()),
    ),
    key=("resource_id", "device", "source", "ts"),
    sort=("resource_id", "device", "ts", "source"),
)

COLLECTIONS: Final = Table(
    "collections",
    (
        Column("ts", "instant", "when the attempt began", required=True),
        Column("source", "text", "who was to read", required=True),
        Column("target", "text", "what was to be read", required=True),
        Column("ok", "bool", "whether it was read", required=True),
        Column("reason", "text", "why not, or what was left out"),
        Column("duration_s", "f64", "how long it took", high=1e9),
        Column("rows", "int", "rows that it gave", high=1e15),
    ),
    key=("source", "target", "ts"),
    sort=("source", "target", "ts"),
)

RESOURCES: Final = Table(
    "resources",
    (
        Column("ts", "instant", "since when this is true", required=True),
        Column("resource_id", "text", "stable identity", required=True, filled=True),
        Column("source", "text", "which source gave it; each source gives what it knows", required=True),
        Column("name", "text", "what people call it", required=True, filled=True),
        Column("type", "text", "one of the six resource types", required=True),
        Column("region", "text", "where it is"),
        Column("labels", "text", "JSON object of attributes: owner, group, gpu_model, ..."),
        Column(
            "interval_s",
            "f64",
            "seconds between two expected readings; null: none is expected from now on",
            low=0.001,
            high=LONGEST_INTERVAL_S,
        ),
        Column("cpu_count", "f64", "processors", low=0.0, high=1e9),
        Column("memory_bytes", "f64", "memory", low=0.0, high=1e18),
        Column("gpu_count", "f64", "GPUs", low=0.0, high=1e9),
        Column("storage_bytes", "f64", "space", low=0.0, high=1e21),
        Column("network_bits_per_s", "f64", "link speed", low=0.0, high=1e18),
        Column("replicas_count", "f64", "replicas that are paid for", low=0.0, high=1e9),
        Column("price_usd_per_h", "f64", "price of the whole resource", low=0.0, high=1e9),
    ),
    key=("resource_id", "source", "ts"),
    sort=("resource_id", "ts", "source"),
)
"""The inventory with its history: of each fact the latest that any source gave before an instant was true then."""

TABLES: Final = {table.name: table for table in (SAMPLES, COLLECTIONS, RESOURCES)}
