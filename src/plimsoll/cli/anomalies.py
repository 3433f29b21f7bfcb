"""`plimsoll anomalies`: what was unusual."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

import typer
from rich import box
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
    table_console,
    the_clock,
)
from plimsoll.cli.judging import losses, read_in
from plimsoll.cli.progress import blocks_shown
from plimsoll.clock import duration_s
from plimsoll.documents import Evidence, detailed
from plimsoll.documents.anomalies import AnomaliesDocument
from plimsoll.documents.evidence import FindingDetail, JudgedDetail
from plimsoll.documents.incidents import incidents_of
from plimsoll.errors import shown
from plimsoll.project.runner import context

_NAMED: Final = 5


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(anomalies)


def anomalies(
    time_range: Annotated[str, typer.Option(help="5m 15m 1h 6h 24h 7d 30d, back from now.")] = "1h",
    granularity: Annotated[str, typer.Option(help="5m 15m 1h 1d; finer ones are analyzed by 5m.")] = "5m",
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
    opened = open_project(project)
    with blocks_shown() as tell:
        wired = context(opened, clock=the_clock(), as_of=as_of_or_now(as_of, opened), on_progress=tell)
        sources = wired.sources()
        document, evidence = answer(sources, query)
    judged, detail = next(detailed(evidence, JudgedDetail))
    unjudged = _not_judged(detail.not_judged, judged.samples)
    unjudged += [] if judged.samples else ["No resource is known yet."]
    if json:
        print_json(document)
        for line in unjudged:
            say(line)
        return
    _print(document)
    others = [
        f"{shown(one.resource)}: {one.explanation}"
        for one in _without_z(document, evidence, filtered=threshold is not None)
    ]
    others += _wide(evidence, filtered=threshold is not None)
    others += losses(read_in(sources, window_of(query, sources.as_of, round(duration_s(granularity))))[0])
    for line in others:
        typer.echo(line)
    if not document and not others and judged.observed:
        what = "Nothing unusual" if threshold is None else f"Nothing with a z-score above {threshold:g}"
        typer.echo(f"{what} in the last {time_range}.")
    for line in unjudged:
        typer.echo(line)


def _without_z(document: AnomaliesDocument, found: Sequence[Evidence], *, filtered: bool) -> list[FindingDetail]:
    """Silence, flat lines, shifts: findings without a number beyond its range; silence alone where a z is asked for."""
    known = {entry.id for resource in document for entry in resource.anomalies}
    findings = [pair for pair in detailed(found, FindingDetail) if pair[0].subject not in known]
    return [finding for one, finding in findings if one.observed is None or not filtered]


def _wide(found: Sequence[Evidence], *, filtered: bool) -> Iterator[str]:
    """A line for each incident of several resources, and one for those that are not reported."""
    every = [] if filtered else incidents_of(found)
    for proof, detail in every:
        if detail.reported and len(detail.resources) > 1:
            cause = f"{shown(detail.causes[0].resource)} ({detail.causes[0].why})"
            yield (
                f"{proof.subject}: {len(detail.resources):,} resources since {proof.window.start}, {detail.tie}; "
                f"likely cause: {cause}."
            )
    weaker = sum(not detail.reported for _, detail in every)
    if weaker:
        yield f"{weaker:,} weaker: not shown, beyond [anomalies] most_per_resource_week and three a day."


def _not_judged(why: Mapping[str, str], resources: int) -> list[str]:
    """A line for each reason for which resources were not judged, with the first of their names."""
    of: dict[str, list[str]] = {}
    for name, reason in why.items():
        of.setdefault(reason, []).append(shown(name))
    return [
        f"Not judged: {len(names)} of {resources} resources, {reason}: "
        + ", ".join(names[:_NAMED])
        + (", ..." if len(names) > _NAMED else "")
        for reason, names in sorted(of.items())
    ]


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
    console = table_console()
    console.print(table)
