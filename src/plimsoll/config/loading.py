"""Settings: TOML layers -> frozen, typed, bounded values that remember where they came from.

A setting is declared once, as a field of a `Section` beside its only use. `load` merges the layers key by key (built-in
first, the user's last), refuses unknown keys with file, line and nearest known name, and validates.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from plimsoll.clock import duration_s
from plimsoll.config.renamed import new_name
from plimsoll.errors import BadParameter, ConfigError, UnknownSetting, shown

MAX_FILE_BYTES = 1_000_000


class Section(BaseModel):
    """The base of every `[section]`: frozen, nothing unknown, no silent conversion from text to number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True, allow_inf_nan=False, defer_build=True
    )

    @classmethod
    def by_key(cls) -> dict[str, str]:
        """The field of each key as it is written: the key `for` is the field `for_`, since `for` is Python's word."""
        return {name.removesuffix("_"): name for name in cls.model_fields}

    @classmethod
    def durations(cls) -> frozenset[str]:
        """The fields that are written as "30s" and kept in seconds."""
        return frozenset(
            name for name, field in cls.model_fields.items() if _is_duration((*field.metadata, field.annotation))
        )


def _duration(value: object) -> float:
    if not isinstance(value, str):
        raise ValueError('write a number and its unit in quotes: "30s", "5m", "1h", "7d"')  # noqa: TRY004 - pydantic's way
    try:
        return duration_s(value)
    except BadParameter as error:
        raise ValueError('is not a duration; write a number and a unit: "30s", "5m", "1h", "7d"') from error


def _is_duration(parts: Iterable[object]) -> bool:
    return any(getattr(part, "func", None) is _duration or _is_duration(get_args(part)) for part in parts)


Duration = Annotated[float, BeforeValidator(_duration)]
"""A setting written as "30s", "5m", "1h"; held in seconds. Give bounds with `Field(ge=..., le=...)` in seconds."""


class _Tree(dict[str, "_Tree"]):
    """The parts of dotted names, one below the other."""


