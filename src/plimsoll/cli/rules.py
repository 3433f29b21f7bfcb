"""`plimsoll rules`: the bottleneck rules and their limits; what other limits would have said."""

from typing import Annotated

import typer

from plimsoll.cli.common import AsOfOption, ProjectOption, as_of_or_now, open_project, say, the_clock
from plimsoll.errors import shown
from plimsoll.project.runner import context


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(help="The bottleneck rules, their limits, and what other limits would have said.")
    group.command("list")(list_)
    group.command("test")(replay)
    app.add_typer(group, name="rules")


def list_() -> None:
    """Prints every rule with its limits and their bounds."""
    from plimsoll.analysis.optimization.limits import limits
    from plimsoll.queries.rules import rules

    for name, rule in rules().items():
        told = ", ".join(f"{key} = {one.value:g} ({one.low:g} to {one.high:g})" for key, one in limits(name).items())
        typer.echo(f"{name:<24} {rule.component:<10} {told}".rstrip())


def replay(
    name: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name; see: plimsoll rules list.")],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="LIMIT=VALUE", help="Another limit.")] = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days back.")] = 30,
    as_of: AsOfOption = None,
    project: ProjectOption = None,
) -> None:
    """Replays a rule with its own limits and with others over one's own history, day by day, changing nothing."""
    from plimsoll.queries.rules import replay as over

    sources = context(open_project(project), clock=the_clock(), as_of=as_of_or_now(as_of)).sources()
    now, then = over(sources, name, {}, days), over(sources, name, set_ or [], days)
    for key in sorted(now.keys() | then.keys()):
        sign = " " if key in now and key in then else "-" if key in now else "+"
        day, resource = key
        typer.echo(f"{sign} {day} {shown(resource)}: {(then.get(key) or now[key]).description}")
    both = len(now.keys() & then.keys())
    say(f"{len(now)} findings in {days} days as it is, {len(then)} with the limits given; {both} in both")
