"""`plimsoll performance`: the performance document."""

from typing import Annotated

import typer
from msgspec import UNSET
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
from plimsoll.documents import Gauge, PerformanceDocument
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.errors import shown
from plimsoll.project.runner import context

Many = list[str] | None


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(performance)


def performance(
    resource: Annotated[
        str, typer.Option(help="all, clusters, endpoints, training, ai-services, storage, network.")
    ] = "all",
    time_range: Annotated[str, typer.Option(help="5m 15m 1h 6h 24h 7d 30d, back from now.")] = "1h",
    granularity: Annotated[
        str | None, typer.Option(help="10s 1m 5m 15m 1h 1d; default: 1m, coarser for a large fleet.")
    ] = None,
    metric: Annotated[Many, typer.Option(help="A metric to include; repeatable; default: all nine.")] = None,
    resource_id: Annotated[Many, typer.Option(help="A resource to include; repeatable.")] = None,
    region: Annotated[Many, typer.Option(help="A region to include; repeatable.")] = None,
    aggregation: Annotated[str, typer.Option(help="avg max min sum p95 p99, inside each point.")] = "avg",
    as_of: AsOfOption = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Prints the performance document of the fleet."""
    from plimsoll.queries.performance import performance as answer  # polars only where a lake is read

    opened = open_project(project)
    sources = context(opened, clock=the_clock(), as_of=as_of_or_now(as_of, opened)).sources()
    query = PerformanceQuery.parse(
        resource=resource,
        time_range=time_range,
        granularity=granularity,
        metrics=metric or (),
        resource_ids=resource_id or (),
        regions=region or (),
        aggregation=aggregation,
        known_regions=sorted({r.region for r in sources.resources() if r.region}),
    )
    document, _ = answer(sources, query)
    if json:
        print_json(document)
    else:
        _print_table(document)


def _print_table(document: PerformanceDocument) -> None:
    overall, span = document.overall, document.time_range
    console = table_console()
    console.print(
        f"{span.start} to {span.end} by {span.granularity}: {len(document.resources)} resources", soft_wrap=True
    )
    console.print(
        f"health {_number(overall.health_score)}  performance {_number(overall.performance_score)}  "
        f"availability {_number(overall.availability_score)} %  response {_number(overall.average_response_time)} ms  "
        f"throughput {_number(overall.total_throughput)}/s  errors {_number(overall.error_rate)} %",
        soft_wrap=True,
    )
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("resource", "type", "region"):
        table.add_column(heading, overflow="fold")
    for heading in ("CPU now/avg/peak %", "memory", "GPU", "points"):
        table.add_column(heading, justify="right")
    for part in document.resources:
        gauges = (part.metrics.cpu, part.metrics.memory, part.metrics.gpu)
        table.add_row(
            Text(shown(part.resource_name)),
            part.resource_type,
            Text(shown(part.region or "–")),
            *(_gauge(gauge) if isinstance(gauge, Gauge) else "–" for gauge in gauges),
            str(len(part.time_series)),
        )
    console.print(table)
    for alert in document.alerts:
        line = f"{alert.severity}: {alert.metric} of {shown(alert.resource)} is {alert.current_value:g}"
        console.print(f"{line}, line {alert.threshold:g}, since {alert.timestamp}", soft_wrap=True)


def _gauge(gauge: Gauge) -> str:
    current = "–" if gauge.current is UNSET else _number(float(gauge.current))
    return f"{current} / {_number(gauge.average)} / {_number(gauge.peak)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}".removesuffix(".0")
