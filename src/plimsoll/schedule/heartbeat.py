"""What drives a project, as far as files tell: a scheduler that goes on, or ticks that come every so often."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from plimsoll.project import Project
from plimsoll.schedule.project_lock import HEARTBEAT, Owner, owner


@dataclass(frozen=True, slots=True)
class Driven:
    """`owner` owns the project now; `reported` is what it, or the last `plimsoll tick`, wrote of itself."""

    owner: Owner | None
    reported: Mapping[str, Any]

    @property
    def reads_since(self) -> datetime | None:
        """Since when sources are read: the start of the scheduler, or two ticks ago; None where they are not."""
        if self.owner is not None and self.owner.command.startswith("up"):
            return datetime.fromisoformat(self.owner.started)
        if self.reported.get("command") != "tick" or not self.reported.get("everyS"):
            return None
        return datetime.fromisoformat(self.reported["at"]) - timedelta(seconds=float(self.reported["everyS"]))

    @property
    def between_s(self) -> float:
        """Seconds that may pass between two ticks, where ticks are what drives the project; else 0."""
        return 1.5 * float(self.reported.get("everyS", 0.0))

    def grace(self, deadline_s: float) -> timedelta:
        """How late a job may be: its deadline; where ticks come less often than that, the time between two of them."""
        return timedelta(seconds=max(deadline_s, self.between_s))


def driven(project: Project) -> Driven:
    """What drives it now."""
    try:
        reported: dict[str, Any] = json.loads((project.data / HEARTBEAT).read_bytes())
        reported = reported if datetime.fromisoformat(reported["at"]) else {}
    except (OSError, ValueError, KeyError, TypeError):
        reported = {}
    return Driven(owner(project.data), reported)
