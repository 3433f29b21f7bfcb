"""The life of an alert: opened once, the same id while open, closed, snoozed, silent in maintenance, in the feed."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from plimsoll.cli import run
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.ledger import Alerts
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.queries.performance import performance
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks.watch_alerts import watch
from tests.clocks import OwnedClock

BEGIN = datetime.fromisoformat("2026-01-10T00:00:00Z")


def fill(project: Project, start: datetime, end: datetime, cpu: float, *, resource: str = "a") -> None:
    """A reading each five minutes."""
    steps = int((end - start).total_seconds() // 300)
    rows: list[dict[str, Any]] = [
        {
            "ts": start + timedelta(minutes=5 * n),
            "resource_id": resource,
            "device": "",
            "source": "test",
            "cpu_utilization_pct": cpu,
        }
        for n in range(steps)
    ]
    project.lake.append(SAMPLES, rows, collector="test")


@pytest.fixture
def fleet(project: Project) -> Project:
    """One cluster, read every five minutes."""
    row = {"ts": BEGIN, "resource_id": "a", "source": "test", "name": "a", "type": "cluster", "interval_s": 300.0}
    project.lake.append(RESOURCES, [row], collector="test")
    return project


def looked(project: Project, at: datetime) -> list[str]:
    """One watch; gives the ids of new alerts."""
    return [row.id for row in watch(context(project, clock=OwnedClock(at), as_of=at))]


def told(project: Project, at: datetime) -> list[tuple[str, str]]:
    """(id, since) of the performance document's alerts."""
    sources = context(project, clock=OwnedClock(at), as_of=at).sources()
    document, _ = performance(sources, PerformanceQuery.parse())
    return [(alert.alert_id, alert.timestamp) for alert in document.alerts]


def feed(project: Project) -> list[dict[str, Any]]:
    """The lines of alerts.ndjson."""
    text = (project.data / "published" / "latest" / "alerts.ndjson").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_an_alert_keeps_its_id_for_days(fleet: Project) -> None:
    """Longer than readings are looked back at: still the same id and beginning."""
    fill(fleet, BEGIN, BEGIN + timedelta(days=3), 97.0)
    ids = [looked(fleet, BEGIN + timedelta(hours=h)) for h in range(1, 72, 6)]
    assert len(ids[0]) == 1
    assert ids[1:] == [[]] * (len(ids) - 1)
    assert told(fleet, BEGIN + timedelta(days=3)) == [(ids[0][0], "2026-01-10T00:00:00Z")]
    (line,) = feed(fleet)
    assert (line["state"], line["alertId"], line["worstValue"]) == ("open", ids[0][0], 97.0)


def test_it_closes_and_what_follows_is_another(fleet: Project) -> None:
    """An hour below the line and its margin ends it; noise around the line opens no second one."""
    fill(fleet, BEGIN, BEGIN + timedelta(hours=2), 97.0)
    fill(fleet, BEGIN + timedelta(hours=2), BEGIN + timedelta(hours=3), 89.5)
    fill(fleet, BEGIN + timedelta(hours=3), BEGIN + timedelta(hours=4), 40.0)
    fill(fleet, BEGIN + timedelta(hours=4), BEGIN + timedelta(hours=5), 98.0)
    (first,) = looked(fleet, BEGIN + timedelta(hours=1))
    assert looked(fleet, BEGIN + timedelta(hours=2, minutes=50)) == []
    assert looked(fleet, BEGIN + timedelta(hours=3, minutes=50)) == []
    (second,) = looked(fleet, BEGIN + timedelta(hours=4, minutes=50))
    assert second != first
    assert [(line["alertId"], line["state"]) for line in feed(fleet)] == [(first, "closed"), (second, "open")]


def test_a_snoozed_alert_is_not_told_and_stays_in_the_feed(fleet: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """With the reason; an unknown id and a past instant are refused."""
    now = datetime.now(BEGIN.tzinfo).replace(microsecond=0)
    fill(fleet, now - timedelta(hours=2), now, 97.0)
    (alert,) = looked(fleet, now)
    arguments = ["--project", str(fleet.root), "--until", "2099-01-01T00:00:00Z", "--reason", "known"]
    assert run(["snooze", "perf-none", *arguments]) == 2
    assert "is not an open alert" in capsys.readouterr().err
    assert run(["snooze", alert, "--project", str(fleet.root), "--until", "2020-01-01T00:00:00Z"]) == 2
    assert run(["snooze", alert, *arguments]) == 0
    later = now + timedelta(minutes=4)
    assert told(fleet, later) == []
    assert looked(fleet, later) == []
    (line,) = feed(fleet)
    assert (line["state"], line["quiet"]) == ("open", "snoozed: known")


def test_maintenance_is_quiet_for_its_time(fleet: Project) -> None:
    """Inside the window nobody is told; afterwards the alert is, with its real beginning."""
    (fleet.root / "config.toml").write_text(
        '[plimsoll]\n[maintenance.disks]\nstart = "2026-01-10T00:00:00Z"\nend = "2026-01-10T02:00:00Z"\n'
        'types = ["cluster"]\n',
        encoding="utf-8",
    )
    fill(fleet, BEGIN, BEGIN + timedelta(hours=4), 97.0)
    assert told(fleet, BEGIN + timedelta(hours=1)) == []
    assert [since for _, since in told(fleet, BEGIN + timedelta(hours=3))] == ["2026-01-10T00:00:00Z"]


def test_a_learned_line_is_each_resources_own(fleet: Project) -> None:
    """Far from any fixed line, but far from its own usual range too."""
    (fleet.root / "config.toml").write_text(
        '[plimsoll]\n[lines.own]\nmetric = "cpu_utilization_pct"\nlearned = "above"\nfor = "15m"\n',
        encoding="utf-8",
    )
    fill(fleet, BEGIN, BEGIN + timedelta(days=4), 20.0)
    fill(fleet, BEGIN + timedelta(days=4), BEGIN + timedelta(days=4, hours=1), 60.0)
    at = BEGIN + timedelta(days=4, minutes=50)
    assert told(fleet, at) == []
    assert run(["run", "learn", "--project", str(fleet.root), "--as-of", "2026-01-14T00:00:00Z"]) == 0
    ((_, since),) = told(fleet, at)
    assert since == "2026-01-14T00:00:00Z"


def test_the_ledger_knows_the_past(fleet: Project) -> None:
    """As of an instant: what was open then, whatever happened afterwards."""
    fill(fleet, BEGIN, BEGIN + timedelta(hours=2), 97.0)
    fill(fleet, BEGIN + timedelta(hours=2), BEGIN + timedelta(hours=4), 10.0)
    looked(fleet, BEGIN + timedelta(hours=1))
    looked(fleet, BEGIN + timedelta(hours=3))
    ledger = Alerts(fleet.data / "ledger.sqlite")
    assert len(ledger.open_at(BEGIN + timedelta(hours=1, minutes=30))) == 1
    assert ledger.open_at(BEGIN + timedelta(hours=3, minutes=30)) == []
