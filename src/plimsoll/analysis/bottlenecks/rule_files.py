"""Where rules come from: `rules/`, `thresholds.toml`, installed packages, and a project's own `rules/*.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from plimsoll.analysis.bottlenecks import rules as folder
from plimsoll.analysis.bottlenecks.limits import refused
from plimsoll.analysis.bottlenecks.rule import AnyRule, Rule
from plimsoll.analysis.bottlenecks.threshold import ThresholdRule
from plimsoll.config import MAX_FILE_BYTES, as_frozen
from plimsoll.errors import ConfigError, nearest, shown
from plimsoll.extensions import declared, discover, installed, package_of

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_FILES: Final = 200


@cache
def thresholds() -> Mapping[str, ThresholdRule]:
    """The built-in rules that are data."""
    text = (resources.files("plimsoll.analysis.bottlenecks") / "thresholds.toml").read_text("utf-8")
    return _tables("thresholds.toml", text)


@cache
def built_in() -> Mapping[str, AnyRule]:
    """Every rule that comes with Plimsoll or with an installed package, by name."""
    files: Mapping[str, AnyRule] = discover(folder, "RULE", Rule)
    found = {rule.name: rule for rule in files.values()}
    found |= {name: table.rule(name) for name, table in thresholds().items()}
    for one in declared("rules"):
        if one.name in found:
            raise ConfigError(f"{package_of(one)}: a rule {shown(one.name)} comes with Plimsoll; it needs another name")
    packages: Mapping[str, AnyRule] = installed("rules", Rule)
    for one, rule in zip(declared("rules"), packages.values(), strict=True):
        if rule.name != one.name:
            raise ConfigError(f"{package_of(one)}: the rule {shown(rule.name)} is declared as {shown(one.name)}")
        found[one.name] = replace(rule, origin=package_of(one))
    return dict(sorted(found.items()))


def rules(own: Path | None = None, given: Mapping[str, Mapping[str, float]] | None = None) -> dict[str, AnyRule]:
    """Every rule by name: the built-in ones, then those of the folder `own`, with the limits of `given`.

    Raises ConfigError, in one line with file, table and key, where a file of the project cannot be used.
    """
    found = {**built_in(), **(_own(own) if own is not None else {})}
    for rule in found.values():
        if rule.explains - found.keys():
            unknown = min(rule.explains - found.keys())
            near = nearest(unknown, found)
            raise ConfigError(f"{rule.origin}: [{rule.name}] explains: {shown(unknown)} is not a rule{_hint(near)}")
    for name, values in (given or {}).items():
        if (why := refused(name, found[name].limits, values)) is not None:
            raise ConfigError(f"[rules.{name}] {why}")
        found[name] = found[name].with_limits(values)
    return dict(sorted(found.items()))


def _own(own: Path) -> dict[str, AnyRule]:
    """A project's rules; a table named as a built-in rule replaces it."""
    paths = sorted(own.glob("*.toml")) if own.is_dir() else []
    if len(paths) > _MOST_FILES:
        raise ConfigError(f"{own.name}/: {len(paths)} files; a project has at most {_MOST_FILES} files of rules")
    found: dict[str, AnyRule] = {}
    for path in paths:
        origin = f"{own.name}/{shown(path.name)}"
        for name, table in _tables(origin, _read(path, origin)).items():
            if name in found:
                raise ConfigError(f"{origin}: [{name}] is in {found[name].origin} too; keep one of them")
            found[name] = table.rule(name, origin)
    return found


def _read(path: Path, origin: str) -> str:
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_FILE_BYTES else None
    except OSError as error:
        raise ConfigError(f"{origin}: cannot be read ({error.strerror})") from error
    if raw is None:
        raise ConfigError(f"{origin}: larger than {MAX_FILE_BYTES:,} bytes; a file of rules is smaller")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{origin}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _tables(origin: str, text: str) -> dict[str, ThresholdRule]:
    try:
        parsed = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{origin}: {shown(error)}") from error
    return {name: _table(origin, name, values) for name, values in parsed.items()}


def _table(origin: str, name: str, values: Any) -> ThresholdRule:  # noqa: ANN401 - whatever TOML holds
    if not isinstance(values, dict):
        raise ConfigError(f"{origin}: {shown(name)} is not a table; a rule is [NAME] with its keys below")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{origin}: [{shown(name)}] is not a name; use a to z, 0 to 9 and _, at most 64")
    try:
        return ThresholdRule.model_validate(as_frozen(cast("dict[str, object]", values)))
    except ValidationError as error:
        raise ConfigError(f"{origin}: [{name}] {_why(error)}") from error


def _why(error: ValidationError) -> str:
    """The first mistake: its key, and what is wrong with it."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    says = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"{shown(key)}: unknown key{_hint(nearest(key, ThresholdRule.model_fields))}"
    if first["type"] == "missing":
        return f"{shown(key)}: is missing"
    return f"{shown(key)}: {says}" if key else says


def _hint(near: str | None) -> str:
    return f"; did you mean {near}?" if near else ""
