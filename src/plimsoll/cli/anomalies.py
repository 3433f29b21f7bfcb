"""`plimsoll anomalies`: what was unusual."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from plimsoll.cli.common import (
    AsOfOption,
    JsonOption,
    ProjectOption,
    as_of_or_now,
    open_project,
    print_json,
    say,
    the_clock,
)
from plimsoll.cli.judging import losses, not_judged, read_in
from plimsoll.cli.progress import blocks_shown
from plimsoll.clock import duration_s
from plimsoll.documents import Evidence
from plimsoll.documents.anomalies import AnomaliesDocument
from plimsoll.errors import shown
from plimsoll.project.runner import context


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(anomalies)


def anomalies(
    time_range: Annotated[str, typer.Option(help="5m 15m 1h 6h 24h 7d 30d, back from now.")] = "1h",
    granularity: Annotated[str, typer.Option(help="5m 15m 1h 1d; finer ones are analysed by 5m.")] = "5m",
    threshold: Annotated[float | None, typer.Option(help="Only metrics whose z-score is above this.")] = None,
    detector: Annotated[
        str | None,
        typer.Option(help="One detector instead of those that ship: unusual, silence, flat_line, straggler, global_z."),
    ] = None,
    as_of: AsOfOption = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Prints what was unusual, resource by resource, with the reasons."""
    from plimsoll.queries.anomalies import AnomaliesQuery  # polars only where a lake is read
    from plimsoll.queries.anomalies import anomalies as answer
    from plimsoll.queries.window import window_of

    query = AnomaliesQuery.parse(time_range=time_range, granularity=granularity, threshold=threshold, detector=detector)
    with blocks_shown() as tell:
        wired = context(open_project(project), clock=the_clock(), as_of=as_of_or_now(as_of), tell=tell)
        sources = wired.sources()
        document, evidence = answer(sources, query)
    known, _ = read_in(sources, window_of(query, sources.as_of, round(duration_s(granularity))))
    why = not_judged(known)
    if json:
        print_json(document)
        if why:
            say(why)
        return
    _print(document)
    others = _without_z(document, evidence, filtered=threshold is not None)
    for one in others:
        typer.echo(f"{shown(str(one.detail['resource']))}: {one.detail['explanation']}")
    lost = losses(known)
    for line in lost:
        typer.echo(line)
    if not document and not others and not lost and known.judged:
        what = "Nothing unusual" if threshold is None else f"Nothing with a z-score above {threshold:g}"
        typer.echo(f"{what} in the last {time_range}{f'; {why}' if why else ''}.")
    elif why:
        typer.echo(f"{why[:1].upper()}{why[1:]}.")


def _without_z(document: AnomaliesDocument, found: Sequence[Evidence], *, filtered: bool) -> list[Evidence]:
    """Silence, flat lines, shifts: findings without a number beyond its range; silence alone where a z is asked for."""
    told = {entry.id for resource in document for entry in resource.anomalies}
    return [one for one in found if one.subject not in told and (one.observed is None or not filtered)]


def _print(document: AnomaliesDocument) -> None:
    if not document:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("resource", overflow="fold", min_width=16)
    for heading in ("since", "severity", "metric"):
        table.add_column(heading, no_wrap=True)
    for heading in ("value", "expected", "z"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", min_width=30)
    for resource in document:
        said = ""
        for one in resource.anomalies:
            table.add_row(
                Text(shown(resource.resource)),
                one.start,
                one.severity,
                one.metric,
                f"{one.value:.4g}",
                f"{one.expected_low:.4g} – {one.expected_high:.4g}",
                f"{one.z_score:.1f}",
                Text(one.explanation) if one.id != said else "same",
            )
            said = one.id
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = 150
    console.print(table)
