"""What cannot be is refused value by value, before anything is added up: null with a reason, everything beside it kept.

Rows are plain mappings here: no polars, the collecting process must stay small. `Table.check` remains the last wall.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from plimsoll.errors import RowsRefused, shown
from plimsoll.metrics import CATALOGUE
from plimsoll.tables import SAMPLES, Column, Table

Row = dict[str, Any]
_NUMBERS: Final = frozenset({"f32", "f64", "int"})
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MOST_TOLD: Final = 5
_SAYING: Final = ("resource_id", "name")
"""Texts that have to say something."""
_LARGEST: Final = 10**300
_REFUSED: Final = "refused: "


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that cannot be (`column` names it), or a row that no table takes (`column` is empty)."""

    ts: object
    source: str
    resource_id: str
    device: str
    column: str
    why: str

    def __str__(self) -> str:
        place = f"{self.resource_id}/{self.device}" if self.device else self.resource_id
        return f"{shown(place)}: {self.column or 'a row'} {self.why}"


def judged(table: Table, rows: list[Row]) -> list[Refused]:
    """Makes every value null that cannot be and takes out rows that lack what is required; gives what was refused.

    Of what a device has refused, its resource as a whole knows nothing either where it is a sum: a sum without one of
    its parts is a wrong number. NaN and infinities are unknown without a word: exporters write them for "no reading".
    """
    columns, required, quick = _known(table)
    found: list[Refused] = []
    kept: list[Row] = []
    for row in rows:
        complaint = _complaint(required, row)
        if complaint is not None:
            found.append(_refused(row, "", complaint))
            continue
        kept.append(row)
        bounds = quick[bool(row.get("device"))]
        # what is plainly right is nearly everything: one comparison a value
        rest = [name for name, value in row.items() if not (type(value) is float and _inside(bounds.get(name), value))]
        for name in rest:
            if name not in columns:
                found.append(_refused(row, name, "is not a column of the catalogue"))
                del row[name]
            elif (refused := _value(columns[name], row)) is not None:
                found.append(refused)
    if table is SAMPLES and found:
        _unknown_wholes(kept, found)
    rows[:] = kept
    return found


def has_a_value(row: Row) -> bool:
    """Whether a sample reads anything: one that does not would count as read, and its resource as not silent."""
    return any(value is not None for name, value in row.items() if name in CATALOGUE)


Bounds = tuple[float, float]


@cache
def _known(table: Table) -> tuple[dict[str, Column], tuple[str, ...], tuple[dict[str, Bounds], dict[str, Bounds]]]:
    """Columns by name, those that a row must have, and simple bounds of a whole and of a device."""
    whole: dict[str, Bounds] = {}
    device: dict[str, Bounds] = {}
    for column in table.columns:
        metric = CATALOGUE.get(column.name)
        if column.kind not in _NUMBERS or (metric is not None and metric.limit is not None):
            continue
        low = -math.inf if column.low is None else column.low
        high = math.inf if column.high is None else column.high
        whole[column.name] = (low, high)
        device[column.name] = (low, high if metric is None or metric.high is None else metric.high)
    required = tuple(column.name for column in table.columns if column.required)
    return {column.name: column for column in table.columns}, required, (whole, device)


def _inside(bounds: Bounds | None, value: float) -> bool:
    return bounds is not None and bounds[0] <= value <= bounds[1] and value < math.inf


def _value(column: Column, row: Row) -> Refused | None:
    """Makes the row's value null where it cannot be."""
    value = row[column.name]
    if value is None:
        return None
    if column.kind in _NUMBERS:
        why = implausible(column, value, device=bool(row.get("device")), row=row)
        if why is not None:
            row[column.name] = None
        return _refused(row, column.name, why) if why else None
    if column.kind == "text" and isinstance(value, str) and not value.isascii():
        # names of files and devices may hold bytes that are no text: they must not stop what is beside them
        row[column.name] = value.encode("utf-8", "replace").decode("utf-8", "replace")
    return None


