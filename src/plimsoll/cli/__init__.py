"""The command line: one file a command group; every error is one line and an exit code."""

import errno
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from plimsoll.cli import streams
from plimsoll.cli.at_work import shown_at_work
from plimsoll.cli.commands import COMMANDS, Commands
from plimsoll.errors import BUG, INTERRUPTED, DiskError, PlimsollError, nearest, shown
from plimsoll.version import __version__

app = typer.Typer(
    cls=Commands,
    name="plimsoll",
    help="Every resource has a load line: who is over it, who will be, and what to do.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    epilog="Every command takes --verbose (what it does, and how long that takes) and --debug (the stack of an error).",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plimsoll {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Every resource has a load line: who is over it, who will be, and what to do."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; ends the process with the exit codes of `interface.md` section 2."""
    streams.prepare()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """One command; gives its exit code. `--debug` shows the stack of an error, `--verbose` what is done meanwhile."""
    debug = "--debug" in arguments
    if "--verbose" in arguments:
        _be_verbose()
    try:
        return _run([a for a in arguments if a not in ("--debug", "--verbose")])
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        streams.give_up()  # the reader (`| head`) is gone: nothing can be said to it; Typer would make 1 of it
        return 141
    except Exception as error:
        if debug:
            raise
        return _fail(*_reported(error))


def _reported(error: Exception) -> tuple[str, int]:
    """(what the user reads, the exit code)."""
    match error:
        case PlimsollError():
            return str(error), error.exit_code
        case OSError():
            return _refused(error), DiskError.exit_code
        case _:
            return _bug(error), BUG


def _be_verbose() -> None:
    """Every event of every room is a line on standard error, here and in the processes that are started."""
    from plimsoll.schedule.log import VERBOSE, logger

    os.environ[VERBOSE] = "1"
    logger()


def _bug(error: Exception) -> str:
    """What a mistake of the program's own is, where, and what to send: nothing that was read, no setting, no secret."""
    own = Path(__file__).parents[1]
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(own)]
    where = f"{Path(frames[-1].filename).relative_to(own)}:{frames[-1].lineno}" if frames else "outside of it"
    return (
        f"unexpected error (a bug in Plimsoll {__version__}): {type(error).__name__} at {where};"
        " please report this line, and what the same command prints with --debug, without names that are private"
    )


def _run(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        with shown_at_work(arguments):
            result = command.main(arguments, prog_name="plimsoll", standalone_mode=False)
    except TyperException as error:
        return _fail(_usage(error), 2)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        streams.give_up()
        raise DiskError(f"standard output: {error.strerror}; not everything was written") from error
    return result if isinstance(result, int) else 0


def _refused(error: OSError) -> str:
    """The system's refusal in one line: what, why, and what to do where that is known."""
    advice = {
        errno.EACCES: "; check who owns it",
        errno.EPERM: "; check who owns it",
        errno.EROFS: "; name a folder that can be written to",
        errno.ENOSPC: "; make room",
    }.get(error.errno or 0, "; the stack is shown with --debug")
    if error.filename is None and error.errno == errno.ENOSPC:
        streams.give_up()
        return "standard output: No space left on device; not everything was written"
    what = shown(error.filename) if error.filename is not None else "the system"
    return f"{what}: {error.strerror or type(error).__name__}{advice}"


def _usage(error: TyperException) -> str:
    """Typer's own sentence, with the command that it is about and the nearest known name."""
    where = getattr(getattr(error, "ctx", None), "command_path", "plimsoll")
    if type(error).__name__ == "NoSuchOption":
        return f"{where}: {error.format_message()}; see {where} --help"
    if error.message.startswith("No such command"):
        asked = error.message.split("'")[1]
        near = nearest(asked, COMMANDS)
        hint = f"did you mean {near}?" if near else "see plimsoll --help"
        return f'plimsoll: unknown command "{asked}"; {hint}'
    return f"{where}: {error.format_message()} See {where} --help"


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"plimsoll: {message.removeprefix('plimsoll: ')}\n")
    return code
