"""Jobs of short steps: on the monotonic hand, never in a burst, with a beat every ten seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from plimsoll.errors import TemporaryError
from plimsoll.project import Project
from plimsoll.project.context import Context, Job
from plimsoll.project.runner import context
from plimsoll.schedule.clock_watch import Watch, problem
from plimsoll.schedule.interval_jobs import IntervalJob
from tests.clocks import START, OwnedClock


def _stepper(project: Project, clock: OwnedClock, run: Callable[[Context], None], said: list[str]) -> IntervalJob:
    wired = context(project, clock=clock)
    return IntervalJob("collect", Job("every 1s", run), 1.0, wired, project.ledger, said.append)


def test_a_late_step_is_not_made_up_for(project: Project, clock: OwnedClock) -> None:
    """A step that took 2.5 s is followed by one at the next full second, not by two at once."""
    at: list[datetime] = []

    def slow(wired: Context) -> None:
        at.append(wired.as_of)
        clock.advance(2.5 if len(at) == 1 else 0.0)

    stepper = _stepper(project, clock, slow, [])
    for _ in range(3):
        clock.advance(stepper.wait())
        stepper.step()
    assert [seconds(instant) for instant in at] == [0.0, 3.0, 4.0]


def test_a_wall_clock_that_goes_back_stops_no_step(project: Project, clock: OwnedClock) -> None:
    """F31: the next step comes after a second, whatever the wall says."""
    at: list[datetime] = []
    stepper = _stepper(project, clock, lambda wired: at.append(wired.as_of), [])
    stepper.step()
    clock.step_wall(-7200)
    assert stepper.wait() == 1.0
    clock.advance(stepper.wait())
    stepper.step()
    assert [seconds(instant) for instant in at] == [0.0, -7199.0]


def test_a_failure_is_counted_told_at_once_and_followed_by_the_next_step(project: Project, clock: OwnedClock) -> None:
    """Success and failure each tell the ledger when they begin; in between every ten seconds."""
    failing = False

    def sometimes(_: Context) -> None:
        if failing:
            raise TemporaryError("no space")

    stepper = _stepper(project, clock, sometimes, [])
    stepper.step()
    assert project.ledger.beats()["collect"].runs == 1
    clock.advance(1)
    stepper.step()
    assert project.ledger.beats()["collect"].runs == 1
    failing = True
    clock.advance(1)
    stepper.step()
    beat = project.ledger.beats()["collect"]
    assert (beat.runs, beat.failures, beat.detail) == (3, 1, "no space")
    failing = False
    clock.advance(1)
    stepper.step()
    beat = project.ledger.beats()["collect"]
    assert (beat.failing, beat.succeeded) == (0, START + timedelta(seconds=3))


def test_a_step_goes_on_without_a_ledger(project: Project, clock: OwnedClock) -> None:
    """What cannot be noted is said; reading does not stop for it."""
    made: list[datetime] = []
    said: list[str] = []
    stepper = _stepper(project, clock, lambda wired: made.append(wired.as_of), said)
    project.data.mkdir(exist_ok=True)
    (project.data / "ledger.sqlite").write_bytes(b"not a database" * 1000)
    stepper.step()
    stepper.step()
    assert len(made) == 2
    assert all("damaged" in line for line in said)
    assert said


def test_small_steps_of_the_clock_are_no_event(clock: OwnedClock) -> None:
    """Up to five minutes are tolerated, more is told."""
    watch = Watch(clock)
    clock.advance(60)
    assert watch.look() is None
    clock.step_wall(299)
    assert watch.look() is None
    clock.step_wall(-301)
    step = watch.look()
    assert step is not None
    assert step.seconds == -301


def seconds(at: datetime) -> float:
    """Seconds after the clock's beginning."""
    return (at - START).total_seconds()


def test_after_a_restart_the_newest_thing_that_was_seen_counts(clock: OwnedClock, tmp_path: Path) -> None:
    """F32: off for forty days is a jump, unless something was made an hour ago: the file alone is old."""
    Watch(clock, tmp_path / "clock.json").look()
    clock.reboot(40 * 86_400.0)
    assert not Watch(clock, tmp_path / "clock.json").confirmed
    assert Watch(clock, tmp_path / "clock.json", clock.now() - timedelta(hours=1)).confirmed


def test_a_clock_that_is_not_believed_is_told_with_how_long_that_lasts(clock: OwnedClock, tmp_path: Path) -> None:
    """Ahead or back, by how much, and after what time it is believed: what can be true after minutes, else a day."""
    path = tmp_path / "clock.json"
    watch = Watch(clock, path)
    assert problem(path) is None
    told: list[str] = []
    for moved in (3600, -7200, 40 * 86_400):
        clock.step_wall(moved)
        watch.look()
        told.append(problem(path) or "")
        clock.step_wall(-moved)
        watch.look()
        assert problem(path) is None
    ends = ("15 minutes: set the clock right, or wait",) * 2 + ("a day: set the clock right, or wait",)
    begins = ("the clock jumped ahead by 1.0 h", "the clock jumped back by 2.0 h", "the clock jumped ahead by 960.0 h")
    for line, begin, end in zip(told, begins, ends, strict=True):
        assert line.startswith(begin)
        assert line.endswith(f"for {end}")
