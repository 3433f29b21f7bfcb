"""What extends the engine: the files of a folder, exactly one thing a file, and what installed packages declare.

A package that is installed beside Plimsoll adds collectors, rules, advisers and detectors by entry points:

    [project.entry-points."plimsoll.rules"]
    crowd = "my_package:RULE"
"""

import importlib
import importlib.util
import pkgutil
import re
from functools import cache
from importlib.abc import InspectLoader
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from types import ModuleType
from typing import Any, Literal, TypeAlias, TypeVar

from plimsoll.errors import ConfigError, shown

T = TypeVar("T")
Group: TypeAlias = Literal["collectors", "rules", "advisers", "detectors"]


def discover(package: ModuleType, constant: str, kind: type[T]) -> dict[str, T]:
    """Each module of `package` that defines `constant` -> {module name: its value}, by name.

    A module without the constant is a helper, and is not imported; one whose constant has another type is a mistake.
    """
    found: dict[str, T] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if not _defines(package, info, constant):
            continue
        value = getattr(importlib.import_module(f"{package.__name__}.{info.name}"), constant, None)
        if value is None:
            continue
        if not isinstance(value, kind):
            raise TypeError(f"{package.__name__}.{info.name}.{constant} must be a {kind.__name__}")
        found[info.name] = value
    return found


def _defines(package: ModuleType, info: pkgutil.ModuleInfo, constant: str) -> bool:
    """Whether the module's text sets the constant; a module without text, or a folder, is imported to find out."""
    spec = importlib.util.find_spec(f"{package.__name__}.{info.name}")
    loader = None if spec is None or info.ispkg else spec.loader
    text = loader.get_source(f"{package.__name__}.{info.name}") if isinstance(loader, InspectLoader) else None
    return text is None or re.search(rf"^{constant}\b", text, re.MULTILINE) is not None


@cache
def declared(group: Group) -> tuple[EntryPoint, ...]:
    """What installed packages declare, by name; nothing is imported. Of two with one name neither could be meant.

    Raises ConfigError for a name that two packages declare.
    """
    found = sorted(entry_points(group=f"plimsoll.{group}"), key=lambda one: (one.name, package_of(one)))
    for one, other in pairwise(found):
        if one.name == other.name:
            raise ConfigError(
                f"{package_of(one)} and {package_of(other)}: both add {group} {shown(one.name)}; remove one"
            )
    return tuple(found)


def installed(group: Group, kind: type[T] | None = None) -> dict[str, T]:
    """What installed packages add, by name; `kind` is what each must be.

    Raises ConfigError, naming the package, for what cannot be loaded or is something else.
    """
    return {one.name: _load(one, kind) for one in declared(group)}


def package_of(one: EntryPoint) -> str:
    """The package that declares it, as messages call it."""
    return f"package {one.dist.name}" if one.dist is not None else f"entry point {one.value}"


def _load(one: EntryPoint, kind: type[Any] | None) -> Any:  # noqa: ANN401 - whatever the package declares
    try:
        value = one.load()
    except Exception as error:
        raise ConfigError(
            f"{package_of(one)}: {shown(one.value)} cannot be loaded ({type(error).__name__}: {shown(error)});"
            " update the package, or remove it"
        ) from error
    if kind is not None and not isinstance(value, kind):
        raise ConfigError(
            f"{package_of(one)}: {shown(one.value)} has the type {type(value).__name__}, not {kind.__name__}"
        )
    return value
