"""`plimsoll optimization`: what holds each resource back, and what to do about it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Annotated

import typer
from msgspec import UNSET
from rich.console import Console

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
from plimsoll.documents import Evidence, detailed
from plimsoll.documents.evidence import MissingMetricsDetail, RulesJudgedDetail, SweepDetail
from plimsoll.documents.optimization import OptimizationDocument, ResourceOptimization
from plimsoll.errors import BadParameter, shown
from plimsoll.project.runner import context


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(optimization)


def optimization(
    time_range: Annotated[str, typer.Option(help="5m 15m 1h 6h 24h 7d 30d, back from now.")] = "24h",
    resource_id: Annotated[list[str] | None, typer.Option(help="A resource to include; repeatable.")] = None,
    no_bottlenecks: Annotated[bool, typer.Option("--no-bottlenecks", help="Leave the bottlenecks out.")] = False,
    no_recommendations: Annotated[
        bool, typer.Option("--no-recommendations", help="Leave the recommendations out.")
    ] = False,
    as_of: AsOfOption = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Prints what holds each resource back, most constrained first, and what to do about it."""
    from plimsoll.queries.optimization import (
        STEP_S,
        OptimizationQuery,  # polars only where a lake is read
    )
    from plimsoll.queries.optimization import optimization as answer
    from plimsoll.queries.window import window_of

    query = OptimizationQuery.parse(
        time_range=time_range,
        resource_ids=resource_id or (),
        bottlenecks=not no_bottlenecks,
        recommendations=not no_recommendations,
    )
    opened = open_project(project)
    sources = context(opened, clock=the_clock(), as_of=as_of_or_now(as_of, opened)).sources()
    known = {resource.resource_id for resource in sources.resources()}
    for asked in query.resource_ids:
        if asked not in known:
            raise BadParameter("--resource-id", asked, why="is not a resource of this fleet")
    with blocks_shown() as tell:
        document, evidence = answer(replace(sources, on_progress=tell), query)
    if json:
        print_json(document)
        return
    state, read = read_in(sources, window_of(query, sources.as_of, STEP_S))
    _print(document, read, evidence)
    for line in losses(state) if state.total else [not_judged(state)]:
        say(line)
    _print_silence(evidence)


def _print(document: OptimizationDocument, read: Collection[str], evidence: Sequence[Evidence]) -> None:
    console = Console(markup=False, highlight=False, emoji=False)

    def line(text: str) -> None:
        console.print(text, soft_wrap=True)

    constrained = [resource for resource in document.resources if _parts(resource)]
    for resource in constrained:
        line(f"{shown(resource.resource_name)} ({resource.resource_type})")
        for text in _parts(resource):
            line(f"  {text}")
    quiet = [resource for resource in document.resources if not _parts(resource)]
    judged = sum(resource.resource_id in read for resource in quiet)
    if judged:
        line(f"{_resources(judged)}: {_nothing_found(evidence, 'it' if judged == 1 else 'them')}.")
    if len(quiet) > judged:
        line(f"{_resources(len(quiet) - judged)}: not judged: no reading in this time.")
    for one in document.platform_recommendations or ():
        line(f"Together: {one.title}. {one.description}{_tail(one.cost_impact)}")


def _nothing_found(evidence: Sequence[Evidence], them: str) -> str:
    """Said of what was judged alone: with how many rules could, and where none could, that."""
    of, rules = next(detailed(evidence, RulesJudgedDetail), (None, None))
    if of is None or rules is None:
        return f"nothing holds {them} back"
    if not of.observed:
        return "not judged: no rule has enough readings yet"
    waiting = f", {len(rules.waiting)} wait for more history" if rules.waiting else ""
    return f"nothing holds {them} back; {of.observed:.0f} of {of.samples} rules had enough to judge{waiting}"


def _resources(count: int) -> str:
    return "1 resource" if count == 1 else f"{count} resources"


def _print_silence(evidence: Sequence[Evidence]) -> None:
    """Of whom too little is known to advise, till when; and the reading that would tell most."""
    for one, swept in detailed(evidence, SweepDetail):
        for silent in swept.abstentions:
            if silent.subject.startswith("advice"):
                till = f"; enough at {silent.available_at}" if silent.available_at else ""
                say(f"{shown(one.subject.removeprefix('sweep.'))}: no {silent.subject}: {silent.reason}{till}")
    for _, missing in detailed(evidence, MissingMetricsDetail):
        for first in missing.metrics[:1]:
            most = f"the most useful is {first.metric} (needed by {', '.join(first.rules[:3])})"
            say(f"{len(missing.metrics)} useful metrics are not collected; {most}")


def _parts(resource: ResourceOptimization) -> list[str]:
    bottlenecks = resource.bottlenecks or []
    recommendations = resource.recommendations or []
    return [
        *(f"{one.component}: {one.description}; {one.impact}" for one in bottlenecks),
        *(
            f"[{one.priority}] {shown(one.title)}{_tail(one.estimated_improvement)}{_tail(one.cost_impact)}  {one.id}"
            for one in recommendations
        ),
    ]


def _tail(text: object) -> str:
    return "" if text is UNSET or not text else f" ({text})"
