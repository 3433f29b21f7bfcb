"""A demo project that mails to a server of the test."""

from datetime import timedelta
from pathlib import Path

from plimsoll.clock import Clock
from plimsoll.project import Project
from plimsoll.project.context import Context
from plimsoll.project.runner import context
from plimsoll.tasks.deliver import outbox
from tests.clocks import OwnedClock
from tests.fleets import UNTIL
from tests.post_office import USER


def wired(
    demo: Path, port: int, *, more: str = "", to: tuple[str, ...] = ("on-call@example.org",), clock: Clock | None = None
) -> Context:
    """The project with mail configured and an empty ledger."""
    for path in (*(demo / "data").glob("ledger.*"), *(demo / "data").glob("sent.txt")):
        path.unlink()
    recipients = "".join(f'[recipients.r{n}]\naddress = "{address}"\n' for n, address in enumerate(to))
    (demo / "config.toml").write_text(
        f'[plimsoll]\nname = "demo"\n[mail]\nhost = "localhost"\nport = {port}\nuser = "{USER}"\n'
        f'sender = "plimsoll@example.org"\nlink = "https://reports.example.org/{{date}}/daily.html"\n{more}\n{recipients}'
    )
    project = Project.open(demo, here=demo)
    return context(project, clock=clock or OwnedClock(UNTIL), as_of=UNTIL)


def states(ctx: Context) -> list[tuple[str, str, int]]:
    """(recipient, state, attempts) of everything in the outbox."""
    return [(p.recipient, p.state, p.attempts) for p in outbox(ctx).listed(UNTIL - timedelta(days=30))]
