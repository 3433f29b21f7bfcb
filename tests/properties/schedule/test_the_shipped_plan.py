"""The law of the schedules, plan, engine and ledger that ship, under a hard life: only the bodies of jobs are recorded.

Ten days around a change of the clocks in twelve zones (a whole year each with PLIMSOLL_TEST_MORE=1), drawn with fixed
seeds: ticks of no rhythm, pauses from minutes to weeks, machines that are suspended or off, killed schedulers, failing
jobs, a wall clock that is days ahead for minutes, schedules and zones that are changed, also during a pause.
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plimsoll.config.engine import zone as zone_of
from plimsoll.ledger import RunResult
from plimsoll.project import Project, builtin_root
from plimsoll.schedule.engine import Engine
from plimsoll.schedule.log import logger
from plimsoll.schedule.owed import Attempt, Owed, owed
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.problems import of_jobs
from plimsoll.schedule.run_process import Limits
from plimsoll.schedule.schedules import parse
from tests.clocks import OwnedClock
from tests.properties.schedule.test_a_year_in_twelve_zones import ZONES

MORE = bool(os.environ.get("PLIMSOLL_TEST_MORE"))
REPORTS = ("daily_report", "weekly_report", "capacity_review")
Made = tuple[str, datetime, datetime]
GRACE = timedelta(minutes=30)
# some days before a change of the clocks, where the zone has one
STARTS = {
    "Europe/Berlin": (2026, 3, 24), "Australia/Lord_Howe": (2026, 3, 31), "America/Santiago": (2026, 3, 31),
    "Africa/Cairo": (2026, 4, 19), "Pacific/Chatham": (2026, 3, 31), "Africa/Casablanca": (2026, 2, 10),
}  # fmt: skip


class KilledError(BaseException):
    """The scheduler's process ends while a job runs."""