def implausible(column: Column, value: Any, *, device: bool, row: Mapping[str, Any]) -> str | None:  # noqa: ANN401
    """Why a value cannot be, in words; empty where it is only not known (NaN); None where it can be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{shown(value)} is not a number"
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if abs(value) > _LARGEST:  # an integer without end fits no float
        return "is larger than any number can be"
    high, limit = column.high, None
    metric = CATALOGUE.get(column.name)
    if metric is not None and device:
        high = metric.high
    if metric is not None and metric.limit is not None:
        other = row.get(metric.limit[0])
        limit = metric.limit[1] * other if isinstance(other, int | float) and other > 0 else None
        high = limit if limit is not None and (high is None or limit < high) else high
    low = column.low
    if (low is None or value >= low) and (high is None or value <= high):
        return None
    bounds = f"{-math.inf if low is None else low:g} to {math.inf if high is None else high:g}"
    return f"{value:.10g} cannot be ({bounds})"


def _complaint(required: Iterable[str], row: Mapping[str, Any]) -> str | None:
    """Why no value of a row can be kept."""
    for name in required:
        if row.get(name) is None:
            return f"has no {name}"
        if name in _SAYING and not str(row[name]).strip():
            return f"has an empty {name}"
    ts = row.get("ts")
    if not isinstance(ts, datetime) or ts.tzinfo is None or not _FIRST <= ts < _LAST:
        return f"has a time that cannot be ({shown(ts)})"
    return None


def _refused(row: Mapping[str, Any], column: str, why: str) -> Refused:
    resource = row.get("resource_id") or row.get("target") or ""
    return Refused(
        row.get("ts"), str(row.get("source") or ""), str(resource), str(row.get("device") or ""), column, why
    )


def _unknown_wholes(rows: Iterable[Row], found: Sequence[Refused]) -> None:
    """A sum of which a part is refused is unknown."""
    gone = {
        (one.ts, one.source, one.resource_id, one.column)
        for one in found
        if one.device and one.column in CATALOGUE and CATALOGUE[one.column].adds_up
    }
    for row in rows:
        if not row["device"]:
            for column in [name for name in row if (row["ts"], row["source"], row["resource_id"], name) in gone]:
                row[column] = None


def in_words(found: Sequence[Refused]) -> str:
    """What was refused, for a reason in `collections`: the first few, and how many there were.

    >>> in_words([Refused(None, "nvml", "g1", "gpu0", "gpu_temperature_c", "4294967295 cannot be (-50 to 150)")])
    'refused: g1/gpu0: gpu_temperature_c 4294967295 cannot be (-50 to 150)'
    """
    said = "; ".join(str(one) for one in found[:_MOST_TOLD])
    more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return f"{_REFUSED}{said}{more}"


def refusals(reason: str | None) -> str | None:
    """The part of a reason in `collections` that tells of refused values; None where there is none.

    >>> refusals("2 of 9 families are not mapped; refused: g1: gpu_power_w -1 cannot be (0 to inf)")
    'refused: g1: gpu_power_w -1 cannot be (0 to inf)'
    >>> refusals("cannot be read: Connection refused")
    """
    reason = reason or ""
    if reason.startswith(_REFUSED):
        return reason
    _, mark, refused = reason.partition(f"; {_REFUSED}")
    return f"{_REFUSED}{refused}" if mark else None


def parted(table: Table, rows: Sequence[Row]) -> tuple[list[Row], list[tuple[Row, str]]]:
    """(rows that the table takes, those that it does not with its reason), found by halving: the last resort."""
    try:
        table.frame(rows)
    except RowsRefused as error:
        if len(rows) == 1:
            return [], [(rows[0], str(error))]
        half = len(rows) // 2
        first, second = parted(table, rows[:half]), parted(table, rows[half:])
        return [*first[0], *second[0]], [*first[1], *second[1]]
    return list(rows), []
