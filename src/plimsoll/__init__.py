"""Plimsoll: every resource has a load line; the report says who is over it, who will be, and what to do.

This module is the public face: everything that a job, a notebook or another program needs is imported from here.
Names are loaded when they are first used, so that `import plimsoll` costs nothing.

>>> import plimsoll
>>> sorted(name for name in plimsoll.__all__ if name.startswith("open"))
['open_project']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from plimsoll.version import __version__

if TYPE_CHECKING:
    from plimsoll import documents, tasks
    from plimsoll.errors import PlimsollError
    from plimsoll.lake import Lake
    from plimsoll.metrics import CATALOGUE, Metric
    from plimsoll.project import Project, open_project
    from plimsoll.project.context import Context, Job, job

__all__ = [
    "CATALOGUE",
    "Context",
    "Job",
    "Lake",
    "Metric",
    "PlimsollError",
    "Project",
    "__version__",
    "documents",
    "job",
    "open_project",
    "tasks",
]

_HOMES = {
    "CATALOGUE": "plimsoll.metrics",
    "Context": "plimsoll.project.context",
    "Job": "plimsoll.project.context",
    "Lake": "plimsoll.lake",
    "Metric": "plimsoll.metrics",
    "PlimsollError": "plimsoll.errors",
    "Project": "plimsoll.project",
    "job": "plimsoll.project.context",
    "open_project": "plimsoll.project",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in __all__:
        return import_module(f"plimsoll.{name}")
    raise AttributeError(f"module 'plimsoll' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
