"""Converting: a block of foreign columns -> readings in the catalogue's own units; every refused row has its reason."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from plimsoll.errors import shown
from plimsoll.importing.delimited import Block
from plimsoll.importing.local_time import AMBIGUOUS, localised
from plimsoll.importing.mapping import FileMapping, Time, Value
from plimsoll.metrics import CATALOGUE, Component

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE: Final = timedelta(minutes=10)
_PER_SECOND: Final = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0.001}
_NUMBER: Final = (
    r"^(?<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?:\s*(?<unit>[%/A-Za-z\x{b0}\x{b5}\x{3bc}]*))$"
)
_MISSING: Final = ("", "nan", "null", "na", "n/a", "none", "undefined", "nil", "-", "?")
_UNKNOWN: Final = r"^\[(?:.*)\]$|^(?i:err!|unknown error|not supported|no data)$"
_GROUPED_BY_POINT: Final = r"^[+-]?\d{1,3}(?:[.\x{a0}\x{202f}' ]\d{3})+(?:,\d+)?(?:\D.*)?$"
_GROUPED_BY_COMMA: Final = (
    r"^[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,}|(?:[\x{a0}\x{202f}' ]\d{3})+(?:\.\d+)?)(?:[^\d,.].*)?$"
)
_OFFSET: Final = r"(Z|[+-]\d{2}:?\d{2})$"
Refused = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Converted:
    """What a block became: readings, refused rows and cells (row and reason each), rows that say nothing of use.

    `facts` are what its columns say of each resource itself.
    """

    readings: pl.DataFrame
    refused: Refused
    cells: Refused
    empty: int
    unmapped: int
    facts: dict[str, dict[str, Any]]


def convert(block: Block, mapping: FileMapping, *, file: str, now: datetime) -> Converted:
    """Readings (ts, resource_id, device, source, metrics) of the rows that can be used.

    A cell that cannot be costs the cell; a row is refused where its time or its name cannot be, or where nothing else
    is left of it. An empty or NaN value is a missing reading, not a mistake.
    """
    frame = block.frame.with_row_index("row", offset=block.first_row).with_columns(pl.col("row").cast(pl.Int64))
    broken = [row for row, _ in block.refused]
    frame = frame.filter(~pl.col("row").is_in(broken))
    for column, value in mapping.only.items():
        frame = frame.filter(_text(column.strip()) == value)
    instants = _instants(frame, mapping, now)
    whole = frame.with_columns(
        instants["ts"],
        instants["why_time"],
        resource_id=_resource(mapping, file),
        device=_device(mapping),
        source=pl.lit(mapping.source_label),
    )
    values = _wide(whole, mapping) if mapping.values else _tidy(whole, mapping)
    why = pl.coalesce(
        pl.col("why_time"),
        pl.when(pl.col("resource_id").fill_null("") == "").then(pl.lit("has no resource")),
        pl.when(~_named(pl.col("resource_id"))).then(pl.lit("has a resource whose name has control characters")),
    )
    bad = [name for name in values.columns if name.startswith("why_value")]
    metrics = [name for name in CATALOGUE if name in values.columns]
    some = pl.any_horizontal(pl.col(metrics).is_not_null())
    judged = values.with_columns(why=why.fill_null(pl.when(~some).then(pl.coalesce(bad))), some=some)
    refused = judged.filter(pl.col("why").is_not_null()).select("row", "why").rows()
    useful = judged.filter(pl.col("why").is_null(), "some")
    cells = [pair for name in bad for pair in useful.filter(pl.col(name).is_not_null()).select("row", name).rows()]
    left = block.left + block.frame.height - len(broken) - len(refused) - useful.height
    unmapped = block.left + (block.frame.height - len(broken) - values.height)
    readings = useful.select("ts", "resource_id", "device", "source", *metrics)
    facts = mapping.inventory.read(useful) if mapping.inventory.columns else {}
    return Converted(readings, [*block.refused, *refused], sorted(cells), left - unmapped, unmapped, facts)


def _named(name: pl.Expr) -> pl.Expr:
    return ~name.fill_null("").str.contains(r"[\p{C}]")


def _resource(mapping: FileMapping, file: str) -> pl.Expr:
    ids = mapping.resource
    if ids.column is None:
        return pl.lit((ids.id or "").replace("{file}", file))
    text = _text(ids.column.strip())
    return text.str.extract(ids.pattern, 1) if ids.pattern else text


def _device(mapping: FileMapping) -> pl.Expr:
    ids = mapping.resource
    if ids.device_column is None:
        return pl.lit(ids.device)
    return _gpus(_text(ids.device_column.strip()).fill_null(""), list(mapping.values.values()))


def _gpus(device: pl.Expr, values: list[Value]) -> pl.Expr:
    """The device; a bare number with values of GPUs is a GPU's."""
    of_gpus = bool(values) and all(CATALOGUE[value.metric].component == Component.GPU for value in values)
    return device.str.replace(r"^(\d+)$", "gpu$1") if of_gpus else device


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _instants(frame: pl.DataFrame, mapping: FileMapping, now: datetime) -> pl.DataFrame:
    """Ts (UTC, ms) and why_time: the reason why a row has none that can be."""
    time = mapping.time
    raw, unclear = frame[time.column.strip()], pl.repeat(False, frame.height, eager=True)
    if raw.dtype.is_temporal():
        zone = getattr(raw.dtype, "time_zone", None)
        stamps = raw.dt.cast_time_unit("ms") if isinstance(raw.dtype, pl.Datetime) else raw.cast(pl.Datetime("ms"))
        if zone is None:
            stamps, unclear = localised(stamps, _sources(frame, mapping), time.zone or "UTC")
        found = frame.select(ts=stamps.dt.convert_time_zone("UTC"))
    elif time.unit == "text":
        stamps, unclear = _parsed(raw.cast(pl.String), time, _sources(frame, mapping))
        found = frame.select(ts=stamps)
    else:
        ms = pl.col(time.column.strip()).cast(pl.Float64, strict=False) * _PER_SECOND[time.unit] / 1_000
        found = frame.select(
            ts=pl.from_epoch(ms.round().cast(pl.Int64, strict=False), "ms").dt.replace_time_zone("UTC")
        )
    shown_value = _text(time.column.strip()).fill_null("nothing").str.slice(0, 40)
    why = (
        pl.when(unclear)
        .then(pl.format('time "{}" ' + AMBIGUOUS, shown_value))
        .when(pl.col("ts").is_null())
        .then(pl.format('time "{}" cannot be read' + _hint(time), shown_value))
        .when(pl.col("ts") < EARLIEST)
        .then(pl.format('time "{}" lies before 2000: is its unit right?', shown_value))
        .when(pl.col("ts") > now + FUTURE)
        .then(pl.format('time "{}" lies in the future: is its unit right?', shown_value))
    )
    return frame.with_columns(found["ts"].cast(pl.Datetime("ms", "UTC"))).select("ts", why_time=why)