@dataclass
class World:
    """One project, its clock, and what its jobs were asked to make."""

    project: Project
    clock: OwnedClock
    plan: Plan
    chance: random.Random
    good: list[Made] = field(default_factory=list[Made])
    given_up: list[Made] = field(default_factory=list[Made])
    at: list[datetime] = field(default_factory=list[datetime])
    calm: bool = False

    def run(self, attempt: Attempt, _: Limits, __: Callable[[], bool]) -> RunResult:
        """A recorded body: takes seconds, sometimes fails, sometimes the whole scheduler dies under it."""
        luck = 1.0 if self.calm else self.chance.random()
        if luck < 0.004:
            raise KilledError
        self.clock.advance(2)
        key = (attempt.task.name, attempt.window.start, attempt.window.end)
        if luck < 0.04:
            if attempt.number >= self.plan.settings.attempts:
                self.given_up.append(key)
            return RunResult("failed", 2.0, "no luck", "error")
        assert attempt.window.due <= self.clock.now()
        if attempt.task.name in REPORTS:
            self._analysis_is_settled(attempt.window.due)
        self.good.append(key)
        self.at.append(self.clock.now())
        return RunResult("success", 2.0)

    def _analysis_is_settled(self, due: datetime) -> None:
        """What a report reads has been made, or was given up."""
        analysing, now = self.plan.windowed("analysing"), self.clock.now()
        standings = self.project.ledger.standings([task.name for task in analysing], now)
        for task in analysing:
            one = owed(task, self.plan, standings[task.name], now)
            assert one.unsettled is None or one.unsettled > due, f"a report before {task.name}"

    def engine(self) -> Engine:
        """A scheduler that takes over, as after a start."""
        made = Engine(self.project, self.clock, self.run, logger(out=StringIO()), self.plan)
        made.begin()
        return made

    def go(self, running: Engine) -> Engine:
        """Everything that is due, however often the scheduler dies meanwhile."""
        while True:
            try:
                running.pass_all()
            except KilledError:
                running = self.engine()
            else:
                return running

    def problems(self) -> list[str]:
        """What `status` says of the jobs."""
        return of_jobs(self.project, self.plan, self.clock.now(), grace=GRACE)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The shipped jobs in one zone, in memory where the machine has such a place: a life has many commits."""
    zone, memory = str(request.param), Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        (Path(folder) / "config.toml").write_text('[plimsoll]\nname = "law"\n', encoding="utf-8")
        project = Project(Path(folder), builtin_root())
        plan = replace(Plan.load(project), zone=zone_of(zone))
        begin = datetime(*STARTS.get(zone, (2026, 3, 1)), 16, 0, tzinfo=UTC)
        yield World(project, OwnedClock(begin), plan, random.Random(f"plimsoll {zone}"))


def _something_happens(world: World, running: Engine) -> Engine:
    """One drawn event; the time that it takes is the time since anything was made."""
    clock, chance = world.clock, world.chance
    before = clock.now()
    event = chance.choices(["tick", "pause", "suspend", "off", "ahead", "change"], weights=[70, 12, 6, 6, 6, 6])[0]
    if event == "tick":
        clock.advance(chance.choice([60, 300, 3600, 6 * 3600, 20 * 3600]) + chance.random() * 600)
    elif event == "pause":
        clock.advance(chance.choice([1800, 7200, 86_400, 4 * 86_400, 10 * 86_400]))
        running = world.engine()
    elif event == "suspend":
        clock.suspend(chance.choice([1800, 8 * 3600, 3 * 86_400]))
    elif event == "off":
        clock.reboot(chance.choice([600, 12 * 3600, 2 * 86_400]))
        running = world.engine()
    elif event == "change":
        _another_schedule(world)
        clock.advance(chance.choice([0, 0, 300, 30 * 3600, 3 * 86_400]))
        return world.engine()
    else:
        _ahead_for_minutes(world, running)
    if clock.now() - before > timedelta(minutes=32):
        assert any(one.startswith("deliver: due since") for one in world.problems()), "late, and status is healthy"
    return running


def _another_schedule(world: World) -> None:
    """Somebody edits the schedule of a job that catches up, or the zone of all."""
    chance, plan = world.chance, world.plan
    if chance.random() < 0.2:
        world.plan = replace(plan, zone=zone_of(chance.choice(ZONES)))
        return
    name = chance.choice(sorted(task.name for task in plan.all_windowed() if task.catch_up))
    at = f"{chance.randrange(24):02}:{chance.randrange(60):02}"
    text = chance.choice([f"daily {at}", f"daily {at}", "hourly", f"hourly :{at[3:]}", "cron 0 */6 * * mon-fri"])
    task = replace(plan.tasks[name], text=text, schedule=parse(text))
    world.plan = replace(plan, tasks={**plan.tasks, name: task})


def _ahead_for_minutes(world: World, running: Engine) -> None:
    days = world.chance.choice([1, 3, 20, 400])
    made = len(world.good)
    world.clock.step_wall(days * 86_400)
    for _ in range(3):
        world.clock.advance(world.chance.choice([40, 120, 250]))
        running.pass_all()
        running = world.engine()
    world.clock.step_wall(-days * 86_400)
    assert len(world.good) == made, "made by a clock that was ahead"


def _rows(world: World, job: str) -> list[tuple[datetime, datetime]]:
    """The windows that are settled, the skipped ones as one each, in order of their beginning."""
    skipped = [(r.window_start, r.window_end) for r in world.project.ledger.failures(datetime(2000, 1, 1, tzinfo=UTC))
               if r.job == job and r.outcome == "skipped"]  # fmt: skip
    return sorted([*((a, b) for name, a, b in [*world.good, *world.given_up] if name == job), *skipped])


@pytest.mark.parametrize("world", ZONES, indirect=True)
def test_every_window_once_and_status_tells_the_truth(world: World) -> None:
    """Every window is made exactly once, instants are covered, messages leave, and what is late is unhealthy."""
    running = world.go(world.engine())
    begin = world.clock.now()
    while world.clock.now() < begin + timedelta(days=365 if MORE else 10):
        running = _something_happens(world, running)
        running = world.go(running)
        world.clock.advance(61)
        running = world.go(running)
    world.calm = True
    for _ in range(4):  # what waited to be repeated is repeated
        world.clock.advance(16 * 60)
        running = world.go(running)
    assert [one for one in world.problems() if "due since" in one or "will be tried again" in one] == []
    last = {name: max(end for job, _, end in world.good if job == name) for name in ("deliver", "alerts")}
    assert world.clock.now() - last["deliver"] <= timedelta(minutes=3), "messages do not leave"
    for task in world.plan.all_windowed():
        windows = [(a, b) for name, a, b in world.good if name == task.name]
        assert len(windows) == len(set(windows)), f"{task.name} was made twice"
        assert windows == sorted(windows)
        if task.catch_up:
            rows = _rows(world, task.name)
            assert all(a[1] == b[0] for a, b in pairwise(rows)), f"{task.name} has a gap, or an instant twice"
            standing = world.project.ledger.standings([task.name], world.clock.now())[task.name]
            assert owed(task, world.plan, standing, world.clock.now()) == Owed()
    assert all(any(name == job for name, _, _ in world.good) for job in REPORTS)
