"""`plimsoll backup`: a copy that `plimsoll verify` can prove."""

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.common import ProjectOption, open_project, say
from plimsoll.errors import BadParameter


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(backup)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the copy; it becomes a project folder.")],
    project: ProjectOption = None,
) -> None:
    """Copies config, jobs, templates, ledger and one proven state of the lake; collecting may go on meanwhile."""
    opened = open_project(project)
    target = folder.resolve()
    if target == opened.root or opened.root in target.parents:
        raise BadParameter("DIR", folder, why="lies inside the project; a backup belongs on another disk")
    copied = opened.backup(target)
    say(f"{copied.files} files, {copied.bytes / 1e6:.1f} MB in {folder}; prove it: plimsoll verify --project {folder}")
