"""Mapping tables: which families of an exporter mean which metric, under all names that they have had."""

import re
import tomllib
from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from plimsoll.config import Section
from plimsoll.errors import BadParameter, ConfigError, nearest, shown
from plimsoll.metrics import CATALOGUE
from plimsoll.units import Unit

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
    "code",
    "df",
]
Parts = Literal["own", "whole", "unknown"]
_FACTS = ("cpu_count", "memory_bytes", "gpu_count", "storage_bytes", "network_bits_per_s", "replicas_count")
MOST_CARD_W: Final = 2_000.0
"""What a card can draw; counters of energy that grow faster are not believed."""
_FORGIVEN: Final = 1.1
"""Two clocks differ a little: a disk is busy for 1.001 seconds of one."""
_SUFFIXES = ("_total", "_bucket", "_sum", "_count", "_created")


def _known(name: str) -> str:
    if name and name not in CATALOGUE and name not in _FACTS:
        near = nearest(name, [*CATALOGUE, *_FACTS])
        raise ValueError(f"is not a metric{f'; did you mean {near}?' if near else ''}")
    return name


class Join(Section):
    """A sample counts only where `family` has one above zero with the same values of the labels `on`."""

    family: str
    on: tuple[str, ...] = Field(min_length=1)
    where: dict[str, str] = Field(default_factory=dict[str, str], description="label -> pattern that must match wholly")
    absent: bool = Field(False, description="counts only where there is no such sample")

    @cached_property
    def matchers(self) -> list[tuple[str, re.Pattern[str]]]:
        """What the joined samples must look like."""
        return [(label, re.compile(pattern)) for label, pattern in self.where.items()]

    def key(self, labels: Mapped[str, str]) -> tuple[str, ...]:
        """The values that two samples must share."""
        return tuple(labels.get(label, "") for label in self.on)


