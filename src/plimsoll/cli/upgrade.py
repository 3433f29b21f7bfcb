"""`plimsoll upgrade`: a project of an older release, brought up to date."""

from typing import Annotated

import typer

from plimsoll.atomic import write_atomically
from plimsoll.cli.common import ProjectOption, open_project
from plimsoll.config.renamed import upgraded


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(upgrade)


def upgrade(
    project: ProjectOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be renamed.")] = False,
) -> None:
    """Rewrites settings that have a new name in config.toml; comments stay, the old file is kept beside as .bak."""
    opened = open_project(project)
    path = opened.root / "config.toml"
    before = path.read_text(encoding="utf-8")
    after, renamed = upgraded(before)
    if renamed and not dry_run:  # before anything is printed: a reader that goes (`| head`) must not end it halfway
        write_atomically(path.with_name("config.toml.bak"), before.encode())
        write_atomically(path, after.encode())
    for line in renamed:
        typer.echo(line)
    if not renamed:
        typer.echo(f"{path}: every setting has its present name")
    elif not dry_run:
        opened.config()
        typer.echo(f"{path}: rewritten; the old one is config.toml.bak")
