"""`plimsoll demo --live`: a finished demo reads on, as time goes by; what it missed comes first."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plimsoll.cli.common import command_name, say
from plimsoll.clock import Clock, floor, instant
from plimsoll.config.engine import Collect
from plimsoll.errors import UsageError
from plimsoll.project import Project
from plimsoll.tables import SAMPLES

if TYPE_CHECKING:
    from plimsoll.simulator import Fleet

TRUTH: Final = "truth.json"
UNFINISHED: Final = ".demo-unfinished"
_COMPACT_AFTER: Final = 30


def is_finished(folder: Path) -> bool:
    """Whether a demo that was made whole is in the folder."""
    return (folder / TRUTH).is_file() and (folder / "config.toml").is_file() and not (folder / UNFINISHED).exists()


def read_on(project: Project, clock: Clock, *, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Appends the readings that are due, one round after the other, for as long as it `goes_on`."""
    fleet, command = _fleet(project), command_name()
    again = shlex.join([command, "up", "--serve", "--project", str(project.root)])
    say(f"reading on, every {fleet.interval_s} s, until Ctrl-C; in another terminal: {again}")
    rounds = 0
    while goes_on():
        if brought := bring(project, fleet, clock.now()):
            rounds += 1
            if brought > len(fleet.members) or rounds % _COMPACT_AFTER == 0:
                project.lake.compact(now=clock.now())
        clock.sleep(fleet.interval_s - clock.now().timestamp() % fleet.interval_s)


def bring(project: Project, fleet: "Fleet", now: datetime) -> int:
    """The readings after the last one and up to now; gives how many rounds of the fleet came."""
    known = project.lake.snapshot(proven=False).span(SAMPLES)
    step = timedelta(seconds=fleet.interval_s)
    since = fleet.until if known is None else max(fleet.until, known[1] + timedelta(milliseconds=1))
    later = replace(fleet, until=floor(now, fleet.interval_s) + timedelta(milliseconds=1))
    if later.until <= since:
        return 0
    day = since.date()
    while day <= later.until.date():
        for part in later.parts(day):
            if (new := part.filter(part["ts"] >= since)).height:
                project.lake.append(SAMPLES, new, collector="simulator")
        day += timedelta(days=1)
    return max(1, round((later.until - since) / step))


def _fleet(project: Project) -> "Fleet":
    """The fleet of the demo, as it was planted."""
    from plimsoll.simulator import Fleet

    try:
        truth = json.loads((project.root / TRUTH).read_bytes())
        since, until = instant(truth["since"]), instant(truth["until"])
        every = round(project.config().get("collect", Collect).every)
        resources, seed = int(truth["resources"]), int(truth["seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{project.root / TRUTH}: does not tell of a demo; make one: plimsoll demo DIR") from error
    return Fleet.build(resources=resources, days=(until - since).days, seed=seed, until=until, interval_s=every)
