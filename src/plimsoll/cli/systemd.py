"""`plimsoll systemd --print`: the units that run Plimsoll as a service."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from plimsoll.cli.common import say
from plimsoll.documents.parameters import require_one_of
from plimsoll.errors import UsageError

_FOLDER: Final = Path(__file__).parent / "units"
UNITS: Final = ("plimsoll.service", "plimsoll-collect.service", "plimsoll-tick.service", "plimsoll-tick.timer")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(systemd)


def systemd(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help=f"{', '.join(UNITS)}.")] = UNITS[0],
    print_: Annotated[bool, typer.Option("--print", help="Print it; nothing is ever installed.")] = False,
) -> None:
    """Prints a systemd unit, ready for /etc/systemd/system; it runs /opt/plimsoll/bin/plimsoll as user plimsoll."""
    require_one_of("UNIT", unit, UNITS)
    if not print_:
        raise UsageError(f"systemd: nothing is installed; write it yourself: plimsoll systemd {unit} --print > {unit}")
    sys.stdout.write((_FOLDER / unit).read_text(encoding="utf-8"))
    say(f"# sudo plimsoll systemd {unit} --print > /etc/systemd/system/{unit}; then: systemctl daemon-reload")
