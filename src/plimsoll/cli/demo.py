"""`plimsoll demo`: a simulated fleet with planted incidents, from its history to its reports."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from plimsoll.cli.common import as_of_or_now, say, the_clock
from plimsoll.cli.project import make_project
from plimsoll.clock import floor, rfc3339
from plimsoll.errors import BadParameter
from plimsoll.project import Project
from plimsoll.runner import run_job

_INTERVAL_S = 60


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project folder to make.")],
    resources: Annotated[int, typer.Option(min=5, max=10_000, help="How many resources.")] = 48,
    days: Annotated[int, typer.Option(min=1, max=400, help="How much history.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Another number, another fleet.")] = 1,
    until: Annotated[str | None, typer.Option(help="The end of history; default: the last full hour.")] = None,
) -> None:
    """Makes a project that holds a simulated fleet: its lake, the planted truth, its published reports."""
    end = floor(as_of_or_now(until), 3600)
    if end - timedelta(days=days) < datetime.fromisoformat("1971-01-01T00:00:00Z"):
        raise BadParameter("--until", until, why="is too early: history would begin before 1971")
    make_project(folder, overrides='[plimsoll]\nname = "demo fleet"\n\n[collect]\nevery = "60s"\n')
    project = Project.open(folder, here=Path.cwd())
    _fill(project, resources=resources, days=days, seed=seed, until=end)
    _report(project, end)


def _fill(project: Project, *, resources: int, days: int, seed: int, until: datetime) -> None:
    """Inventory, readings day by day, and beside them what was planted."""
    from plimsoll.simulator import Fleet
    from plimsoll.tables import RESOURCES, SAMPLES

    fleet = Fleet.build(resources=resources, days=days, seed=seed, until=until, interval_s=_INTERVAL_S)
    lake = project.lake
    lake.append(RESOURCES, fleet.resources(), collector="simulator")
    console = Console(stderr=True, markup=False, highlight=False)
    for day in track(fleet.dates(), description="simulating", console=console, transient=True):
        lake.append(SAMPLES, fleet.day(day), collector="simulator")
    lake.compact(now=the_clock().now(), grace_s=0)
    lake.compact(now=the_clock().now(), grace_s=0)
    truth = json.dumps(fleet.truth(), indent=2, sort_keys=True) + "\n"
    (project.root / "truth.json").write_text(truth, encoding="utf-8")
    say(f"{resources} resources, {days} days to {rfc3339(until)}, {len(fleet.incidents)} planted incidents")


def _report(project: Project, end: datetime) -> None:
    from plimsoll.cli.report import KINDS, publish

    run_job(project, "learn", clock=the_clock(), as_of=end)
    for kind in KINDS:
        publish(project, kind, rfc3339(end))
        typer.echo("")
    typer.echo(f"the planted truth is {project.root / 'truth.json'}")
