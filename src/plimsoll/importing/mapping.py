"""A mapping: what the columns of a file mean, in at most twenty lines of TOML."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from plimsoll.config import Section
from plimsoll.config.engine import Name, ResourceType
from plimsoll.errors import ConfigError, UsageError, nearest, shown
from plimsoll.importing.inventory import Inventory
from plimsoll.importing.scales import SCALES, WRITTEN
from plimsoll.metrics import CATALOGUE

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
        allowed = SCALES[CATALOGUE[self.metric].unit]
        if self.unit not in allowed:
            raise ValueError(f'unit "{self.unit}" cannot become {self.metric}; use one of: {", ".join(allowed)}')
        return self

    @property
    def factor(self) -> float:
        """What a value is multiplied by to be in the metric's own unit."""
        return SCALES[CATALOGUE[self.metric].unit][self.unit]

    @property
    def written(self) -> Mapping[str, float]:
        """Units that may stand behind a number in a cell -> what it is multiplied by."""
        scales = SCALES[CATALOGUE[self.metric].unit]
        return {text: scales[name] for text, name in WRITTEN.items() if name in scales}


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
    aside: str = Field("", description="a pattern in lines that say something else than readings; counted, and left")
    decimal: Literal[".", ","] = Field(".", description="what parts a number's whole from its fraction")
    source: Name = Field("", description="who measured; empty: import, and the first metric's name")
    time: Time = Field(default_factory=lambda: Time.model_validate({}))
    resource: ResourceOf
    values: dict[str, Value] = Field(default_factory=dict[str, Value])
    name_column: str | None = None
    value_column: str = "value"
    names: dict[str, Value] = Field(default_factory=dict[str, Value])
    inventory: Inventory = Field(default_factory=lambda: Inventory.model_validate({}))

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

    def with_facts(self, more: Inventory) -> "FileMapping":
        """This mapping with facts that were stated beside it: they count before its own."""
        known = more.model_dump(exclude_none=True, exclude_defaults=True)
        labels = {**self.inventory.labels, **more.labels}
        return self.model_copy(update={"inventory": self.inventory.model_copy(update={**known, "labels": labels})})

    @property
    def source_label(self) -> str:
        """The source of a wide row. Files of other metrics have others: no row overwrites another's readings."""
        return self.source or f"import.{min(value.metric for value in (self.values or self.names).values())}"

    @property
    def columns(self) -> list[str]:
        """The columns that a file must have."""
        found = [self.time.column, self.resource.column, self.resource.device_column, self.name_column, *self.only]
        wanted = [*self.values, *(name for value in self.values.values() for name in value.less)] or [self.value_column]
        known = [*(name for name in found if name), *wanted, *self.inventory.names]
        return list(dict.fromkeys(name.strip() for name in known))


def written_unit(text: str, metric: str) -> str | None:
    """The name of a unit as a program writes it, where it can become the metric."""
    name = WRITTEN.get(text)
    return name if name in SCALES[CATALOGUE[metric].unit] else None


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
