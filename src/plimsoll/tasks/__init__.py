"""What the shipped jobs do, one module a job: it takes the job's context and uses queries, publishing, the ledger."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.tasks import (
        compact,
        dead_mans_switch,
        deliver,
        learn_baselines,
        owed_deliveries,
        report,
        retention,
        ship,
        track_outcomes,
        watch_alerts,
        watch_findings,
    )

__all__ = [
    "compact",
    "dead_mans_switch",
    "deliver",
    "learn_baselines",
    "owed_deliveries",
    "report",
    "retention",
    "ship",
    "track_outcomes",
    "watch_alerts",
    "watch_findings",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module
    """Loads a task when it is first used: a collecting host must not load what reports need."""
    if name in __all__:
        return import_module(f"plimsoll.tasks.{name}")
    raise AttributeError(f"module 'plimsoll.tasks' has no attribute {name!r}")
