"""Readings that come late make a listed revision of a report that was published (P8)."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from plimsoll.ledger import Ledger
from plimsoll.project.context import Context
from plimsoll.publish.files import listed
from plimsoll.tables import SAMPLES
from plimsoll.tasks.deliver import outbox, send_due
from plimsoll.tasks.queueing import queue
from plimsoll.tasks.report import daily, revised
from tests.clocks import OwnedClock
from tests.fleets import UNTIL
from tests.mailing import states, wired
from tests.post_office import PostOffice

LATER = UNTIL + timedelta(hours=2)


@pytest.fixture
def own(demo: Path, tmp_path: Path) -> Path:
    """A copy whose lake may be written to."""
    return Path(shutil.copytree(demo, tmp_path / "fleet"))


def late_readings(ctx: Context) -> None:
    """A quarter of an hour of readings, of half an hour before the report, that nobody had."""
    at = UNTIL - timedelta(minutes=30)
    name = ctx.sources().resources()[0].resource_id
    rows = [
        {
            "ts": at + timedelta(seconds=7 + 10 * n),
            "resource_id": name,
            "device": "",
            "source": "late",
            "cpu_utilization_pct": 99.0,
            "gpu_utilization_pct": 99.0,
            "storage_utilization_pct": 99.0,
        }
        for n in range(90)
    ]
    ctx.lake.append(SAMPLES, rows, collector="late")


def test_late_readings_make_a_second_revision(own: Path, office: PostOffice) -> None:
    """Published over the first, which the manifest names; without [mail] revisions nobody is mailed twice."""
    ctx = wired(own, office.port, clock=OwnedClock(LATER))
    first = daily(ctx)
    queue(ctx, "daily", first)
    send_due(ctx)
    before = listed(first.folder)["performance.json"]
    from dataclasses import replace

    later = replace(ctx, as_of=LATER)
    assert revised(later, "daily") is None  # nothing changed
    assert listed(first.folder)["performance.json"] == before
    late_readings(ctx)
    second = revised(later, "daily")
    assert second is not None
    assert (second.revision, second.end) == (2, first.end)
    entry = listed(second.folder)["performance.json"]
    assert (entry["revision"], entry["replaces"]) == (2, before["sha256"])
    page = second.page.read_text()
    assert "Revision 2: the data changed after this window was first reported. The numbers of " in page
    assert f"revision 2, replaces {before['sha256'][:16]}" in page
    again = daily(ctx)  # drawn once more: the same revision, and it still says whose numbers changed
    assert (again.revision, "The numbers of " in again.page.read_text()) == (2, True)
    assert queue(later, "daily", second) == 0
    assert revised(later, "daily") is None  # told once
    assert states(ctx) == [("on-call@example.org", "sent", 1)]


def test_a_ledger_that_is_restored_sends_nothing_twice(own: Path, office: PostOffice) -> None:
    """The window is made again: the same revision, which is known as sent; a later one is not mailed either."""
    ctx = wired(own, office.port, clock=OwnedClock(LATER))
    ledger, copy = Ledger(own / "data" / "ledger.sqlite"), own / "copy.sqlite"
    ledger.verify()
    ledger.copy_to(copy)
    first = daily(ctx)
    assert queue(ctx, "daily", first) == 1
    assert len(send_due(ctx)) == 1

    def restored() -> None:
        for path in (own / "data").glob("ledger.sqlite*"):
            path.unlink()
        shutil.copy(copy, own / "data" / "ledger.sqlite")

    restored()
    again = daily(ctx)
    assert (again.revision, again.document.read_bytes()) == (1, first.document.read_bytes())
    assert queue(ctx, "daily", again) == 1
    assert send_due(ctx) == []
    (parcel,) = outbox(ctx).listed(UNTIL)
    assert (parcel.state, parcel.detail) == ("sent", "was sent before; the ledger that knew of it was replaced")
    restored()
    late_readings(ctx)
    assert queue(ctx, "daily", daily(ctx)) == 0
    assert len(office.received) == 1


def test_what_the_lost_ledger_had_not_sent_is_sent_by_the_restored_one(own: Path, office: PostOffice) -> None:
    """Nothing is taken for sent that was only queued."""
    ctx = wired(own, office.port, clock=OwnedClock(LATER))
    queue(ctx, "daily", daily(ctx))
    for path in (own / "data").glob("ledger.*"):
        path.unlink()
    assert queue(ctx, "daily", daily(ctx)) == 1
    assert [outcome.kind for _, outcome in send_due(ctx)] == ["sent"]
    assert len(office.received) == 1


def test_a_report_that_has_not_gone_out_is_replaced(own: Path, office: PostOffice) -> None:
    """The one that waits is digested; what arrives is the second revision."""
    ctx = wired(own, office.port, clock=OwnedClock(LATER))
    queue(ctx, "daily", daily(ctx))
    late_readings(ctx)
    second = daily(ctx)
    assert (second.revision, queue(ctx, "daily", second)) == (2, 1)
    send_due(ctx)
    assert sorted(state for _, state, _ in states(ctx)) == ["digested", "sent"]
    (mail,) = office.received
    assert ".r2." in mail["Message-ID"]


def test_two_recipients_with_one_address_both_get_theirs(own: Path, office: PostOffice) -> None:
    """A revision replaces what waits for the same recipient; another one's letter of the same window stays."""
    ctx = wired(own, office.port, to=("desk@example.org", "desk@example.org"), clock=OwnedClock(LATER))
    assert queue(ctx, "daily", daily(ctx)) == 2
    late_readings(ctx)
    assert queue(ctx, "daily", daily(ctx)) == 2
    send_due(ctx)
    assert sorted(state for _, state, _ in states(ctx)) == ["digested", "digested", "sent", "sent"]
    assert len({mail["Message-ID"] for mail in office.received}) == 2


def test_a_revision_is_mailed_where_it_is_asked_for(own: Path, office: PostOffice) -> None:
    """It says so in its subject and answers the first."""
    ctx = wired(own, office.port, more="revisions = true", clock=OwnedClock(LATER))
    queue(ctx, "daily", daily(ctx))
    send_due(ctx)
    late_readings(ctx)
    queue(ctx, "daily", daily(ctx))
    send_due(ctx)
    first, second = office.received
    assert second["In-Reply-To"] == first["Message-ID"]
    assert "revision 2" in second["Subject"]
    assert len(second["Subject"]) <= 78


def test_what_was_not_delivered_stands_in_the_next_report(own: Path, office: PostOffice) -> None:
    """With whom it did not reach and what the server said; a day later it is not news any more."""
    from dataclasses import replace

    clock = OwnedClock(UNTIL)
    ctx = wired(own, office.port, to=("gone@example.org",), clock=clock)
    office.rcpt = lambda _: "550 no such <b>user</b>"
    queue(ctx, "daily", daily(ctx))
    send_due(ctx)
    (told,) = outbox(ctx).problems(UNTIL)
    later = daily(replace(ctx, as_of=UNTIL + timedelta(hours=1)))
    assert told in later.view.notices
    page = later.page.read_text()
    assert "was not delivered to gone@example.org: 550 no such &lt;b&gt;user" in page
    assert json.loads(later.document.read_text())["alerts"] is not None
    assert told not in daily(replace(ctx, as_of=UNTIL + timedelta(hours=25))).view.notices
