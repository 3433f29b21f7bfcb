"""Exactly one thing per file: finds the extensions of a folder without importing them by hand."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def discover(package: ModuleType, constant: str, kind: type[T]) -> dict[str, T]:
    """Each module of `package` that defines `constant` -> {module name: its value}, by name.

    A module without the constant is a helper and is left out; one whose constant has another type is a mistake.
    """
    found: dict[str, T] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        value = getattr(importlib.import_module(f"{package.__name__}.{info.name}"), constant, None)
        if value is None:
            continue
        if not isinstance(value, kind):
            raise TypeError(f"{package.__name__}.{info.name}.{constant} must be a {kind.__name__}")
        found[info.name] = value
    return found