def _sources(frame: pl.DataFrame, mapping: FileMapping) -> pl.Series:
    """Whose each row is: rows of one source follow one another in the file, those of several are mixed."""
    named = (mapping.resource.column, mapping.resource.device_column, mapping.name_column)
    columns = [_text(name.strip()).fill_null("") for name in named if name]
    keys = pl.concat_str(columns, separator="\0") if columns else pl.repeat("", pl.len())
    return frame.select(keys.alias("source"))["source"]


def _hint(time: Time) -> str:
    if time.unit != "text":
        return f" as a number of {time.unit}"
    return "" if time.zone else "; a time without an offset needs a zone in the mapping, a number its unit"


def _parsed(raw: pl.Series, time: Time, sources: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Texts as instants, and whether it is not known which of two one is."""
    text = (
        raw.str.strip_chars()
        .str.replace(r"^(\d{4})/(\d{2})/(\d{2})", "$1-$2-$3")
        .str.replace(r"\s+(?:UTC|GMT)$", "Z")
        .str.replace(" ", "T", literal=True)
        .str.replace(r"T(\d{2}:\d{2})(Z|[+-]\d{2}:?\d{2})?$", "T$1:00$2")
    )
    aware = text.str.contains(_OFFSET)
    with_zone = text.filter(aware).str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    found = pl.Series("ts", [None] * len(raw), dtype=pl.Datetime("us", "UTC"))
    unclear = pl.repeat(False, len(raw), eager=True)
    found = found.scatter(aware.fill_null(value=False).arg_true(), with_zone) if len(with_zone) else found
    if time.zone is not None:
        naive = ~aware.fill_null(value=True)
        plain = text.filter(naive).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
        local, which = localised(plain, sources.filter(naive), time.zone)
        if len(local):
            found = found.scatter(naive.arg_true(), local)
            unclear = unclear.scatter(naive.arg_true(), which)
    return found, unclear


def _plain(text: pl.Expr, decimal: str) -> pl.Expr:
    """Numbers with a decimal point and without marks between thousands, as far as it is certain which mark is which."""
    if decimal == ",":
        grouped = text.str.contains(_GROUPED_BY_POINT)
        text = pl.when(grouped).then(text.str.replace_all(r"[.\x{a0}\x{202f}' ](\d{3})", "$1")).otherwise(text)
        return text.str.replace(r"^([+-]?\d+),(\d+)", "$1.$2")
    grouped = text.str.contains(_GROUPED_BY_COMMA)
    return pl.when(grouped).then(text.str.replace_all(r"[,\x{a0}\x{202f}' ](\d{3})", "$1")).otherwise(text)


def _number(column: str, value: Value, suffix: str, decimal: str) -> list[pl.Expr]:
    """The value in the metric's unit, and the reason why it is none. A unit in the cell counts before the mapping's."""
    metric = CATALOGUE[value.metric]
    text = pl.col(column).cast(pl.String).str.strip_chars()
    missing = text.is_null() | text.str.to_lowercase().is_in(_MISSING) | text.str.contains(_UNKNOWN)
    split = _plain(text, decimal).str.extract_groups(_NUMBER)
    unit = split.struct.field("unit")
    factor = (
        pl.when(unit == "")
        .then(pl.lit(value.factor))
        .otherwise(unit.replace_strict(dict(value.written), default=None, return_dtype=pl.Float64))
    )
    number = split.struct.field("number").cast(pl.Float64, strict=False) * factor
    for other in value.less:
        number += pl.col(other.strip()).cast(pl.Float64, strict=False) * value.factor
    if value.of is not None:
        number = (value.of - number).clip(0.0, None)
    number = pl.when(~missing).then(number)
    low = metric.low if metric.low is not None else float("-inf")
    most = metric.most if metric.most is not None else float("inf")
    high = pl.when(pl.col("device") == "").then(most).otherwise(metric.high if metric.high is not None else most)
    parted = (pl.col("device") != "") & pl.lit(metric.adds_up)
    of_one = pl.when(parted).then(pl.lit(" of one device")).otherwise(pl.lit(""))
    cell = pl.concat_str(pl.lit(f'{shown(column)} "'), text.str.slice(0, 40), pl.lit('"'))
    why = (
        pl.when(missing)
        .then(None)
        .when(number.is_null() & text.str.contains(r"^[+-]?\d+,\d+$"))
        .then(pl.concat_str(cell, pl.lit(' has a decimal comma; write a point, or decimal = "," in the mapping')))
        .when((unit != "") & factor.is_null())
        .then(pl.concat_str(cell, pl.lit(f" is not a number in a unit of {value.metric}")))
        .when(number.is_null() | ~number.is_finite())
        .then(pl.concat_str(cell, pl.lit(" is not a number")))
        .when(number < low)
        .then(pl.concat_str(cell, pl.lit(f" is below {metric.low} {metric.unit}")))
        .when(number > high)
        .then(pl.concat_str(cell, pl.lit(" is above "), high.cast(pl.String), pl.lit(f" {metric.unit}"), of_one))
    )
    return [pl.when(why.is_null()).then(number).alias(value.metric), why.alias(f"why_value{suffix}")]


def _wide(frame: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    values = enumerate(mapping.values.items())
    made = [e for n, (column, value) in values for e in _number(column, value, str(n), mapping.decimal)]
    return frame.with_columns(made)


def _tidy(frame: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    """One row a reading becomes one row of that metric's own source; names that are not mapped are left aside."""
    parts: list[pl.DataFrame] = []
    for name, value in mapping.names.items():
        chosen = frame.filter(_text((mapping.name_column or "").strip()) == name)
        own = pl.lit(f"{mapping.source or 'import'}.{value.metric}").alias("source")
        device = _gpus(pl.col("device"), [value]).alias("device")
        number = _number(mapping.value_column.strip(), value, "", mapping.decimal)
        parts.append(chosen.with_columns(*number, own, device))
    return pl.concat(parts, how="diagonal")
