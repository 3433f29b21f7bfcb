"""`plimsoll capacity`: forecasts, days to the load line, dates to decide by, choices."""

from datetime import date, timedelta
from typing import Annotated

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
    table_console,
    the_clock,
)
from plimsoll.documents.capacity import CapacityDocument, Pool
from plimsoll.documents.time_left import words
from plimsoll.errors import shown
from plimsoll.project.runner import context
from plimsoll.publish.views.capacity_verdict import judge

_TERABYTE = 1e12


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(capacity)


def capacity(
    horizon: Annotated[str, typer.Option(help="How far ahead to look: 7d to 365d.")] = "60d",
    demand: Annotated[str | None, typer.Option(help="What if demand changed from now on: +30%, -10%.")] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(help="What if a pool had more (or fewer) units: us-east-1/h100=8, ckpt-store=100TB; repeatable."),
    ] = None,
    as_of: AsOfOption = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Prints the days to the load line of every pool, the dates to decide by, and what can be done."""
    from plimsoll.queries.capacity import CapacityQuery  # polars only where a lake is read
    from plimsoll.queries.capacity import capacity as answer

    query = CapacityQuery.parse(horizon=horizon, demand=demand, add=add or ())
    opened = open_project(project)
    at = as_of_or_now(as_of, opened)
    sources = context(opened, clock=the_clock(), as_of=at).sources()
    kept = opened.ledger.forecasts.due(at.date() - timedelta(days=90), at.date())
    document, _ = answer(sources, query, promises=kept)
    if json:
        print_json(document)
    else:
        _print(document)


def _print(document: CapacityDocument) -> None:
    console = table_console()
    for line in _head(document):
        console.print(line, soft_wrap=True)
    console.print(_pools(document))
    for pool in sorted(document.pools, key=_urgency):
        if pool.choices:
            console.print(f"Choices for {shown(pool.name)}", soft_wrap=True)
            console.print(_choices(pool))
    trust = document.trust
    if trust.of:
        console.print(
            f"{trust.inside} of {trust.of} past forecasts inside their 80 % band; mean error {trust.mean_error:g} pts",
            soft_wrap=True,
        )


def _head(document: CapacityDocument) -> list[str]:
    summary, assumed = document.summary, document.what_if
    lines = [
        f"{document.fleet}: {summary.pools} pools, {summary.measured} measured, {document.horizon_days} days ahead"
    ]
    if assumed.demand_change_percent or assumed.additions:
        pools = {pool.id: pool for pool in document.pools}
        added = [
            f"{shown(a.pool)} {'+' if a.units > 0 else '-'}{_units(abs(a.units), pools[a.pool])}"
            for a in assumed.additions
        ]
        change = [f"demand {assumed.demand_change_percent:+g} %"] if assumed.demand_change_percent else []
        lines.append(f"what if: {', '.join([*change, *added])}")
    decision = summary.decide_by
    if decision is None:
        verdict = judge(document, date.fromisoformat(document.time_range.end[:10]))
        lines.append(f"{verdict.state} {verdict.facts}")
    elif decision.late:
        lines.append(f"Late: {shown(decision.pool)} had to be decided by {decision.date}.")
    else:
        lines.append(f"Decide by {decision.date}: {shown(decision.pool)}.")
    return lines


def _pools(document: CapacityDocument) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("pool", overflow="fold", min_width=16)
    for heading in ("capacity", "now %", "line %", "a day", "reaches its line", "80 % band", "decide by"):
        table.add_column(heading, justify="right", no_wrap=True)
    for pool in sorted(document.pools, key=_urgency):
        table.add_row(
            Text(shown(pool.name)),
            _units(pool.capacity, pool),
            "–" if pool.now is None else f"{pool.now.percent:.1f}",
            f"{pool.line.percent:g}",
            "–" if pool.growth_per_day is None else f"{pool.growth_per_day:+.2f}",
            _when(pool, document.horizon_days),
            _band(pool, document.horizon_days),
            "–" if pool.decide_by is None else pool.decide_by.date + (" late" if pool.decide_by.late else ""),
        )
    return table


def _urgency(pool: Pool) -> tuple[int, str]:
    return (pool.decide_by.days if pool.decide_by else 10_000, pool.id)


def _when(pool: Pool, horizon_days: int) -> str:
    if pool.state == "crosses" and pool.crossing:
        return pool.crossing.words() or pool.state
    return f"> {horizon_days} days" if pool.state == "not within the horizon" else pool.state


def _band(pool: Pool, horizon_days: int) -> str:
    if pool.state != "crosses" or not pool.crossing:
        return "–"
    if (hours := pool.crossing.hours) is not None:
        return f"{words(hours.low)} – {'open' if hours.high is None else words(hours.high)}"
    late = pool.crossing.late_days
    return f"{pool.crossing.early_days} – {f'> {horizon_days}' if late is None else late}"


def _units(units: float, pool: Pool) -> str:
    return f"{units / _TERABYTE:.4g} TB" if pool.unit == "bytes" else f"{units:g} {pool.unit}"


def _choices(pool: Pool) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("", "do this", "room until", "80 % band", "a month", "risk it leaves"):
        table.add_column(heading, overflow="fold")
    for choice in pool.choices:
        cost = "not known" if choice.cost_usd_per_month is None else f"${choice.cost_usd_per_month:,.0f}"
        table.add_row(
            choice.id,
            Text(shown(choice.title) + (" (recommended)" if choice.recommended else "")),
            choice.room_until or "the horizon",
            f"{choice.band_from or 'after it'} – {choice.band_to or 'after it'}",
            cost,
            choice.risk,
        )
    return table
