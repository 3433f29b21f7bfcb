"""`plimsoll collect`: reads the sources now."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from plimsoll.cli.common import ProjectOption, open_to_write, say, the_clock
from plimsoll.clock import Clock, duration_s
from plimsoll.collectors.session import MEMORY, Collecting
from plimsoll.errors import BadParameter
from plimsoll.lake import Lake

_FLUSH_S = 5.0


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(collect)


def collect(
    for_: Annotated[str | None, typer.Option("--for", help="How long: 30s, 5m; default: one reading.")] = None,
    every: Annotated[str, typer.Option("--every", help="Time between two readings.")] = "1s",
    project: ProjectOption = None,
) -> None:
    """Reads every source now, once or for a while, and keeps what they say."""
    opened = open_to_write(project)
    length_s = duration_s(for_, name="--for") if for_ else 0.0
    every_s = duration_s(every, name="--every")
    if not 0.1 <= every_s <= 3600:
        raise BadParameter("--every", every, why="must be between 100ms and 1h")
    collecting = Collecting(opened.config(), opened.root / "mappings", opened.data / MEMORY)
    try:
        rounds = _rounds(collecting, opened.lake, the_clock(), length_s, every_s)
        if opened.spool is None:
            opened.lake.compact(now=the_clock().now())
    finally:
        collecting.close()
    say(f"{rounds} readings of {collecting.identity.resource_id} from {', '.join(collecting.sources)}")


def _rounds(collecting: Collecting, lake: Lake, clock: Clock, length_s: float, every_s: float) -> int:
    """Readings at their due times; one that is late is not made up for."""
    began = flushed = clock.monotonic()
    rounds, due = 0, began
    with _progress() as progress:
        bar = progress.add_task("sampling this machine", total=length_s or None, visible=bool(length_s))
        while True:
            collecting.round(clock.now(), clock.monotonic())
            rounds += 1
            progress.update(bar, completed=clock.monotonic() - began)
            if clock.monotonic() - flushed >= _FLUSH_S:
                collecting.flush(lake)
                flushed = clock.monotonic()
            due = max(due + every_s, clock.monotonic())
            if due - began > length_s:
                break
            clock.sleep(due - clock.monotonic())
    collecting.end(clock.now())
    collecting.flush(lake)
    return rounds


def _progress() -> Progress:
    console = Console(stderr=True, markup=False, highlight=False)
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
    )
