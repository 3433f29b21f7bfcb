"""What takes longer than a glance reaches people too: rules always, incidents and forecasts where they are routed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.project import Project
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks import watch_findings
from plimsoll.tasks.watch_alerts import watch
from tests.post_office import PASSWORD, USER, open_post_office
from tests.unit.notify.conftest import BEGIN, World

QUARTER = timedelta(minutes=15)
SHIFTED = BEGIN + timedelta(hours=2)
"""When the cluster begins to be unlike its past, for four hours."""


def readings(project: Project, resource: str, days: int, metric: str, values: Any) -> None:  # noqa: ANN401
    """One reading each quarter of an hour, from so many days before the beginning to eight days after it."""
    start = BEGIN - timedelta(days=days)
    times = [start + QUARTER * n for n in range((days + 8) * 96)]
    rows: list[dict[str, Any]] = [
        {"ts": at, "resource_id": resource, "device": "", "source": "test", metric: float(value)}
        for at, value in zip(times, values(np.array([(at - BEGIN) / timedelta(hours=1) for at in times])), strict=True)
    ]
    project.lake.append(SAMPLES, rows, collector="test")


def fleet(world: World) -> None:
    """A volume that fills by 2 points a day, and a cluster that is calm but for four hours."""
    since = BEGIN - timedelta(days=21)
    for name, kind in (("scratch", "storage"), ("gpu-7", "cluster")):
        row = {"ts": since, "resource_id": name, "source": "test", "name": name, "type": kind, "interval_s": 900.0}
        world.project.lake.append(RESOURCES, [row], collector="test")

    def filling(hours: Any) -> Any:  # noqa: ANN401
        return np.where(hours < 60, 76 + 2.0 / 24 * hours, 30.0)

    def calm(hours: Any) -> Any:  # noqa: ANN401
        noise = np.random.default_rng(7).normal(0, 0.5, len(hours))
        return 30 + noise + np.where((hours >= 2) & (hours < 6), 45.0, 0.0)

    readings(world.project, "scratch", 21, "storage_utilization_pct", filling)
    readings(world.project, "gpu-7", 8, "memory_utilization_pct", calm)


def go_to(world: World, at: datetime) -> None:
    """Time passes to an instant, then both jobs look and what is due is sent."""
    world.clock.advance((at - world.clock.now()).total_seconds())
    watch_findings.watch(world.context)
    world.pass_once()


@pytest.mark.slow
def test_incident_and_forecast_are_said_once_for_each_state(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened, still open, resolved, each once and in its thread: by a real SMTP server and a webhook alike."""
    hook = world.service()
    office = world.services.enter_context(open_post_office(tmp_path / "tls"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / "cert.pem"))
    monkeypatch.setenv("PLIMSOLL_SMTP_PASSWORD", PASSWORD)
    world.configure(
        f'[mail]\nhost = "localhost"\nport = {office.port}\nuser = "{USER}"\nsender = "p@example.org"\n'
        f'[notify.hook]\nurl = "{hook.url()}"\nreports = "never"\n'
        '[notify.mail]\nkind = "mail"\naddress = "o@example.org"\n'
        '[routes.all]\nto = ["hook", "mail"]\nkinds = ["alert", "incident", "forecast"]\nstill_open_after = "2h"\n'
        '[rule_alerts.volume_filling]\ntypes = ["network"]\n[execution]\nbackend = "serial"\n'
    )
    fleet(world)
    for at in (BEGIN, SHIFTED + timedelta(hours=1), SHIFTED + timedelta(hours=1, minutes=15)):
        go_to(world, at)
    go_to(world, SHIFTED + timedelta(hours=3, minutes=45))
    go_to(world, SHIFTED + timedelta(hours=9))
    go_to(world, BEGIN + timedelta(days=7, hours=12))
    said = [(got.body["state"], [(one["kind"], one["resource"]) for one in got.body["alerts"]]) for got in hook.got]
    ahead, strange = ("forecast", "scratch"), ("incident", "gpu-7")
    assert [state for state, subjects in said if ahead in subjects] == ["opened", "still open", "resolved"]
    assert [state for state, subjects in said if strange in subjects] == ["opened", "still open", "resolved"]
    for subject in (ahead, strange):
        mine = [got.body for got, (_, subjects) in zip(hook.got, said, strict=True) if subject in subjects]
        assert {body["thread"] for body in mine} == {mine[0]["id"]}
    assert len(office.received) == len(hook.got)
    assert "forecast: scratch: used space reaches its line at 85" in hook.got[0].body["summary"]
    first = [mail for mail in office.received if mail["In-Reply-To"] is None]
    assert len(first) == sum(state == "opened" for state, _ in said)


def test_without_a_route_that_names_them_nobody_is_told(world: World) -> None:
    """What is routed today stays as it was: alerts alone; and no incident is looked for."""
    hook = world.service()
    world.configure(f'[notify.hook]\nurl = "{hook.url()}"\nreports = "never"\n')
    fleet(world)
    go_to(world, SHIFTED + timedelta(hours=1))
    assert [one["metric"] for got in hook.got for one in got.body["alerts"]] == ["storage_utilization_pct"]
    assert hook.got[0].body["alerts"][0]["text"].startswith("scratch: used space reaches 100 % in")
    assert world.context.ledger.alerts.looked("incident") is None


def test_a_rule_alert_keeps_its_id_closes_and_is_no_alert_of_a_line(world: World) -> None:
    """The pass of each minute does not close what the pass of each quarter opened; emptied, it is resolved."""
    fleet(world)
    ids: set[str] = set()
    for hours in (0, 6, 12):
        go_to(world, BEGIN + timedelta(hours=hours))
        watch(world.context)
        (row,) = [one for one in world.context.ledger.alerts.open_at(world.clock.now()) if one.kind == "rule"]
        ids.add(row.id)
    assert len(ids) == 1
    go_to(world, BEGIN + timedelta(days=3, hours=12))
    assert world.context.ledger.alerts.open_at(world.clock.now()) == []
