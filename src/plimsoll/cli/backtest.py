"""`plimsoll backtest anomalies|forecasts`: what would have been said in the past, against what happened."""

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
from plimsoll.documents.capacity import CapacityDocument
from plimsoll.errors import shown
from plimsoll.project.runner import context

backtest = typer.Typer(no_args_is_help=True, help="What would have been said in the past, against what happened.")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.add_typer(backtest, name="backtest")


@backtest.command()
def forecasts(project: ProjectOption = None, as_of: AsOfOption = None, json: JsonOption = False) -> None:
    """Forecasts each pool from earlier days of its own history, and holds them against the days that followed."""
    from plimsoll.queries.capacity import CapacityQuery, capacity

    opened = open_project(project)
    wired = context(opened, clock=the_clock(), as_of=as_of_or_now(as_of, opened))
    document, _ = capacity(wired.sources(), CapacityQuery())
    if json:
        print_json([{"pool": pool.id, "backtest": pool.backtest, "withheld": pool.reason} for pool in document.pools])
    else:
        _print(document)


@backtest.command()
def anomalies(project: ProjectOption = None, as_of: AsOfOption = None, json: JsonOption = False) -> None:
    """Runs each detector over the last days of your own history and counts what it would have said."""
    from plimsoll.queries.anomalies import compare

    opened = open_project(project)
    wired = context(opened, clock=the_clock(), as_of=as_of_or_now(as_of, opened))
    tried = compare(wired.sources())
    if json:
        print_json(tried)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("detector")
    for heading in ("days", "findings", "high", "resources hit", "a resource and week"):
        table.add_column(heading, justify="right")
    for one in tried:
        numbers = (one.days, one.findings, one.high, one.resources, one.per_resource_week)
        table.add_row(one.detector, *(f"{number:,.4g}" for number in numbers))
    table_console().print(table)


def _print(document: CapacityDocument) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("pool", "forecast by"):
        table.add_column(heading, overflow="fold", min_width=14)
    for heading in ("origins", "better than last week by", "band holds", "shown"):
        table.add_column(heading, justify="right")
    for pool in document.pools:
        tried = pool.backtest
        table.add_row(
            Text(shown(pool.name)),
            tried.method if tried else "–",
            str(tried.origins) if tried else "–",
            _percent(tried.skill) if tried else "–",
            _percent(tried.coverage) if tried else "–",
            "yes" if pool.forecast else f"no: {pool.reason or pool.state}",
        )
    console = table_console()
    console.print(table)
    past = [one for one in document.trust.past if one.source == "backtest"]
    inside = sum(one.inside == "inside" for one in past)
    console.print(f"{inside} of {len(past)} outcomes inside their 80 % band", soft_wrap=True)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
