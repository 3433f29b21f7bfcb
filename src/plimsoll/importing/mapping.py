"""A mapping: what the columns of a file mean, in at most twenty lines of TOML."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from plimsoll.config import Section
from plimsoll.config.engine import Name, ResourceType
from plimsoll.errors import ConfigError, UsageError, nearest, shown
from plimsoll.metrics import CATALOGUE
from plimsoll.units import Unit

_SCALES: Final[Mapping[Unit, Mapping[str, float]]] = MappingProxyType(
    {
        Unit.PERCENT: {"pct": 1.0, "ratio": 100.0},
        Unit.BYTES: {
            "bytes": 1.0,
            "kb": 1e3,
            "mb": 1e6,
            "gb": 1e9,
            "tb": 1e12,
            "kib": 1024.0,
            "mib": 1024.0**2,
            "gib": 1024.0**3,
            "tib": 1024.0**4,
        },
        Unit.BYTES_PER_SECOND: {
            "bytes_per_s": 1.0,
            "kb_per_s": 1e3,
            "mb_per_s": 1e6,
            "gb_per_s": 1e9,
            "bits_per_s": 0.125,
            "kib_per_s": 1024.0,
            "mib_per_s": 1024.0**2,
            "gib_per_s": 1024.0**3,
            "sectors_per_s": 512.0,
            "bytes_per_min": 1 / 60,
            "bytes_per_5min": 1 / 300,
            "bytes_per_h": 1 / 3600,
        },
        Unit.BITS_PER_SECOND: {
            "bits_per_s": 1.0,
            "kbit_per_s": 1e3,
            "mbit_per_s": 1e6,
            "gbit_per_s": 1e9,
            "bytes_per_s": 8.0,
            "kb_per_s": 8e3,
            "mb_per_s": 8e6,
            "gb_per_s": 8e9,
            "kib_per_s": 8 * 1024.0,
            "mib_per_s": 8 * 1024.0**2,
            "gib_per_s": 8 * 1024.0**3,
            "bytes_per_min": 8 / 60,
            "bytes_per_5min": 8 / 300,
            "bytes_per_h": 8 / 3600,
        },
        Unit.MILLISECONDS: {"ms": 1.0, "s": 1e3, "us": 1e-3, "ns": 1e-6},
        Unit.PER_SECOND: {"per_s": 1.0, "per_min": 1 / 60, "per_5min": 1 / 300, "per_h": 1 / 3600},
        Unit.COUNT: {"count": 1.0},
        Unit.WATTS: {"w": 1.0, "mw": 1e-3, "kw": 1e3},
        Unit.JOULES: {"j": 1.0, "mj": 1e-3, "wh": 3600.0},
        Unit.CELSIUS: {"c": 1.0},
        Unit.MEGAHERTZ: {"mhz": 1.0, "hz": 1e-6, "ghz": 1e3},
        Unit.DAYS: {"days": 1.0, "s": 1 / 86400},
        Unit.CODE: {"code": 1.0},
    }
)
_WRITTEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "%": "pct",
        "percent": "pct",
        "B": "bytes",
        "bytes": "bytes",
        "kB": "kb",
        "KB": "kb",
        "MB": "mb",
        "GB": "gb",
        "TB": "tb",
        "KiB": "kib",
        "MiB": "mib",
        "GiB": "gib",
        "TiB": "tib",
        "W": "w",
        "mW": "mw",
        "kW": "kw",
        "J": "j",
        "mJ": "mj",
        "Wh": "wh",
        "C": "c",
        "\u00b0C": "c",
        "MHz": "mhz",
        "GHz": "ghz",
        "Hz": "hz",
        "ms": "ms",
        "s": "s",
        "us": "us",
        "\u00b5s": "us",
        "\u03bcs": "us",
        "ns": "ns",
        "B/s": "bytes_per_s",
        "kB/s": "kb_per_s",
        "KB/s": "kb_per_s",
        "MB/s": "mb_per_s",
        "GB/s": "gb_per_s",
        "KiB/s": "kib_per_s",
        "MiB/s": "mib_per_s",
        "GiB/s": "gib_per_s",
        "b/s": "bits_per_s",
        "bps": "bits_per_s",
        "kb/s": "kbit_per_s",
        "kbps": "kbit_per_s",
        "Mb/s": "mbit_per_s",
        "Mbps": "mbit_per_s",
        "Gb/s": "gbit_per_s",
        "Gbps": "gbit_per_s",
        "/s": "per_s",
        "req/s": "per_s",
        "reqps": "per_s",
        "ops/s": "per_s",
        "iops": "per_s",
        "io/s": "per_s",
    }
)
"""Units as programs write them behind a number -> their names here."""
TimeUnit = Literal["s", "ms", "us", "ns", "text"]


def _metric(name: str) -> str:
    if name not in CATALOGUE:
        near = nearest(name, CATALOGUE)
        raise ValueError(f"is not a metric{f'; did you mean {near}?' if near else '; see docs/reference/metrics.md'}")
    return name


class Value(Section):
    """What one column, or one name of a tidy file, holds."""

    metric: Annotated[str, AfterValidator(_metric)]
    unit: str
    of: float | None = Field(None, description="the value is what is left of it, such as 100 less the idle share")
    less: tuple[str, ...] = Field((), description="columns in the same unit that are taken away, too")

    @model_validator(mode="after")
    def _convertible(self) -> "Value":
        allowed = _SCALES[CATALOGUE[self.metric].unit]
        if self.unit not in allowed:
            raise ValueError(f'unit "{self.unit}" cannot become {self.metric}; use one of: {", ".join(allowed)}')
        return self

    @property
    def factor(self) -> float:
        """What a value is multiplied by to be in the metric's own unit."""
        return _SCALES[CATALOGUE[self.metric].unit][self.unit]

    @property
    def written(self) -> Mapping[str, float]:
        """Units that may stand behind a number in a cell -> what it is multiplied by."""
        scales = _SCALES[CATALOGUE[self.metric].unit]
        return {text: scales[name] for text, name in _WRITTEN.items() if name in scales}