class Rule(Section):
    """How one metric, or one fact of the inventory, is made.

    `families` are aliases: the first that is there counts. `of` is what a share, fill, free or ratio is a part of.
    """

    metric: Annotated[str, AfterValidator(_known)] = ""
    remark: str = Field("", description="instead of a metric: what the reading's row of collections says, with {value}")
    how: How = "gauge"
    families: tuple[str, ...]
    of: tuple[str, ...] = ()
    also_of: tuple[str, ...] = Field((), description="for fill: parts of the whole that not every exporter has")
    also: tuple[str, ...] = Field((), description="for a gauge: parts of the sum that not every exporter has")
    sums: bool = Field(False, description="families (of a ratio: of) are parts of one sum, not aliases")
    counted: Literal["", "interfaces", "disks", "mounts", "containers", "pod_network"] = Field(
        "", description="the law that says which of its samples may be added up"
    )
    parts: Parts = Field("own", description="what a part of a device tells: its own, the whole's value, or nothing")
    joined: tuple[Join, ...] = ()
    needs: tuple[str, ...] = Field((), description="labels without which its samples mean nothing")
    shared: bool = Field(False, description="samples without the resource's label are the only resource's")
    wide: bool = Field(False, description="its values can be larger than 2^31: only 64-bit blanks are blanks")
    label: str = Field("", description="for code: the label that holds the code")
    recent: bool = Field(False, description="for code: what the first reading counts has just happened")
    where: dict[str, str] = Field(default_factory=dict[str, str], description="label -> pattern that must match wholly")
    unless: dict[str, str] = Field(default_factory=dict[str, str], description="label -> pattern that must not")
    aside: dict[str, str] = Field(
        default_factory=dict[str, str], description="label -> pattern of samples that are neither part nor whole"
    )
    factor: float = 1.0
    over: Literal["sum", "avg", "max", "min"] = "sum"
    device: str = Field("", description="the label that tells the devices apart; empty: the resource as a whole")
    bits: int = Field(0, ge=0, description="for bits: those of the mask that count")
    q: float = Field(0.95, gt=0, lt=1)
    jitters: bool = False
    limit: str = Field("", description="for a rate: a family whose value of the same device is the most a second")
    absent_is_zero: bool = Field(False, description="for a share: no such sample yet means none has happened")
    only_if: str = Field("", description="a family that must be above zero")

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if self.how in ("share", "fill", "free", "of_limit", "ratio") and not self.of:
            raise ValueError(f"{self.how} needs of: what it is a part of")
        if self.how == "df" and len(self.of) != 3:
            raise ValueError("df needs of: the families of size, free and available")
        if self.how == "code" and not self.label:
            raise ValueError("code needs label: the one that holds the code")
        if bool(self.metric) == bool(self.remark):
            raise ValueError("needs either metric or remark")
        return self

    @cached_property
    def most_per_s(self) -> float | None:
        """How much one series of a counter can grow a second, in its own unit; None where nothing says so."""
        known = CATALOGUE.get(self.metric)
        if known is None or self.factor <= 0:
            return None
        if self.how == "growth":
            return MOST_CARD_W / self.factor if known.unit == Unit.JOULES else None
        return _FORGIVEN * known.high / self.factor if self.how == "rate" and known.high is not None else None

    @cached_property
    def every(self) -> frozenset[str]:
        """Every family that it reads for its own value."""
        return frozenset((*self.families, *self.also, *self.of, *self.also_of))

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The labels that some sample must have: what filters look at is not invented."""
        return tuple({**dict.fromkeys(self.needs), **dict.fromkeys(self.where)})

    @cached_property
    def matchers(self) -> tuple[list[tuple[str, re.Pattern[str]]], list[tuple[str, re.Pattern[str]]]]:
        """(must match, must not match)."""
        wanted = [(label, re.compile(pattern)) for label, pattern in self.where.items()]
        return wanted, [(label, re.compile(pattern)) for label, pattern in self.unless.items()]

    @cached_property
    def own(self) -> frozenset[str]:
        """The families that its filters are about: not those of another name that it is a part of."""
        return frozenset(stem(name) for name in (*self.families, *self.also))

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every family without which its value is another, without suffixes."""
        return frozenset(stem(name) for name in (*self.every, *(join.family for join in self.joined)))

    @cached_property
    def _aside(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(label, re.compile(pattern)) for label, pattern in self.aside.items()]

    def leaves(self, labels: Mapped[str, str]) -> bool:
        """Whether a sample with these labels is put aside: it is neither part nor whole."""
        return any(pattern.fullmatch(labels.get(label, "")) for label, pattern in self._aside)

    def takes(self, labels: Mapped[str, str]) -> bool:
        """Whether a sample with these labels counts."""
        wanted, unwanted = self.matchers
        return all(p.fullmatch(labels.get(label, "")) for label, p in wanted) and not any(
            p.fullmatch(labels.get(label, "")) for label, p in unwanted
        )


class Renamed(Section):
    """What a family was called before, and what its values are multiplied by to have the unit of that name."""

    name: str
    factor: float = 1.0


