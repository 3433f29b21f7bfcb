"""Exactly one thing per file: finds the extensions of a folder without importing them by hand."""

import importlib
import importlib.util
import pkgutil
import re
from importlib.abc import InspectLoader
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


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
