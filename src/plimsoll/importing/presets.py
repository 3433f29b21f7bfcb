"""Presets: the files that people have, by name. What a format is and what its columns mean is data: formats/*.toml."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from plimsoll.collectors.prometheus.naming import place
from plimsoll.config import Section
from plimsoll.errors import BadParameter, UsageError, shown
from plimsoll.importing.delimited import cells
from plimsoll.importing.mapping import FileMapping, Value, written_unit
from plimsoll.importing.reading import beginning
from plimsoll.metrics import CATALOGUE, Component

_ROWS: Final = 200
_UNIT: Final = re.compile(r"^(?P<name>.*?)\s*\[(?P<unit>[^\]]+)\]$")
_EPOCH: Final = re.compile(r'^"?(\d{10}(?:\.\d+)?|\d{13}|\d{16}|\d{19})"?$')
_EPOCHS: Final = {10: "s", 13: "ms", 16: "us", 19: "ns"}
_COMMA: Final = re.compile(r"^[+-]?\d+,(?:\d{1,2}|\d{4,})(?!\d)(?:\s*[%/A-Za-z\u00b0\u00b5]*)$")
_POINT: Final = re.compile(r"^[+-]?\d+\.\d+(?:\s*[%/A-Za-z\u00b0\u00b5]*)$")
_DEVICE_TAGS: Final = ("device", "interface", "gpu", "gpu_uuid", "device_name", "gpu_device")
_PARTED: Final = (Component.NETWORK, Component.DISK, Component.GPU)


class Part(Section):
    """Columns (of a wide file) or names (of a tidy one) that are read together; `device` names candidates."""

    device: tuple[str, ...] = ()
    only: dict[str, str] = Field(default_factory=dict[str, str])
    scope: dict[str, str] = Field(default_factory=dict[str, str], description="as only, where there is such a column")
    columns: dict[str, Value] = Field(default_factory=dict[str, Value])
    names: dict[str, Value] = Field(default_factory=dict[str, Value])


class Preset(Section):
    """One format. `header` is what its first line matches, `document` what the beginning of a JSON text has in it."""

    title: str
    header: str = ""
    document: str = ""
    separator: str = ""
    comment: str = ""
    sections: str = ""
    aside: str = ""
    time: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    pattern: str = ""
    instances: str = Field("", description="how a column names metric, device and resource")
    series: bool = Field(False, description="every column is a series of one metric, which the user names")
    parts: tuple[Part, ...] = ()
    sums: dict[str, str] = Field(default_factory=dict[str, str], description="a sum of a period -> the metric it is")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says beside the file: whose readings they are, of which metric, in which unit and zone."""

    resource_id: str | None = None
    resource_type: str = "cluster"
    metric: str | None = None
    unit: str | None = None
    zone: str | None = None


@cache
def presets() -> dict[str, Preset]:
    """Every preset by the name that `--as` takes."""
    folder = resources.files("plimsoll.importing") / "formats"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml").replace("_", "-"): Preset.model_validate(
            _tuples(tomllib.loads(file.read_text("utf-8")))
        )
        for file in files
    }


def named(name: str) -> Preset:
    """The preset of that name."""
    if name not in presets():
        raise BadParameter("--as", name, allowed=list(presets()), why="is not a known format")
    return presets()[name]


def recognized(path: Path) -> str | None:
    """The name of the one preset that a file can be; None where it could be none, or several."""
    start = beginning(path)
    first = start.lstrip("\ufeff").split("\n", 1)[0]
    if first.lower().startswith("sep="):
        first = "\n".join(start.split("\n", 2)[:2])
    found = [
        name
        for name, preset in presets().items()
        if (preset.header and re.match(preset.header, first))
        or (preset.document and start.lstrip()[:1] in ("{", "[") and re.search(preset.document, start))
    ]
    precise = [name for name in found if not presets()[name].series] or found
    return precise[0] if len(precise) == 1 else None


def mappings(name: str, path: Path, wanted: Wanted) -> list[FileMapping]:
    """What the columns of this very file mean: a mapping for each part, or each series, that it has."""
    preset = named(name)
    start = beginning(path)
    headers, rows = _headers(preset, start)
    decimal = _decimal(rows)
    found = [
        one.model_copy(update={"decimal": decimal})
        for header in headers
        for one in _of_header(name, preset, header, rows[0] if rows else [""], wanted)
    ]
    if not found:
        there = shown(", ".join(headers[0])) if headers else "none"
        raise UsageError(f"{path.name}: has no column that {name} knows; its columns: {there}")
    return found


def _decimal(rows: list[list[str]]) -> str:
    """The decimal comma where some number can have no other meaning, and no number has a point."""
    numbers = [cell for row in rows for cell in row]
    return "," if any(map(_COMMA.match, numbers)) and not any(map(_POINT.match, numbers)) else "."


def _headers(preset: Preset, start: str) -> tuple[list[list[str]], list[list[str]]]:
    """The header lines of the beginning of a file, and its first rows."""
    lines = [line.rstrip("\r") for line in start.lstrip("\ufeff").split("\n") if line.strip()]
    separator = preset.separator or ","
    if lines and lines[0].lower().startswith("sep="):
        separator, lines = lines[0][4:5] or ",", lines[1:]
    if preset.comment and not preset.sections:
        lines = [line for line in lines if not line.startswith(preset.comment)]
    marked = [line for line in lines if preset.sections and line.startswith(preset.sections)] or lines[:1]
    rows = [line for line in lines if line not in marked]
    unique = list(dict.fromkeys(marked))
    headers = [cells(line.removeprefix(preset.sections), separator) for line in unique]
    return headers, [_cells(row, separator) for row in rows[:_ROWS]]


