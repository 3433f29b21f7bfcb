"""The command line: one file a command group; every error is one line and an exit code."""

import errno
import io
import os
import sys
from typing import TextIO

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
from plimsoll.errors import DiskError, PlimsollError, nearest

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
    sys.stdout, sys.stderr = _writable(sys.stdout), _writable(sys.stderr)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """One command; gives its exit code. `--debug` shows the stack of an error."""
    debug = "--debug" in arguments
    command = typer.main.get_command(app)
    try:
        result = command.main([a for a in arguments if a != "--debug"], prog_name="plimsoll", standalone_mode=False)
        sys.stdout.flush()  # what cannot be written is said here, and not by Python at its end
    except PlimsollError as error:
        if debug:
            raise
        return _fail(str(error), error.exit_code)
    except TyperException as error:
        return _fail(_usage(error, command), 2)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        _forget_output()  # the reader (`| head`) is gone: nothing can be said to it; Typer would make 1 of it
        return 141
    except OSError as error:
        if debug or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            raise
        _forget_output()
        return _fail(f"{error.filename or 'the output'}: cannot be written ({error.strerror})", DiskError.exit_code)
    return result if isinstance(result, int) else 0


def _writable(stream: TextIO | None) -> TextIO:
    """A stream that takes any letter, "?" for those that its encoding lacks; one that was closed takes all."""
    if stream is None:
        return io.StringIO()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream


def _forget_output() -> None:
    """Python must not try at its end what could not be written now."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


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
