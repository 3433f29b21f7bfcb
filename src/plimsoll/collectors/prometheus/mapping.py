"""Mapping tables: which families of an exporter mean which metric, under all names that they have had."""

import re
import tomllib
from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from plimsoll.config import Section
from plimsoll.errors import BadParameter, ConfigError, nearest, shown
from plimsoll.metrics import CATALOGUE

How = Literal[
    "gauge",
    "rate",
    "growth",
    "bits",
    "share",
    "fill",
    "free",
    "of_limit",
    "ratio",
    "mean",
    "quantile",
    "days_until",
    "count",
    "change",
]
_FACTS = ("cpu_count", "memory_bytes", "gpu_count", "storage_bytes", "network_bits_per_s", "replicas_count")
_SUFFIXES = ("_total", "_bucket", "_sum", "_count", "_created")


def _known(name: str) -> str:
    if name not in CATALOGUE and name not in _FACTS:
        near = nearest(name, [*CATALOGUE, *_FACTS])
        raise ValueError(f"is not a metric{f'; did you mean {near}?' if near else ''}")
    return name


class Rule(Section):
    """How one metric, or one fact of the inventory, is made.

    `families` are aliases: the first that is there counts. `of` is what a share, fill, free or ratio is a part of.
    """

    metric: Annotated[str, AfterValidator(_known)]
    how: How = "gauge"
    families: tuple[str, ...]
    of: tuple[str, ...] = ()
    where: dict[str, str] = Field(default_factory=dict[str, str], description="label -> pattern that must match wholly")
    unless: dict[str, str] = Field(default_factory=dict[str, str], description="label -> pattern that must not")
    factor: float = 1.0
    over: Literal["sum", "avg", "max", "min"] = "sum"
    device: str = Field("", description="the label that tells the devices apart; empty: the resource as a whole")
    bits: int = Field(0, ge=0, description="for bits: those of the mask that count")
    q: float = Field(0.95, gt=0, lt=1)
    jitters: bool = False
    absent_is_zero: bool = Field(False, description="for a share: no such sample yet means none has happened")
    only_if: str = Field("", description="a family that must be above zero")

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if self.how in ("share", "fill", "free", "of_limit", "ratio") and not self.of:
            raise ValueError(f"{self.how} needs of: what it is a part of")
        return self

    @cached_property
    def matchers(self) -> tuple[list[tuple[str, re.Pattern[str]]], list[tuple[str, re.Pattern[str]]]]:
        """(must match, must not match)."""
        wanted = [(label, re.compile(pattern)) for label, pattern in self.where.items()]
        return wanted, [(label, re.compile(pattern)) for label, pattern in self.unless.items()]

    def takes(self, labels: Mapped[str, str]) -> bool:
        """Whether a sample with these labels counts."""
        wanted, unwanted = self.matchers
        return all(p.fullmatch(labels.get(label, "")) for label, p in wanted) and not any(
            p.fullmatch(labels.get(label, "")) for label, p in unwanted
        )


class Mapping(Section):
    """A whole table. `epoch` is the family whose change means that counters begin anew."""

    version: int = 1
    epoch: str = ""
    sentinel: float | None = Field(None, description="gauges from this value on are blanks, not readings")
    device_prefix: str = ""
    device_more: str = Field("", description="a second label of a device, such as a MIG instance; parts of the first")
    prefixes: tuple[str, ...] = Field((), description="how the exporter's own families begin; tells what is not mapped")
    rules: tuple[Rule, ...]

    def unmapped(self, unread: frozenset[str]) -> tuple[str, ...]:
        """The exporter's own families that no rule reads, each once."""
        own = {_stem(name) for name in unread if name.startswith(self.prefixes)} if self.prefixes else set[str]()
        return tuple(sorted(own - self.names))

    def wanted(self, name: str) -> bool:
        """Whether a sample of this name is of use."""
        return name in self.names or _stem(name) in self.names

    @cached_property
    def names(self) -> frozenset[str]:
        """Every family that a rule reads."""
        found = {family for rule in self.rules for family in (*rule.families, *rule.of)}
        found |= {rule.only_if for rule in self.rules if rule.only_if} | ({self.epoch} if self.epoch else set())
        return frozenset(found | {_stem(name) for name in found})


def _stem(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def builtin() -> Sequence[str]:
    """The names of the tables that come with the program."""
    folder = resources.files("plimsoll.collectors.prometheus") / "mappings"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str, own: Path | None = None) -> Mapping:
    """The project's own table `mappings/NAME.toml`, else the built-in one of that name."""
    if own is not None and (own / f"{name}.toml").is_file():
        text, where = (own / f"{name}.toml").read_text(encoding="utf-8"), f"mappings/{name}.toml"
    elif name in builtin():
        text = (resources.files("plimsoll.collectors.prometheus") / "mappings" / f"{name}.toml").read_text("utf-8")
        where = f"built-in mapping {name}"
    else:
        raise BadParameter("mapping", name, allowed=builtin(), why="is no mapping, nor a file mappings/NAME.toml")
    try:
        tree = tomllib.loads(text)
        return Mapping.model_validate(_tuples(tree))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: {shown(error)}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where}: {key}: {first['msg'].removeprefix('Value error, ')}") from error


def _tuples(value: object) -> object:
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value
