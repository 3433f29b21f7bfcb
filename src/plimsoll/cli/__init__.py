"""The command line: one file a command group; every error is one line and an exit code."""

import os
import sys

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from plimsoll.cli import (
    advice,
    anomalies,
    backfill,
    backtest,
    backup,
    capacity,
    catalog,
    collect,
    config,
    demo,
    eject,
    explain,
    forget,
    import_,
    jobs,
    mail,
    optimization,
    outcomes,
    performance,
    project,
    report,
    retention,
    rules,
    schedule,
    serve,
    ship,
    snooze,
    sql,
    upgrade,
    verify,
)
from plimsoll.cli.common import version_wanted
from plimsoll.errors import PlimsollError, nearest

app = typer.Typer(
    name="plimsoll",
    help="Every resource has a load line: who is over it, who will be, and what to do.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for group in (
    project,
    collect,
    import_,
    backfill,
    jobs,
    performance,
    optimization,
    anomalies,
    capacity,
    report,
    backtest,
    explain,
    advice,
    snooze,
    forget,
    demo,
    schedule,
    serve,
    ship,
    sql,
    verify,
    retention,
    backup,
    catalog,
    mail,
    eject,
    outcomes,
    rules,
    config,
    upgrade,
):
    group.register(app)


@app.callback()
def root(version: version_wanted = False) -> None:
    """Every resource has a load line: who is over it, who will be, and what to do."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; ends the process with the exit codes of `interface.md` section 2."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """One command; gives its exit code. `--debug` shows the stack of an error."""
    debug = "--debug" in arguments
    command = typer.main.get_command(app)
    try:
        result = command.main([a for a in arguments if a != "--debug"], prog_name="plimsoll", standalone_mode=False)
    except PlimsollError as error:
        if debug:
            raise
        return _fail(str(error), error.exit_code)
    except TyperException as error:
        return _fail(_usage(error, command), 2)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # the reader (`| head`) is gone: nothing can be said to it, and Python must not try at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return result if isinstance(result, int) else 0


def _usage(error: TyperException, command: object) -> str:
    """Typer's own sentence, with the command that it is about and the nearest known name."""
    where = getattr(getattr(error, "ctx", None), "command_path", "plimsoll")
    if type(error).__name__ == "NoSuchOption":
        return f"{where}: {error.format_message()}; see {where} --help"
    if error.message.startswith("No such command") and isinstance(command, TyperGroup):
        asked = error.message.split("'")[1]
        near = nearest(asked, command.commands)
        hint = f"did you mean {near}?" if near else "see plimsoll --help"
        return f'plimsoll: unknown command "{asked}"; {hint}'
    return f"{where}: {error.format_message()} See {where} --help"


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"plimsoll: {message.removeprefix('plimsoll: ')}\n")
    return code