def _renamed(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Things(Section):
    """What tells things apart: the first set of labels in `things` that a sample has whole names one.

    Without `things` every label does, but for `copies`: ranks and processes that tell the same once more.
    """

    things: tuple[tuple[str, ...], ...] = ()
    index: str = Field("", description="the label of a device's short name, given to families that lack it")
    beside: tuple[str, ...] = Field((), description="labels that tell apart what one thing says of itself")
    copies: tuple[str, ...] = Field((), description="patterns of labels that tell nothing apart")
    slices: str = Field("", description="the label whose leading number is a part's weight, such as 3g.40gb")


@dataclass(frozen=True, slots=True)
class Family:
    """What the rules say of one family: the law by which its samples count, and what parts of a device tell."""

    counted: str = ""
    parts: Parts = "own"


class Mapping(Section):
    """A whole table. `epoch` is the family whose change means that counters begin anew."""

    version: int = 1
    epoch: str = ""
    blanks: tuple[float, ...] = Field((), description="values that mean: not measured; from 2^53 on, for all rules")
    device_prefix: str = ""
    device_more: str = Field("", description="a second label of a device, such as a MIG instance; parts of the first")
    unsupported: tuple[float, ...] = Field((), description="blanks that mean: the device has no such thing")
    prefixes: tuple[str, ...] = Field((), description="how the exporter's own families begin; tells what is not mapped")
    identity: Things = Field(default_factory=lambda: Things.model_validate({}))
    labels: dict[str, tuple[str, ...]] = Field(
        default_factory=dict[str, tuple[str, ...]], description="a label -> what other releases call it"
    )
    renamed: dict[str, Annotated[Renamed, BeforeValidator(_renamed)]] = Field(
        default_factory=dict[str, Renamed], description="another release's family -> the one that the rules speak of"
    )
    renamed_prefixes: dict[str, str] = Field(
        default_factory=dict[str, str], description="how families of another release begin -> how the rules call them"
    )
    rules: tuple[Rule, ...]

    def unmapped(self, unread: frozenset[str]) -> tuple[str, ...]:
        """The exporter's own families that no rule reads, each once."""
        own = {stem(name) for name in unread if name.startswith(self.prefixes)} if self.prefixes else set[str]()
        return tuple(sorted(own - self.names))

    def wanted(self, name: str) -> bool:
        """Whether a sample of this name is of use."""
        now = self.canonical(name)[0]
        return now in self.names or stem(now) in self.names

    def canonical(self, name: str) -> tuple[str, float]:
        """(the rules' name of a sample, what its value is multiplied by)."""
        base, suffix = split_name(name)
        for known, more in ((name, ""), (base, suffix)):
            if (now := self.renamed.get(known)) is not None:
                return now.name + ("" if more == "_total" else more), now.factor
        for begins, prefix in self.renamed_prefixes.items():
            if name.startswith(begins):
                return prefix + name.removeprefix(begins), 1.0
        return name, 1.0

    def family(self, name: str) -> Family:
        """What the rules say of a sample of that name."""
        return self._families.get(stem(name), _PLAIN)  # with `_total` or without: releases differ in that

    @property
    def part(self) -> str:
        """The label of a device's parts."""
        return self.device_more

    @cached_property
    def beside(self) -> frozenset[str]:
        """Labels that tell apart what one thing says of itself: those that the rules filter by among them."""
        filters = {label for rule in self.rules for label in (*rule.where, *rule.unless, *rule.needs, *rule.aside)}
        codes = {rule.label for rule in self.rules if rule.label}
        own = {*self.identity.beside, "le", "quantile", self.device_more}
        return frozenset((filters | codes | own) - {""})

    @cached_property
    def kept(self) -> frozenset[str]:
        """Labels that are never taken for a replica's mark: this exporter means something by them."""
        return frozenset(self.identity.beside)

    @cached_property
    def _families(self) -> dict[str, Family]:
        found: dict[str, Family] = {}
        for rule in self.rules:
            for name in rule.every:
                before = found.get(stem(name), _PLAIN)
                parts = rule.parts if rule.parts != "own" else before.parts
                found[stem(name)] = Family(rule.counted or before.counted, parts)
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """Every family that a rule reads."""
        found = {family for rule in self.rules for family in rule.every}
        found |= {rule.only_if for rule in self.rules if rule.only_if} | ({self.epoch} if self.epoch else set())
        found |= {rule.limit for rule in self.rules if rule.limit}
        found |= {join.family for rule in self.rules for join in rule.joined}
        return frozenset(found | {stem(name) for name in found})


_PLAIN = Family()


def split_name(name: str) -> tuple[str, str]:
    """(family, suffix) of a sample's name.

    >>> split_name("x_seconds_bucket"), split_name("x")
    (('x_seconds', '_bucket'), ('x', ''))
    """
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix), suffix
    return name, ""


def stem(name: str) -> str:
    """The family of a sample's name."""
    return split_name(name)[0]


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
        raise BadParameter("mapping", name, allowed=builtin(), why="is not a mapping, nor a file mappings/NAME.toml")
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