_END = ""
_USERINFO = re.compile(r"//[^/@\s]+@")
S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Layer:
    """One config.toml: its text and the name by which messages call it."""

    origin: str
    text: str

    @classmethod
    def read(cls, path: Path, *, origin: str | None = None) -> "Layer":
        """The file's text, or one line that says why it cannot be a config."""
        name = origin or path.name
        try:
            raw = path.read_bytes()
        except IsADirectoryError as error:
            raise ConfigError(f"{name}: is a folder; a config.toml is a file") from error
        except OSError as error:
            raise ConfigError(f"{name}: cannot be read ({error.strerror})") from error
        if len(raw) > MAX_FILE_BYTES:
            raise ConfigError(f"{name}: {len(raw):,} bytes; a config is at most {MAX_FILE_BYTES:,}")
        try:
            return cls(name, raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ConfigError(f"{name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error

    def parsed(self) -> dict[str, Any]:
        """The TOML of the layer; a syntax error names line and column."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{self.origin}: {shown(error)}") from error

    def commented_section(self, path: Sequence[str]) -> tuple[int, tuple[str, ...]] | None:
        """The line and name of a section that is commented out, if that stands last above a key; None if none does."""
        return _places(self.text).commented.get(tuple(path))

    def line_of(self, path: Sequence[str]) -> str:
        """`file:line` of a key: the place to look at; the file alone where the key has no line of its own."""
        line = _places(self.text).lines.get(tuple(path))
        return self.origin if line is None else f"{self.origin}:{line}"


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each key and section of one text stands, and the commented section last above a key."""

    lines: Mapping[tuple[str, ...], int]
    commented: Mapping[tuple[str, ...], tuple[int, tuple[str, ...]] | None]


@lru_cache(maxsize=4)
def _places(text: str) -> _Places:
    """One pass over the lines: what is asked for once a key must not cost a pass each."""
    lines: dict[tuple[str, ...], int] = {}
    commented: dict[tuple[str, ...], tuple[int, tuple[str, ...]] | None] = {}
    section: tuple[str, ...] = ()
    above: tuple[int, tuple[str, ...]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            section, above = _dotted(header[1]), None
            for depth in range(1, len(section) + 1):  # [targets.a] is also the first place of targets
                lines.setdefault(section[:depth], number)
        elif title := re.match(r"\s*#\s*\[([a-z][^\]\[]*)\]\s*(#.*)?$", line):
            above = (number, _dotted(title[1]))
        elif key := re.match(r"\s*([^=#]+?)\s*=", line):
            path = (*section, *_dotted(key[1]))
            lines.setdefault(path, number)
            commented.setdefault(path, above)
    return _Places(lines, commented)


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", text))


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of a project, by section name, and the origin of every key."""

    sections: Mapping[str, Section]
    origins: Mapping[tuple[str, ...], str]

    def under(self, prefix: str, kind: type[S]) -> dict[str, S]:
        """The sections `[prefix.NAME]` by the names that the user chose."""
        return {
            name.removeprefix(f"{prefix}."): section
            for name, section in self.sections.items()
            if name.startswith(f"{prefix}.") and isinstance(section, kind)
        }

    def get(self, name: str, kind: type[S]) -> S:
        """The section `name`, typed."""
        section = self.sections[name]
        assert isinstance(section, kind)  # noqa: S101 - a wiring mistake of ours, not of the user
        return section


def load(layers: Sequence[Layer], kinds: Mapping[str, type[Section]]) -> Config:
    """Merges the layers key by key and validates each section.

    `kinds` maps a dotted section name (`collect`, `collectors.host`) to its class; a name that ends in `.*`
    (`lines.*`) stands for a table of tables, each of that class, under names that the user chooses.
    """
    merged: dict[str, Any] = {}
    known = _known_keys(kinds)
    origins: dict[tuple[str, ...], str] = {}
    for layer in layers:
        tree = layer.parsed()
        for path, value in _leaves(tree, ()):
            if layer is not layers[0]:  # the built-in one, whose sections are all there
                _refuse_below_a_comment(path, layer, kinds)
            _refuse_unknown(path, value, layer, known)
            if value != {} or path[:-1]:
                _put(merged, path, value)
                origins[path] = layer.line_of(path)
    sections: dict[str, Section] = {}
    for name, kind in kinds.items():
        if name.endswith(".*"):
            prefix = name.removesuffix(".*")
            for key, table in sorted(_at(merged, prefix).items()):
                sections[f"{prefix}.{key}"] = _validated(kind, f"{prefix}.{key}", table, origins)
        else:
            own = {k: v for k, v in _at(merged, name).items() if k in kind.by_key()}
            sections[name] = _validated(kind, name, own, origins)
    return Config(sections, origins)


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            found.extend(_leaves(value, (*path, key)) or [((*path, key), {})])  # pyright: ignore[reportUnknownArgumentType]
        else:
            found.append(((*path, key), value))
    return found


def _known_keys(kinds: Mapping[str, type[Section]]) -> _Tree:
    """Every key of every section as a tree of its parts; `_END` stands where a key ends."""
    tree = _Tree()
    for name, kind in kinds.items():
        for key in kind.by_key():
            node = tree
            for part in (*name.split("."), key):
                node = node.setdefault(part, _Tree())
            node[_END] = _Tree()
    return tree


def _refuse_unknown(path: tuple[str, ...], value: object, layer: Layer, known: _Tree) -> None:
    """Every leaf must be a key of some section; the first part that leads nowhere is what the message names."""
    nodes = [known]
    for depth, part in enumerate(path):
        following = [node[name] for node in nodes for name in (part, "*") if name in node]
        if not following:
            if (new := new_name(path)) is not None:
                where = layer.line_of(path)
                raise ConfigError(f"{where}: {'.'.join(path)} is now {new}; rewrite the file with: plimsoll upgrade")
            here = {name for node in nodes for name in node if name != _END}
            raise UnknownSetting(part, layer.line_of(path[: depth + 1]), here or {".".join(path[:depth])})
        nodes = following
        if any(_END in node for node in nodes):
            return  # a key, or a part of its value, which is itself a table
    if value != {}:
        raise ConfigError(f"{layer.line_of(path)}: {'.'.join(path)} is a section; write it as [{'.'.join(path)}]")


def _refuse_below_a_comment(path: tuple[str, ...], layer: Layer, kinds: Mapping[str, type[Section]]) -> None:
    """A key whose section's line is still a comment would be taken for another section's: it is refused."""
    place = layer.commented_section(path)
    if place is None:
        return
    line, section = place
    fields = [kind.model_fields for name, kind in kinds.items() if _named(name, section)]
    if section != path[:-1] and any(path[-1] in field for field in fields):
        title = ".".join(section)
        raise ConfigError(
            f'{layer.line_of(path)}: "{shown(path[-1])}" is a setting of [{title}], and that line is a comment;'
            f" take the # away from line {line} too: [{title}]"
        )


def _named(kind: str, section: tuple[str, ...]) -> bool:
    pattern = tuple(kind.split("."))
    return len(pattern) == len(section) and _matches(pattern, section)


def _matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return all(p in ("*", q) for p, q in zip(pattern, path, strict=True))


def _put(tree: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _at(tree: Mapping[str, Any], dotted: str) -> Mapping[str, Any]:
    for part in dotted.split("."):
        tree = tree.get(part, {})
    return tree


def _validated(kind: type[S], name: str, table: Mapping[str, Any], origins: Mapping[tuple[str, ...], str]) -> S:
    try:
        fields = kind.by_key()
        return kind.model_validate({fields.get(key, key): value for key, value in as_frozen(table).items()})
    except ValidationError as error:
        first = error.errors()[0]
        field = tuple(str(part).removesuffix("_") for part in first["loc"])
        says = first["msg"].removeprefix("Value error, ")
        given = (
            ""
            if first["type"] == "missing" or not field
            else f' = "{shown(_USERINFO.sub("//***@", str(first["input"])))}"'
        )
        label = f"[{name}] {'.'.join(field)}{given}".rstrip()
        raise ConfigError(f"{_nearest_origin((*name.split('.'), *field), origins)}: {label}: {says}") from error


def as_frozen(table: Mapping[str, object]) -> dict[str, object]:
    """A table of TOML with tuples in place of its lists."""
    return {key: _frozen(value) for key, value in table.items()}


def _frozen(value: object) -> object:
    """TOML's lists as tuples: settings are immutable all the way down."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return value


def _nearest_origin(path: tuple[str, ...], origins: Mapping[tuple[str, ...], str]) -> str:
    """Where the key itself stands, else the first key of the same table, else the built-in file."""
    for length in range(len(path), 0, -1):
        for known, origin in origins.items():
            if known[:length] == path[:length]:
                return origin
    return "config.toml"
