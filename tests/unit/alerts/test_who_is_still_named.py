"""Whose silence is told for ever: a name that a person stated stays named; one that only labels gave ages out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from plimsoll.cli import run
from plimsoll.documents.situation import Situation, State
from plimsoll.fleet.resources import resources_at
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.publish.views.report_input import Made
from plimsoll.publish.views.view import ReportView, view
from plimsoll.queries.report import PARTS, report
from plimsoll.tables import RESOURCES, SAMPLES
from tests.clocks import OwnedClock

BEGIN = datetime.fromisoformat("2026-03-02T00:00:00Z")
LATE = BEGIN + timedelta(days=30)
STATED = ("host", "nvml", "import.nab", "import.prometheus", "my_collector", "declared.target.gpus", "declared.slurm.a")
OF_LABELS = ("target.pods", "slurm.main", "backfill.prom")


def told(project: Project, name: str, source: str, at: datetime, interval: float | None) -> None:
    """A row of the inventory."""
    row = {"ts": at, "resource_id": name, "source": source, "name": name, "type": "cluster", "interval_s": interval}
    project.lake.append(RESOURCES, [row], collector="test")


def read(project: Project, name: str, start: datetime, end: datetime, source: str) -> None:
    """A reading each quarter of an hour."""
    every = timedelta(minutes=15)
    steps = range(int((end - start) / every))
    rows = [
        {
            "ts": start + n * every,
            "resource_id": name,
            "device": "",
            "source": source,
            "cpu_utilization_pct": 40.0 + n % 3,
        }
        for n in steps
    ]
    project.lake.append(SAMPLES, rows, collector="test")


def two(project: Project, source: str, *, ended: bool = False) -> None:
    """`b` is read to this day; `a` by the source in question for a day, and then no more."""
    told(project, "b", "host", BEGIN, 900.0)
    read(project, "b", LATE - timedelta(days=3), LATE, "host")
    told(project, "a", source, BEGIN, 900.0)
    until = BEGIN + timedelta(days=1)
    read(project, "a", BEGIN, until, source.removeprefix("declared."))
    if ended:
        told(project, "a", source.removeprefix("declared."), until, None)


def shown(project: Project, at: datetime = LATE, *, parts: Sequence[str] = ()) -> ReportView:
    """The daily report's view."""
    sources = context(project, clock=OwnedClock(at), as_of=at).sources()
    return view(report(sources, Made(version="1", at=at, generation="1-0"), parts=parts), document_sha256="0" * 64)


def named(now: Situation) -> set[str]:
    """Who is listed as not read."""
    return {one.id for one in (*now.silent, *now.unmeasured)}


@pytest.mark.parametrize("source", STATED)
def test_a_stated_name_stays_named_until_somebody_forgets_it(project: Project, source: str) -> None:
    """A month after its last reading it is silent still, in the list and in the verdict; forgotten, it is gone."""
    two(project, source)
    page = shown(project)
    assert named(page.situation) == {"a"}
    assert page.situation.aged_out == 0
    assert page.situation.state is not State.CALM
    assert "a" in page.verdict.names
    assert [row.state for row in page.rows if row.name == "a"] == ["silent"]


@pytest.mark.parametrize("source", ["import.nab", "host"])
def test_what_nothing_promises_any_more_is_named_and_never_calm(project: Project, source: str) -> None:
    """An import is not due after its end: no alert and no "Cannot tell", and no "All calm" over it either."""
    two(project, source, ended=True)
    page = shown(project)
    assert [one.id for one in page.situation.unmeasured] == ["a"]
    assert page.situation.silent == []
    assert page.verdict.state == "Steady."
    assert page.verdict.facts == "a has had no reading for 29 days, and none is due."
    assert [one.text for one in page.absent] == ["last read at 23:45 on 2 Mar, 29 days ago; nothing more was promised"]
    assert [row.state for row in page.rows if row.name == "a"] == ["ended"]


@pytest.mark.parametrize("source", OF_LABELS)
@pytest.mark.parametrize("ended", [True, False])
def test_a_name_of_labels_ages_out_and_is_counted(project: Project, source: str, *, ended: bool) -> None:
    """Pods and jobs come and go: after `[silence] unseen` they are one number, which every sentence gives alike."""
    two(project, source, ended=ended)
    early, late = shown(project, BEGIN + timedelta(days=5)), shown(project)
    assert named(early.situation) >= {"a"}
    assert named(late.situation) == set()
    assert late.situation.aged_out == 1
    assert "1 not read at the end. 1 judged against their own past; 1 not seen any more." in late.since
    assert "1 of 2 is not seen any more." in late.verdict.facts
    assert (late.tiles[0].label, late.tiles[0].value) == ("Health", "100")
    assert "1 name that only labels gave has not been seen for longer than [silence] unseen." in late.notices
    assert [row.state for row in late.rows if row.name == "a"] == ["unseen"]


def test_nothing_is_advised_for_what_is_not_seen_any_more(project: Project) -> None:
    """Nobody can bring a dead pod's readings back: it is in no bottleneck, no advice, no pool, and lowers no score."""
    two(project, "target.pods")
    late = shown(project, parts=PARTS)
    assert late.verdict.state == "All calm."
    assert (late.actions and list(late.actions.rows), late.constrained and list(late.constrained.rows)) == ([], [])
    early = shown(project, BEGIN + timedelta(days=5), parts=PARTS)
    assert early.actions
    assert "Bring the readings of a back" in {getattr(row, "title", "") for row in early.actions.rows}


def test_what_a_list_of_targets_has_left_out_ages_out_too(project: Project) -> None:
    """The list's owner took it off: that is a person's word, and the name churns like a pod's."""
    two(project, "declared.target.pods", ended=True)
    assert shown(project).situation.aged_out == 1


def test_one_stated_source_is_enough(project: Project) -> None:
    """A host with an agent of its own that is scraped as well does not age out."""
    two(project, "target.node")
    told(project, "a", "host", BEGIN + timedelta(hours=1), 30.0)
    page = shown(project)
    assert named(page.situation) == {"a"}


def test_forgetting_makes_the_fleet_calm_again(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Its end is acknowledged: no page counts it any more."""
    two(project, "import.nab", ended=True)
    assert run(["forget", "a", "--project", str(project.root)]) == 0
    capsys.readouterr()
    rows = project.lake.snapshot().scan(RESOURCES).collect().iter_rows(named=True)
    forgotten = {one.resource_id: one.forgotten for one in resources_at(rows)}["a"]
    assert forgotten is not None
    later = forgotten + timedelta(minutes=1)
    read(project, "b", later - timedelta(days=3), later, "host")
    page = shown(project, later)
    assert (page.situation.total, named(page.situation)) == (1, set())
