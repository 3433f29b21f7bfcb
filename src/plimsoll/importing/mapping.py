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
        Unit.BYTES: {"bytes": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1024.0, "mib": 1024.0**2, "gib": 1024.0**3},
        Unit.BYTES_PER_SECOND: {"bytes_per_s": 1.0, "kb_per_s": 1e3, "mb_per_s": 1e6, "bits_per_s": 0.125},
        Unit.BITS_PER_SECOND: {"bits_per_s": 1.0, "mbit_per_s": 1e6, "gbit_per_s": 1e9, "bytes_per_s": 8.0},
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

    @model_validator(mode="after")
    def _one_of(self) -> "ResourceOf":
        if (self.id is None) == (self.column is None):
            raise ValueError("needs either id or column")
        return self


class FileMapping(Section):
    """A whole mapping: wide (`values`: column -> metric) or tidy (`names`: name in `name_column` -> metric)."""

    format: Literal["csv", "ndjson", "parquet"] | None = None
    source: Name = Field("", description="who measured; empty: import, and the first metric's name")
    time: Time = Field(default_factory=lambda: Time.model_validate({}))
    resource: ResourceOf
    values: dict[str, Value] = Field(default_factory=dict[str, Value])
    name_column: str | None = None
    value_column: str = "value"
    names: dict[str, Value] = Field(default_factory=dict[str, Value])

    @model_validator(mode="after")
    def _wide_or_tidy(self) -> "FileMapping":
        if bool(self.values) == bool(self.names):
            raise ValueError("needs either values (wide) or names with name_column (tidy)")
        if self.names and not self.name_column:
            raise ValueError("names need name_column: the column that holds them")
        return self

    @property
    def told_by(self) -> str:
        """The source of a wide row. Files of other metrics have others: no row overwrites another's readings."""
        return self.source or f"import.{min(value.metric for value in (self.values or self.names).values())}"

    @property
    def columns(self) -> list[str]:
        """The columns that a file must have."""
        found = [self.time.column, self.resource.column, self.resource.device_column, self.name_column]
        wanted = [*self.values] or [self.value_column]
        return list(dict.fromkeys([*(name for name in found if name), *wanted]))


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
