"""`plimsoll retention`: what is old enough to go, and what went."""

from typing import Annotated

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json, say, the_clock
from plimsoll.errors import BadParameter
from plimsoll.project import Project

_DAYS_OF_GROWTH = 7


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(retention)


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go (the default).")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Drop it.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="Show everything that was ever dropped.")] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Shows what the lake no longer has to keep, or drops it: never more than was shown."""
    from plimsoll.tasks.retention import rules

    if dry_run + apply + audit > 1:
        raise BadParameter("retention", "", why="takes one of --dry-run, --apply and --audit")
    opened, now = open_project(project), the_clock().now()
    if audit:
        _tell(opened.lake.audit(), json=json)
        return
    kept = rules(opened.config())
    if apply:
        opened.lake.roll_up(now=now)
    planned = opened.lake.plan_retention(kept, now=now)
    drops = opened.lake.apply_retention(kept, planned.drops, now=now) if apply else planned.drops
    _tell([{f: getattr(drop, f) for f in drop.__slots__} for drop in drops], json=json)
    for what, why in planned.kept.items():
        say(f"{what} stays: {why}")
    freed = sum(drop.bytes for drop in drops) / 1e6
    say(f"{len(drops)} files, {freed:.1f} MB {'dropped' if apply else 'would be dropped; do it with --apply'}")
    _warn(opened, kept.days["samples"])


def _tell(rows: "list[dict[str, object]]", *, json: bool) -> None:
    if json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['table']} {row['day']}  {row['bytes']} bytes  {row['rule']}")


def _warn(project: Project, days: int) -> None:
    """Says so where what is to be kept will not fit on the disk."""
    days_kept = project.lake.snapshot(proven=False).manifest.of("samples")
    recent = [file.bytes for _, file in sorted(days_kept.items())[-_DAYS_OF_GROWTH:]]
    if not recent:
        return
    a_day = sum(recent) / len(recent)
    used, free = project.lake.size()
    needed = a_day * max(0, days - len(days_kept))
    if needed > free:
        say(
            f"warning: {days} days of readings need about {a_day * days / 1e9:.1f} GB at {a_day / 1e6:.2f} MB a day; "
            f"{(used + free) / 1e9:.1f} GB are there; keep less, or use a larger disk"
        )
