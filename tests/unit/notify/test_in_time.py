"""From the opening of an alert to the message handed over: at most two minutes, by the shipped jobs on one clock."""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from plimsoll.config.engine import Scheduler, zone
from plimsoll.ledger import RunResult
from plimsoll.project.runner import context
from plimsoll.schedule.engine import LANES, Engine
from plimsoll.schedule.log import logger
from plimsoll.schedule.owed import Attempt
from plimsoll.schedule.plan import Plan, Task
from plimsoll.schedule.run_process import Limits
from plimsoll.schedule.schedules import parse
from tests.post_office import PASSWORD, USER, open_post_office
from tests.unit.notify.conftest import BEGIN, World

MOST = timedelta(minutes=2)
RUN_S = 12.0
"""What each run of a job takes of the clock."""


def shipped(world: World) -> Engine:
    """An engine over the jobs `alerts` and `deliver` as they ship, which really runs them, on the world's clock."""
    jobs = {name: world.project.job(name) for name in ("alerts", "deliver")}
    tasks = {name: Task(name, job.schedule, parse(job.schedule), job.lane, job.catch_up) for name, job in jobs.items()}

    def execute(attempt: Attempt, _limits: Limits, _stopping: object) -> RunResult:
        world.clock.advance(RUN_S)
        jobs[attempt.task.name].run(context(world.project, clock=world.clock, as_of=attempt.window.end))
        return RunResult("success", RUN_S)

    plan = Plan(tasks, zone("UTC"), Scheduler.model_validate({}))
    engine = Engine(world.project, world.clock, execute, logger(out=StringIO()), plan)
    engine.begin()
    return engine


def test_opening_and_end_of_an_alert_are_handed_over_within_two_minutes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By webhook and by a real SMTP server, at whatever second of the minute the machine goes over its line."""
    hook, mailed = world.service(), list[datetime]()
    office = world.services.enter_context(open_post_office(tmp_path / "tls"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / "cert.pem"))
    monkeypatch.setenv("PLIMSOLL_SMTP_PASSWORD", PASSWORD)

    def answer(_: object) -> str:
        mailed.append(world.clock.now())
        return "250 OK"

    office.answer = answer
    world.configure(
        f'[mail]\nhost = "localhost"\nport = {office.port}\nuser = "{USER}"\nsender = "p@example.org"\n'
        f'[notify.hook]\nurl = "{hook.url()}"\n[notify.mail]\nkind = "mail"\naddress = "o@example.org"\n'
    )
    engine = shipped(world)
    world.inventory(["a", "b"])
    over, back = {"a": BEGIN + timedelta(minutes=1), "b": BEGIN + timedelta(minutes=2, seconds=30)}, None
    while world.clock.now() < BEGIN + timedelta(minutes=11):
        at = world.clock.now()
        world.cpu = {name: 97.0 if since <= at < BEGIN + timedelta(minutes=8) else 40.0 for name, since in over.items()}
        world.read(0.5)
        back = back or (at if at >= BEGIN + timedelta(minutes=8) else None)
        for lane in LANES:
            engine.pass_lane(lane)
    opened = {name: since + timedelta(minutes=5) for name, since in over.items()}
    assert back is not None
    for got in hook.got:
        due = [opened[one["resource"]] if got.body["state"] == "opened" else back for one in got.body["alerts"]]
        assert all(timedelta(0) <= got.at - at <= MOST for at in due), (got.body["summary"], got.at, due)
    assert sorted(one["resource"] for got in hook.got for one in got.body["alerts"]) == ["a", "a", "b", "b"]
    assert len(mailed) == len(hook.got) == len(office.received)
    assert all(abs(by_mail - got.at) <= MOST for by_mail, got in zip(mailed, hook.got, strict=True))


def test_a_long_analysis_keeps_no_alert_from_people(world: World) -> None:
    """Alerts have a lane of their own: what learns for half an hour, or draws a report, is not before them."""
    lanes = {name: world.project.job(name).lane for name in world.project.jobs()}
    assert {name for name, lane in lanes.items() if lane == "alerting"} == {"alerts", "deliver"}
    assert {world.project.job(name).schedule for name in ("alerts", "deliver")} == {"cron * * * * *"}