class Time(Section):
    """Where the time is. Numbers need their unit, texts without an offset need a zone."""

    column: str = "timestamp"
    unit: TimeUnit = "text"
    zone: str | None = Field(None, description="the zone of texts that have no offset of their own")


class ResourceOf(Section):
    """Whose readings they are: one id for the whole file (`{file}` is its name), or a column."""

    id: str | None = None
    column: str | None = None
    type: ResourceType = "cluster"
    region: Name = ""
    device_column: str | None = None
    device: str = Field("", description="the device of the whole file")
    pattern: str = Field("", description="the first group of this pattern in the column is the id; empty: all of it")

    @model_validator(mode="after")
    def _one_of(self) -> "ResourceOf":
        if (self.id is None) == (self.column is None):
            raise ValueError("needs either id or column")
        return self


class FileMapping(Section):
    """A whole mapping: wide (`values`: column -> metric) or tidy (`names`: name in `name_column` -> metric)."""

    format: Literal["csv", "ndjson", "parquet"] | None = None
    separator: str = Field(
        "", max_length=1, description="between the cells of a CSV; empty: as its first line says, else a comma"
    )
    comment: str = Field("", description="lines that begin so are skipped")
    sections: str = Field("", description="lines that begin so are headers of a new part of the file")
    only: dict[str, str] = Field(default_factory=dict[str, str], description="rows count where a column has this value")
    source: Name = Field("", description="who measured; empty: import, and the first metric's name")
    time: Time = Field(default_factory=lambda: Time.model_validate({}))
    resource: ResourceOf
    values: dict[str, Value] = Field(default_factory=dict[str, Value])
    name_column: str | None = None
    value_column: str = "value"
    names: dict[str, Value] = Field(default_factory=dict[str, Value])

    @model_validator(mode="before")
    @classmethod
    def _stripped(cls, tree: object) -> object:
        """Blanks around a column's name belong to the file's looks: `timestamp, index` has a column `index`."""
        if isinstance(tree, dict) and isinstance(values := tree.get("values"), dict):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            return {**tree, "values": {str(name).strip(): value for name, value in values.items()}}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return tree  # pyright: ignore[reportUnknownVariableType]

    @model_validator(mode="after")
    def _wide_or_tidy(self) -> "FileMapping":
        if bool(self.values) == bool(self.names):
            raise ValueError("needs either values (wide) or names with name_column (tidy)")
        if self.names and not self.name_column:
            raise ValueError("names need name_column: the column that holds them")
        return self

    @property
    def source_label(self) -> str:
        """The source of a wide row. Files of other metrics have others: no row overwrites another's readings."""
        return self.source or f"import.{min(value.metric for value in (self.values or self.names).values())}"

    @property
    def columns(self) -> list[str]:
        """The columns that a file must have."""
        found = [self.time.column, self.resource.column, self.resource.device_column, self.name_column, *self.only]
        wanted = [*self.values, *(name for value in self.values.values() for name in value.less)] or [self.value_column]
        return list(dict.fromkeys([*(name.strip() for name in found if name), *(name.strip() for name in wanted)]))


def written_unit(text: str, metric: str) -> str | None:
    """The name of a unit as a program writes it, where it can become the metric."""
    name = _WRITTEN.get(text)
    return name if name in _SCALES[CATALOGUE[metric].unit] else None


def read_mapping(path: Path) -> FileMapping:
    """A mapping from a TOML file; what is wrong is named with the file and the key."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path.name}: cannot be read as a mapping ({shown(reason)})") from error
    return _checked(tree, path.name)


def _checked(tree: Mapping[str, object], origin: str) -> FileMapping:
    try:
        return FileMapping.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        says = first["msg"].removeprefix("Value error, ")
        given = f' "{shown(first["input"])}"' if isinstance(first["input"], str) else ""
        raise ConfigError(f"{origin}: {key or 'the mapping'}{given}: {says}") from error


def simple(
    *,
    resource_id: str | None,
    resource_type: str,
    metric: str | None,
    unit: str | None,
    time: tuple[str, str, str | None],
    value_column: str,
) -> FileMapping:
    """The mapping of a file with one metric of one resource, from the command line's options."""
    if resource_id is None or metric is None:
        raise UsageError("import: name --resource-id and --metric, or give --mapping FILE")
    column, time_unit, zone = time
    known = CATALOGUE.get(metric)
    tree: dict[str, object] = {
        "time": {"column": column, "unit": time_unit, **({"zone": zone} if zone else {})},
        "resource": {"id": resource_id, "type": resource_type},
        "values": {value_column: {"metric": metric, "unit": unit or (known.unit.value if known else "")}},
    }
    return _checked(tree, "import")
