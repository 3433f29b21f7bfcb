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
    from plimsoll.analysis.advice.model import Advice, Adviser
    from plimsoll.analysis.bottlenecks.limits import Limits
    from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
    from plimsoll.collectors.contract import Collector
    from plimsoll.errors import PlimsollError
    from plimsoll.lake import Lake
    from plimsoll.metrics import CATALOGUE, Metric
    from plimsoll.project import Project, open_project
    from plimsoll.project.analyses import anomalies, capacity, optimization, performance, readings
    from plimsoll.project.context import Context, Job, job

__all__ = [
    "CATALOGUE",
    "Advice",
    "Adviser",
    "Bottleneck",
    "Collector",
    "Context",
    "History",
    "Job",
    "Lake",
    "Limits",
    "Metric",
    "Place",
    "PlimsollError",
    "Project",
    "Rule",
    "__version__",
    "anomalies",
    "capacity",
    "documents",
    "job",
    "open_project",
    "optimization",
    "performance",
    "readings",
    "tasks",
]

_HOMES = {
    "Advice": "plimsoll.analysis.advice.model",
    "Adviser": "plimsoll.analysis.advice.model",
    "Bottleneck": "plimsoll.analysis.bottlenecks.rule",
    "CATALOGUE": "plimsoll.metrics",
    "Collector": "plimsoll.collectors.contract",
    "Context": "plimsoll.project.context",
    "History": "plimsoll.analysis.bottlenecks.rule",
    "Job": "plimsoll.project.context",
    "Lake": "plimsoll.lake",
    "Limits": "plimsoll.analysis.bottlenecks.limits",
    "Metric": "plimsoll.metrics",
    "Place": "plimsoll.analysis.bottlenecks.rule",
    "PlimsollError": "plimsoll.errors",
    "Project": "plimsoll.project",
    "Rule": "plimsoll.analysis.bottlenecks.rule",
    "anomalies": "plimsoll.project.analyses",
    "capacity": "plimsoll.project.analyses",
    "job": "plimsoll.project.context",
    "open_project": "plimsoll.project",
    "optimization": "plimsoll.project.analyses",
    "performance": "plimsoll.project.analyses",
    "readings": "plimsoll.project.analyses",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in __all__:
        return import_module(f"plimsoll.{name}")
    raise AttributeError(f"module 'plimsoll' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
