"""`plimsoll config show` and `config check`: every setting as it holds, and whether all of them are right."""

import json as json_module
from collections.abc import Mapping
from typing import Annotated

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json
from plimsoll.clock import duration_text
from plimsoll.config import Section
from plimsoll.errors import ConfigError, UsageError
from plimsoll.project import Project


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(help="The settings.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(show)
    group.command()(check)
    app.add_typer(group, name="config")


def show(
    project: ProjectOption = None,
    origin: Annotated[bool, typer.Option("--origin", help="Also print where each was set.")] = False,
    json: JsonOption = False,
) -> None:
    """Prints every setting as it holds, as TOML that a config.toml may hold; with --json durations are in seconds."""
    config = open_project(project).config()
    if json:
        tables = {name: section.model_dump(mode="json") for name, section in config.sections.items()}
        origins = {".".join(path): where for path, where in config.origins.items()}
        print_json({"settings": tables, "origins": origins} if origin else tables)
        return
    for name, section in config.sections.items():
        typer.echo(f"[{_dotted(name)}]")
        for key, value in written(section).items():
            where = config.origins.get((*name.split("."), key), "default")
            line = f"# {key} is not set" if value is None else f"{key} = {toml(value)}"
            typer.echo(line + (f"    # {where}" if origin else ""))
        typer.echo()


def check(project: ProjectOption = None) -> None:
    """Reads the settings and every job, as the scheduler would; the first mistake is named, with file and line."""
    from plimsoll.schedule.plan import Plan

    opened = open_project(project)
    plan = Plan.load(opened)
    _mappings(opened)
    typer.echo(f"{opened.root / 'config.toml'}: right; {len(plan.tasks)} jobs are planned")


def _mappings(project: Project) -> None:
    """What targets and servers are read by is there, and is a mapping; raises what names the setting, if it is not."""
    from plimsoll.collectors.prometheus.mapping import load
    from plimsoll.collectors.prometheus.settings import Server, Target

    config, own = project.config(), project.root / "mappings"
    used = {f"targets.{name}": one.mapping for name, one in config.under("targets", Target).items()}
    used |= {f"backfill.{name}": one.mapping for name, one in config.under("backfill", Server).items()}
    for section, mapping in used.items():
        try:
            load(mapping, own)
        except UsageError as error:
            raise ConfigError(f"{config.origins[*section.split('.', 1), 'mapping']}: [{section}] {error}") from error


def written(section: Section) -> dict[str, object]:
    """The keys of a section with their values as a config.toml writes them: durations as "15m"."""
    values = section.model_dump(mode="json")
    lengths = section.durations()
    return {
        key: duration_text(values[field]) if field in lengths and values[field] is not None else values[field]
        for key, field in section.by_key().items()
    }


def toml(value: object) -> str:
    """A value as TOML, on one line.

    >>> toml({"owner": "a", "n": [1, 2.5]}), toml(True)
    ('{ owner = "a", n = [1, 2.5] }', 'true')
    """
    if isinstance(value, Mapping):
        pairs = [f"{_key(str(k))} = {toml(v)}" for k, v in value.items()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(one) for one in value)}]"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return json_module.dumps(value, ensure_ascii=False)


def _dotted(name: str) -> str:
    head, dot, rest = name.partition(".")
    return f"{head}.{_key(rest)}" if dot else head


def _key(text: str) -> str:
    return text if text.replace("_", "a").replace("-", "a").isalnum() and text.isascii() else json_module.dumps(text)