def _cells(line: str, separator: str) -> list[str]:
    try:
        return cells(line, separator)
    except UsageError:  # the reader says so when it comes to it
        return [""]


def _of_header(name: str, preset: Preset, header: list[str], row: list[str], wanted: Wanted) -> Iterator[FileMapping]:
    bases = {column: _UNIT.match(column) for column in header}
    plain = {(match["name"] if match else column): column for column, match in bases.items()}
    time = next((plain[one] for one in preset.time if one in plain), None)
    if time is None:
        return
    base = {
        "source": f"import.{name}",
        "separator": preset.separator,
        "comment": preset.comment,
        "sections": preset.sections,
        "aside": preset.aside,
        "time": _time(time, header, row, wanted),
    }
    if preset.series:
        yield from _series(base, [column for column in header if column != time], wanted)
    elif preset.instances:
        yield from _instances(base, preset, header, wanted)
    else:
        for part in preset.parts:
            if made := _part(base, preset, part, plain, bases, wanted):
                yield FileMapping.model_validate(made)


def _time(column: str, header: list[str], row: list[str], wanted: Wanted) -> dict[str, Any]:
    value = row[header.index(column)] if len(row) > header.index(column) else ""
    if match := _EPOCH.match(value):
        return {"column": column, "unit": _EPOCHS[len(match[1].split(".")[0])]}
    return {"column": column, "unit": "text", "zone": wanted.zone or "UTC"}


def _part(
    base: dict[str, Any],
    preset: Preset,
    part: Part,
    plain: dict[str, str],
    bases: dict[str, re.Match[str] | None],
    wanted: Wanted,
) -> dict[str, Any] | None:
    """A mapping of the columns of one part; None where the file has none of them."""
    device = next((plain[one] for one in part.device if one in plain), None)
    resource = next((plain[one] for one in preset.resource if one in plain), None)
    if (part.device and device is None and not part.names and preset.sections) or not set(part.only) <= set(plain):
        return None
    ids: dict[str, Any] = {"type": wanted.resource_type, "device_column": device}
    if wanted.resource_id or resource is None:
        ids["id"] = wanted.resource_id or "{file}"
    else:
        ids |= {"column": resource, "pattern": preset.pattern}
    scope = {column: value for column, value in part.scope.items() if column in plain}
    made: dict[str, Any] = {**base, "resource": ids, "only": {**part.only, **scope}}
    pivoted = bool(part.names) and "_field" not in plain
    if part.names and not pivoted:
        return {**made, "name_column": "_field", "value_column": "_value", "names": _values(part.names)}
    values: dict[str, dict[str, Any]] = {}
    for name, value in (part.names if pivoted else part.columns).items():
        column = plain.get(name)
        if (
            column is None
            or not set(value.less) <= set(plain)
            or value.metric in {v["metric"] for v in values.values()}
        ):
            continue
        values[column] = _value(value)
        if (match := bases[column]) and (unit := written_unit(match["unit"], value.metric)):
            values[column]["unit"] = unit
    if len(preset.parts) > 1:  # rows of two parts may be of one instant: none overwrites another
        made["source"] = f"{base['source']}.{min(value['metric'] for value in values.values())}" if values else ""
    return {**made, "values": values} if values else None


def _series(base: dict[str, Any], columns: list[str], wanted: Wanted) -> Iterator[FileMapping]:
    """Every column is a resource, or a device of the resource that the user named."""
    if wanted.metric is None:
        raise UsageError("import: a file of series does not say what they are: name --metric, and --unit if it has one")
    for column in columns:
        host, port = place(column)
        ids: dict[str, Any] = {"type": wanted.resource_type, "id": wanted.resource_id or (host if port else column)}
        if wanted.resource_id:
            ids["device"] = column
        unit = wanted.unit or (CATALOGUE[wanted.metric].unit.value if wanted.metric in CATALOGUE else "")
        values = {column: {"metric": wanted.metric, "unit": unit}}
        yield FileMapping.model_validate({**base, "resource": ids, "values": values})


def _instances(base: dict[str, Any], preset: Preset, header: list[str], wanted: Wanted) -> Iterator[FileMapping]:
    """Columns that name their metric, device and resource themselves."""
    known = {name: value for part in preset.parts for name, value in part.columns.items()}
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for column in header:
        match = re.match(preset.instances, column)
        if match is None or match["name"] not in known:
            continue
        parts = match.groupdict()
        tags = dict(tag.strip().split(":", 1) for tag in (parts.get("tags") or "").split(",") if ":" in tag)
        resource = wanted.resource_id or tags.get("host") or "{file}"
        device = parts.get("device") or next((tags[tag] for tag in _DEVICE_TAGS if tags.get(tag)), "")
        if not device and not _whole(known[match["name"]].metric, parts.get("by")):
            continue
        whole = device in ("1 minute", "") or known[match["name"]].metric == "load_average_count"
        if device and whole and not device.startswith("1"):
            continue  # loads of five and fifteen minutes
        groups.setdefault((resource, "" if whole else device), {})[column] = _value(known[match["name"]])
    for (resource, device), values in groups.items():
        ids = {"type": wanted.resource_type, "id": resource, "device": device}
        yield FileMapping.model_validate({**base, "resource": ids, "values": values})


def _whole(metric: str, by: str | None) -> bool:
    """Whether a graph's value over all devices is the resource's: a mean of bytes is not, nor is a sum of shares."""
    if by is None or CATALOGUE[metric].component not in _PARTED:
        return True
    return (by == "sum") == CATALOGUE[metric].adds_up


def _values(names: dict[str, Value]) -> dict[str, dict[str, Any]]:
    return {name: _value(value) for name, value in names.items()}


def _value(value: Value) -> dict[str, Any]:
    return value.model_dump()


def _tuples(value: Any) -> Any:  # noqa: ANN401 - TOML
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value
