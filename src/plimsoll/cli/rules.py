"""`plimsoll rules`: the bottleneck rules and their limits; what other limits would have found."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.common import AsOfOption, ProjectOption, as_of_or_now, open_project, say, the_clock
from plimsoll.errors import shown
from plimsoll.project.runner import context

if TYPE_CHECKING:
    from plimsoll.analysis.bottlenecks.rule import AnyRule
    from plimsoll.project import Project

_RuleArgument = Annotated[str, typer.Argument(metavar="RULE", help="The rule's name; see: plimsoll rules list.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(help="The bottleneck rules, their limits, and what other limits would have found.")
    group.command("list")(list_)
    group.command("show")(show)
    group.command("test")(replay)
    app.add_typer(group, name="rules")


def list_(project: ProjectOption = None) -> None:
    """Prints every rule of the project with its limits and their bounds."""
    from plimsoll.analysis.bottlenecks.limits import bounds_of

    for name, rule in _rules(open_project(project)).items():
        limits = ", ".join(
            f"{key} = {one.value:g} ({one.low:g} to {one.high:g})" for key, one in bounds_of(rule.limits).items()
        )
        origin = "" if rule.built_in else f"   [{rule.origin}]"
        typer.echo(f"{name:<24} {rule.component:<10} {limits}{origin}".rstrip())


def show(name: _RuleArgument, project: ProjectOption = None) -> None:
    """Prints everything about one rule: what it reads, its limits, what it explains, what to do about it."""
    from plimsoll.analysis.advice.advise import advisers_for
    from plimsoll.analysis.bottlenecks.limits import bounds_of
    from plimsoll.queries.rules import rule_named

    rules = _rules(open_project(project))
    rule = rule_named(rules, name)
    typer.echo(f"{rule.name} ({rule.origin}): {rule.summary}")
    for label, text in (
        ("component", rule.component),
        ("place", f"{rule.use.part}, {rule.use.kind}"),
        ("reads", ", ".join(rule.reads) or "how much of what was expected arrived"),
        ("weighs", f"{rule.min_weight:g} of 100 at least"),
        ("explains", ", ".join(sorted(rule.explains))),
        ("to do", rule.remediation),
        ("advice", ", ".join(adviser.name for adviser in advisers_for(rule))),
    ):
        if text:
            typer.echo(f"  {label:<10} {text}")
    for key, one in bounds_of(rule.limits).items():
        typer.echo(f"  {key} = {one.value:g}   # {one.meaning} ({one.low:g} to {one.high:g})")


def replay(
    name: _RuleArgument,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="LIMIT=VALUE", help="Another limit.")] = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days back.")] = 30,
    as_of: AsOfOption = None,
    project: ProjectOption = None,
) -> None:
    """Replays a rule with its own limits and with others over one's own history, day by day, changing nothing."""
    from plimsoll.queries.rules import replay as over

    opened = open_project(project)
    sources = context(opened, clock=the_clock(), as_of=as_of_or_now(as_of, opened)).sources()
    now = over(sources, name, {}, days)
    then = over(sources, name, set_, days) if set_ else now
    for key in sorted(now.keys() | then.keys()):
        sign = " " if key in now and key in then else "-" if key in now else "+"
        day, resource = key
        typer.echo(f"{sign} {day} {shown(resource)}: {(then.get(key) or now[key]).description}")
    both = len(now.keys() & then.keys())
    say(f"{len(now)} findings in {days} days as it is, {len(then)} with the limits given; {both} in both")


def _rules(project: "Project") -> Mapping[str, "AnyRule"]:
    """Every rule of the project, with the limits that its config sets."""
    from plimsoll.analysis.bottlenecks.rule_files import rules
    from plimsoll.analysis.bottlenecks.settings import configured

    return rules(project.root / "rules", configured(project.config().sections.get("rules")))
