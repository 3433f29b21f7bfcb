"""`plimsoll verify`: is every file what was written?"""

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json, say, the_clock
from plimsoll.errors import LakeError, shown


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(verify)


def verify(
    page: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A published report or document: is it what was published?")
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Set damaged files aside; make a lost manifest anew.")
    ] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Compares every byte of the lake, or one published file, with its checksum; exit code 1 where it differs."""
    if page is not None:
        _verify_page(page)
        return
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


def _verify_page(page: Path) -> None:
    """A published file against the manifest beside it."""
    from plimsoll.publish.files import listed_as

    entry = listed_as(page)
    say(
        f"{shown(page.name)}: as it was published, window {entry['window']['start']} to {entry['window']['end']}, "
        f"lake generation {entry['generation']}"
    )
