"""`plimsoll verify`: is every file what was written?"""

from typing import Annotated

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json, say, the_clock
from plimsoll.errors import LakeError, shown


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(verify)


def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Set damaged files aside; make a lost manifest anew.")
    ] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Reads every byte of the lake and of the ledger and compares checksums; exit code 1 where something is damaged."""
    opened = open_project(project)
    opened.ledger.verify()
    found = opened.lake.verify(now=the_clock().now(), repair=repair)
    if json:
        print_json(found)
    if found.rebuilt:
        say("the manifest was damaged; it was made anew from the files")
    for key, damage in found.damaged.items():
        say(f"{shown(key)}: {damage.reason}{'; set aside' if key in found.set_aside else ''}")
    for key, damage in found.known.items():
        say(f"{shown(key)}: {damage.reason}; set aside before")
    say(f"{found.files} files, {found.bytes / 1e6:.1f} MB: {len(found.damaged) or 'none'} damaged")
    if found.damaged and not repair:
        first = next(iter(found.damaged))
        raise LakeError(f"{first}: {found.damaged[first].reason}; set it aside with: plimsoll verify --repair")
