"""`plimsoll eject`, `plimsoll diff`: one's own copy of a template or job, and what differs from the built-in one."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.common import ProjectOption, open_project, say
from plimsoll.errors import BadParameter, nearest
from plimsoll.project import Project


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(eject)
    app.command()(diff)


def eject(
    name: Annotated[str, typer.Argument(metavar="FILE", help="Such as daily.html.j2 or daily_report.py.")],
    project: ProjectOption = None,
) -> None:
    """Copies a built-in template or job into the project, where it replaces the built-in one."""
    opened = open_project(project)
    relative = _find(opened, name)
    target = opened.root / relative
    if not opened.own:
        raise BadParameter("FILE", name, why="is a built-in file here already; eject works in a project of your own")
    if target.exists():
        raise BadParameter("FILE", name, why=f"is there already: {relative}; see what differs: plimsoll diff {name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((opened.builtin / relative).read_bytes())
    say(f"{relative} is yours now; see what differs from the built-in one: plimsoll diff {name}")


def diff(
    name: Annotated[str | None, typer.Argument(metavar="FILE", help="Default: every file of yours.")] = None,
    project: ProjectOption = None,
) -> None:
    """Shows how the project's templates and jobs differ from the built-in ones of this version."""
    opened = open_project(project)
    chosen = [_find(opened, name)] if name else _files(opened)
    for relative in chosen:
        own = opened.root / relative
        if not opened.own or not own.is_file():
            continue
        before, after = ((root / relative).read_text("utf-8").splitlines() for root in (opened.builtin, opened.root))
        for line in difflib.unified_diff(before, after, f"built-in/{relative}", f"project/{relative}", lineterm=""):
            typer.echo(line)


def _files(project: Project) -> list[Path]:
    folders = ((project.builtin / "reports" / "templates").iterdir(), (project.builtin / "jobs").glob("*.py"))
    return sorted(path.relative_to(project.builtin) for found in folders for path in found if path.is_file())


def _find(project: Project, name: str) -> Path:
    known = {path.name: path for path in _files(project)}
    if name not in known:
        near = nearest(name, known)
        raise BadParameter("FILE", name, allowed=[near] if near else list(known), why="is not a built-in file")
    return known[name]
