"""Every command by name: the module that has it, and the line that `plimsoll --help` prints for it.

A module is imported when its command is asked for: help and a typing mistake load nothing of what commands need.
A test keeps the lines equal to the first sentence of each command's own help.
"""

from importlib import import_module
from typing import Final

import typer
from typer._click.core import Command, Context
from typer._click.formatting import HelpFormatter
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "init": ("project", "Makes a new project folder with a commented config.toml, and says what to do next."),
    "collect": ("collect", "Reads every source now, once or for a while, and keeps what they say."),
    "import": ("import_", "Brings readings from files into the lake; what is there already is not brought again."),
    "backfill": (
        "backfill",
        "Brings a Prometheus server's history into the lake; a run that was ended goes on where it was.",
    ),
    "jobs": ("jobs", "Lists the jobs: what runs, when, where it comes from, how it went last, when it runs next."),
    "run": ("jobs", "Runs one job, now or as of an instant."),
    "performance": ("performance", "Prints the performance document of the fleet."),
    "optimization": (
        "optimization",
        "Prints what holds each resource back, most constrained first, and what to do about it.",
    ),
    "anomalies": ("anomalies", "Prints what was unusual, resource by resource, with the reasons."),
    "capacity": (
        "capacity",
        "Prints the days to the load line of every pool, the dates to decide by, and what can be done.",
    ),
    "report": ("report", "Makes a report, publishes it under data/published, and prints its summary."),
    "explain": (
        "explain",
        "Prints the evidence of one alert, finding, bottleneck or recommendation of the last published report.",
    ),
    "accept": (
        "advice",
        "Says that a recommendation is being followed; it stays in the reports until its cause has gone.",
    ),
    "dismiss": (
        "advice",
        "Says that a recommendation is not wanted; it is left out, and stands in the evidence with the reason.",
    ),
    "snooze": (
        "snooze",
        "Says nothing of an alert or a recommendation until an instant; it stays in the feed or the evidence.",
    ),
    "forget": ("forget", "Takes a resource out of the inventory: its silence is known and wanted. Its history stays."),
    "demo": (
        "demo",
        "Makes a project that holds a simulated fleet: its lake, the planted truth, its published reports.",
    ),
    "up": (
        "schedule",
        "Runs the scheduler in the foreground: collects, analyses, reports, until SIGTERM or Ctrl-C; SIGHUP reloads.",
    ),
    "tick": (
        "schedule",
        "Does everything that is due, once: for cron and systemd timers, with the same ledger as `up`.",
    ),
    "status": ("schedule", "Tells how the project is; exit code 1 if anything is wrong."),
    "doctor": (
        "schedule",
        "Tells what is missing on this machine and what it would unlock; exit code 1 if something stops work.",
    ),
    "serve": ("serve", "Runs the HTTP service and the live page, until SIGTERM or Ctrl-C."),
    "ship": (
        "ship",
        "Ships what waits in the spool now, whatever the last failure said; exit code 75 where it cannot arrive.",
    ),
    "sql": ("sql", "Asks the lake."),
    "systemd": (
        "systemd",
        "Prints a systemd unit, ready for /etc/systemd/system; it runs /opt/plimsoll/bin/plimsoll as user plimsoll.",
    ),
    "verify": (
        "verify",
        "Compares every byte of the lake, or one published file, with its checksum; exit code 1 where it differs.",
    ),
    "retention": ("retention", "Shows what the lake no longer has to keep, or drops it: never more than was shown."),
    "backup": (
        "backup",
        "Copies config, jobs, templates, ledger and one proven state of the lake; collecting may go on meanwhile.",
    ),
    "publish-catalog": (
        "catalog",
        "Brings a Delta log over the day files up to date: Spark, Trino, ClickHouse and Databricks read the lake.",
    ),
    "mail": (
        "mail",
        "Sends a test message with the server, login and encryption of [mail]; says what the server answered.",
    ),
    "outbox": (
        "mail",
        "Lists what was delivered and what was not in the last two weeks; exit code 1 where something has failed.",
    ),
    "notify": ("notify", "Messages about alerts: [notify] and [routes]."),
    "eject": ("eject", "Copies a built-in template or job into the project, where it replaces the built-in one."),
    "diff": ("eject", "Shows how the project's templates and jobs differ from the built-in ones of this version."),
    "outcomes": ("outcomes", "Prints what advice promised and what it brought, and how each adviser has done."),
    "upgrade": (
        "upgrade",
        "Rewrites settings that have a new name in config.toml; comments stay, the old file is kept beside as .bak.",
    ),
    "backtest": ("backtest", "What would have been said in the past, against what happened."),
    "token": ("serve", "Access to the HTTP service."),
    "rules": ("rules", "The bottleneck rules, their limits, and what other limits would have found."),
    "config": ("config", "The settings."),
}
"""In the order of the help."""


class Commands(TyperGroup):
    """The commands of `COMMANDS`, each imported when it is asked for."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - Typer's signature
        """The command of that name, None where there is none."""
        if cmd_name not in self.commands and cmd_name in COMMANDS:
            self.commands[cmd_name] = _loaded(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the list of the help from the table alone."""
        lines = {name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()}
        TyperGroup.format_commands(TyperGroup(name=self.name, commands=dict(lines)), ctx, formatter)


def every_command() -> TyperGroup:
    """All of them loaded, to walk over them."""
    return TyperGroup(name="plimsoll", commands={name: _loaded(name) for name in COMMANDS})


def _loaded(name: str) -> Command:
    """A command with its options, from its module."""
    module = typer.Typer(rich_markup_mode=None, add_completion=False)
    import_module(f"plimsoll.cli.{COMMANDS[name][0]}").register(module)
    return get_group(module).commands[name]
