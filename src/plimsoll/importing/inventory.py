"""What an import says of the things themselves: how large they are, what they cost, what they are made of.

Readings without it are history that no capacity and no cost can be worked out from.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from plimsoll.config import Section
from plimsoll.errors import BadParameter, UsageError, nearest, shown
from plimsoll.importing.scales import SCALES, WRITTEN
from plimsoll.tables import RESOURCES
from plimsoll.units import Unit

_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/]*)")
FACTS: Final[Mapping[str, Unit]] = {
    "gpu_count": Unit.COUNT,
    "cpu_count": Unit.COUNT,
    "replicas_count": Unit.COUNT,
    "memory_bytes": Unit.BYTES,
    "storage_bytes": Unit.BYTES,
    "network_bits_per_s": Unit.BITS_PER_SECOND,
    "price_usd_per_h": Unit.COUNT,
}
"""What can be said, in which unit."""


def _size(unit: Unit, value: object) -> object:
    """A number, or a text such as "2 TiB" in a unit that can become it."""
    if not isinstance(value, str):
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = _SIZE.fullmatch(value.strip())
    scale = SCALES[unit].get(WRITTEN.get(match[2], "")) if match and match[2] else 1.0
    if match is None or scale is None:
        raise ValueError(f'"{shown(value)}" is not a number, nor one with a unit of {unit.value}')
    return float(match[1]) * scale


def _of(unit: Unit) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value is None else _size(unit, value))


class Column(Section):
    """A column of the file that holds a fact."""

    column: str
    unit: str = ""


class Inventory(Section):
    """`[inventory]` of a mapping: facts of every resource in the file, and columns that hold further ones."""

    gpu_count: Annotated[float | None, _of(Unit.COUNT)] = Field(None, ge=0)
    cpu_count: Annotated[float | None, _of(Unit.COUNT)] = Field(None, ge=0)
    replicas_count: Annotated[float | None, _of(Unit.COUNT)] = Field(None, ge=0)
    memory_bytes: Annotated[float | None, _of(Unit.BYTES)] = Field(None, ge=0)
    storage_bytes: Annotated[float | None, _of(Unit.BYTES)] = Field(None, ge=0)
    network_bits_per_s: Annotated[float | None, _of(Unit.BITS_PER_SECOND)] = Field(None, ge=0)
    price_usd_per_h: Annotated[float | None, _of(Unit.COUNT)] = Field(None, ge=0)
    labels: dict[str, str] = Field(default_factory=dict[str, str], description="such as gpu_model and owner")
    columns: dict[str, Column] = Field(default_factory=dict[str, Column], description="a fact or a label -> its column")

    @model_validator(mode="after")
    def _units(self) -> "Inventory":
        for name, column in self.columns.items():
            if name in FACTS and column.unit and column.unit not in SCALES[FACTS[name]]:
                allowed = ", ".join(SCALES[FACTS[name]])
                raise ValueError(f'unit "{column.unit}" cannot become {name}; use one of: {allowed}')
        return self

    @property
    def names(self) -> list[str]:
        """The columns that it needs."""
        return [one.column.strip() for one in self.columns.values()]

    def constant(self) -> dict[str, Any]:
        """Facts of every resource, as of the table `resources`."""
        facts = {name: value for name in FACTS if (value := getattr(self, name)) is not None}
        return {**facts, **({"labels": json.dumps(self.labels, sort_keys=True)} if self.labels else {})}

    def read(self, rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
        """Facts of each resource out of the columns: the last that a row has. `rows` have resource_id."""
        found: dict[str, dict[str, Any]] = {}
        for name, column in self.columns.items():
            text = pl.col(column.column.strip()).cast(pl.String).str.strip_chars()
            value = _parsed(text, name, column.unit) if name in FACTS else text
            known_rows = rows.select("resource_id", value=value).drop_nulls()
            for resource_id, one in known_rows.group_by("resource_id").agg(pl.col("value").last()).rows():
                known = found.setdefault(resource_id, {})
                if name in FACTS:
                    known[name] = one
                elif one:
                    known.setdefault("labels", {})[name] = one
        return found


def _parsed(text: pl.Expr, name: str, unit: str) -> pl.Expr:
    """A column of numbers in a unit, or with units of their own."""
    scales = SCALES[FACTS[name]]
    split = text.str.extract_groups(r"^(?<number>[0-9]+(?:\.[0-9]+)?)\s*(?<unit>[A-Za-z/]*)$")
    written = {sign: scales[one] for sign, one in WRITTEN.items() if one in scales}
    own = split.struct.field("unit")
    plain = scales[unit] if unit else 1.0
    known = own.replace_strict(written, default=None, return_dtype=pl.Float64)
    factor = pl.when(own == "").then(plain).otherwise(known)
    column = next(one for one in RESOURCES.columns if one.name == name)
    value = split.struct.field("number").cast(pl.Float64, strict=False) * factor
    return pl.when(value.is_between(column.low or 0.0, column.high or float("inf"))).then(value)


def said(texts: Iterable[str]) -> Inventory:
    """From `name=value` texts of the command line; a name that is not a fact is a label, written label.NAME.

    >>> said(["gpu_count=8", "memory_bytes=2 TiB", "label.gpu_model=H100"]).constant()
    {'gpu_count': 8.0, 'memory_bytes': 2199023255552.0, 'labels': '{"gpu_model": "H100"}'}
    """
    tree: dict[str, Any] = {"labels": {}}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise UsageError(f'--fact "{shown(text)}": write name=value, such as gpu_count=8')
        if name.startswith("label."):
            tree["labels"][name.removeprefix("label.")] = value
        elif name in FACTS:
            try:
                tree[name] = _size(FACTS[name], value)
            except ValueError as error:
                raise BadParameter(f"--fact {name}", value, why=str(error)) from error
        else:
            near = nearest(name, FACTS)
            hint = f"; did you mean {near}?" if near else f"; label.{name} makes it a label"
            raise BadParameter("--fact", name, allowed=FACTS, why=f"is not a fact{hint}")
    return Inventory.model_validate(tree)
