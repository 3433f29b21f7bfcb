"""`plimsoll publish-catalog`: other engines read the lake."""

from typing import Annotated, Literal

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_to_write, print_json, the_clock
from plimsoll.errors import UsageError


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("publish-catalog")(publish_catalog)


def publish_catalog(
    kind: Annotated[Literal["delta", "iceberg"], typer.Argument(help="Which catalog: delta.")],
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Brings a Delta log over the day files up to date: Spark, Trino, ClickHouse and Databricks read the lake."""
    from plimsoll.lake.maintain.delta_log import ICEBERG
    from plimsoll.lake.settings import SharedPlace

    if kind == "iceberg":
        raise UsageError(ICEBERG)
    opened = open_to_write(project)
    published = opened.lake.publish_catalog(opened.config().get("lake", SharedPlace), now=the_clock().now())
    if json:
        print_json(published)
        return
    for one in published:
        changed = f"{one.added} files in, {one.removed} out" if one.added or one.removed else "as it was"
        typer.echo(
            f"{one.table:<12} version {one.version:<5} {one.files} files, {one.rows} rows ({changed})  {one.uri}"
        )
