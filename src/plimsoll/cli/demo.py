"""`plimsoll demo`: a simulated fleet with planted incidents, from its history to its reports."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import track

from plimsoll.cli.common import say, the_clock
from plimsoll.cli.demo_live import UNFINISHED, is_finished, read_on
from plimsoll.cli.instants import past_instant
from plimsoll.cli.project import make_project
from plimsoll.clock import duration_s, floor, rfc3339
from plimsoll.errors import BadParameter
from plimsoll.project import Project
from plimsoll.project.runner import run_job

_SHORTEST_S, _LONGEST_S, _DAY_S = 10, 3600, 86_400
_SEGMENTS = 32
_PARTS: Final = ("config.toml", "data", "jobs", "reports", "truth.json")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project folder to make.")],
    resources: Annotated[int, typer.Option(min=5, max=10_000, help="How many resources.")] = 48,
    days: Annotated[int, typer.Option(min=1, max=400, help="How much history.")] = 30,
    every: Annotated[str, typer.Option(help="Time between two readings: 10s to 1h, 5m for thousands of them.")] = "60s",
    seed: Annotated[int, typer.Option(min=0, help="Another number, another fleet.")] = 1,
    until: Annotated[str | None, typer.Option(help="The end of history; default: the present minute.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Then read on, as time goes by, until Ctrl-C.")] = False,
) -> None:
    """Makes a project that holds a simulated fleet: its lake, the planted truth, its published reports."""
    if live and is_finished(folder):
        read_on(Project.open(folder, here=Path.cwd()), the_clock())
        return
    end = _end_of_history(until)
    if end - timedelta(days=days) < datetime.fromisoformat("1971-01-01T00:00:00Z"):
        raise BadParameter("--until", until, why="is too early: history would begin before 1971")
    interval_s = duration_s(every, name="--every")
    if not _SHORTEST_S <= interval_s <= _LONGEST_S or _DAY_S % interval_s:
        raise BadParameter("--every", every, why="is not 10s to 1h, or does not divide a day")
    _clear_unfinished(folder)
    make_project(folder, overrides=f'[plimsoll]\nname = "demo fleet"\n\n[collect]\nevery = "{round(interval_s)}s"\n')
    project = Project.open(folder, here=Path.cwd())
    fill(project, resources=resources, days=days, seed=seed, until=end, interval_s=round(interval_s))
    _report(project, end)
    (folder / UNFINISHED).unlink()
    if live:
        read_on(project, the_clock())


def _end_of_history(until: str | None) -> datetime:
    """The full minute at which the readings end: the present one, if no other was asked for."""
    zone, now = ZoneInfo("UTC"), the_clock().now()
    return floor(past_instant(until, name="--until", zone=zone, now=now) if until else now, 60)


def _clear_unfinished(folder: Path) -> None:
    """A demo that was interrupted is begun anew; what a finished one made, or anybody else, is never touched."""
    mark = folder / UNFINISHED
    if mark.exists():
        say(f"{folder}: an earlier demo was interrupted here; it begins anew")
        for part in _PARTS:
            path = folder / part
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    if not (folder / "config.toml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        mark.write_text("plimsoll demo is at work here, or was interrupted\n", encoding="ascii")


def fill(project: Project, *, resources: int, days: int, seed: int, until: datetime, interval_s: int) -> None:
    """Inventory, readings day by day and part by part, and beside them what was planted."""
    from plimsoll.simulator import Fleet
    from plimsoll.tables import RESOURCES, SAMPLES

    fleet = Fleet.build(resources=resources, days=days, seed=seed, until=until, interval_s=interval_s)
    lake = project.lake
    lake.append(RESOURCES, fleet.resources(), collector="simulator")
    console = Console(stderr=True, markup=False, highlight=False)
    written = 0
    for day in track(fleet.dates(), description="simulating", console=console, transient=True):
        for part in fleet.parts(day):
            lake.append(SAMPLES, part, collector="simulator")
            written += 1
        if written >= _SEGMENTS:
            lake.compact(now=the_clock().now(), grace_s=0)
            written = 0
    lake.compact(now=the_clock().now(), grace_s=0)
    lake.compact(now=the_clock().now(), grace_s=0)
    truth = json.dumps(fleet.truth(), indent=2, sort_keys=True) + "\n"
    (project.root / "truth.json").write_text(truth, encoding="utf-8")
    say(f"{resources} resources, {days} days to {rfc3339(until)}, {len(fleet.incidents)} planted incidents")


def _report(project: Project, end: datetime) -> None:
    from plimsoll.cli.report import publish
    from plimsoll.documents.report_kinds import REPORT_KINDS

    run_job(project, "learn", clock=the_clock(), as_of=end)
    for kind in REPORT_KINDS:
        publish(project, kind, rfc3339(end))
        typer.echo("")
    typer.echo(f"the planted truth is {project.root / 'truth.json'}")
