"""A ledger that is damaged anywhere stops every report: `plimsoll status` says so before somebody misses one."""

from datetime import timedelta

from plimsoll.errors import LakeError
from plimsoll.ledger.outbox import Outbox
from plimsoll.project import Project
from plimsoll.schedule.status import status
from tests.clocks import START, OwnedClock

PAGE = 4096


def test_a_page_that_no_look_reads_is_found_damaged(project: Project, clock: OwnedClock) -> None:
    """F23: pages of old messages zeroed; jobs and beats read as ever, and the line says what to do."""
    box = Outbox(project.data / "ledger.sqlite")
    for n in range(40):
        box.put(
            f"<{n}@x>", channel="mail", recipient=f"r{n}@example.org", kind="daily", end=START - timedelta(days=60),
            body=bytes(2 * PAGE), summary="", now=START - timedelta(days=60),
        )  # fmt: skip
    path = project.data / "ledger.sqlite"
    assert not any("ledger" in line for line in status(project, clock).problems)
    whole = path.read_bytes()
    found = 0
    for at in range(4 * PAGE, len(whole), PAGE):
        path.write_bytes(whole[:at] + bytes(PAGE) + whole[at + PAGE :])
        try:
            lines = [line for line in status(project, clock).problems if "ledger is damaged" in line]
        except LakeError:  # a page that the jobs' own rows are on: no status without them
            continue
        assert all("\n" not in line and line.endswith("restore a copy of it") for line in lines)
        found += len(lines)
    assert found >= 40
    path.write_bytes(whole)
    assert not any("ledger" in line for line in status(project, clock).problems)
