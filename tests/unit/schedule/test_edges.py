"""Where schedules, owed windows and the confirmed clock turn: the very second, and the one beside it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from plimsoll.errors import UsageError
from plimsoll.ledger import JobProgress, Run
from plimsoll.schedule.clock_watch import Step, Watch, problem
from plimsoll.schedule.cron import Cron
from plimsoll.schedule.owed import Attempt, Owed, Skip, oldest, owed, owed_by_all, settled
from plimsoll.schedule.project_lock import owned, owner
from plimsoll.schedule.schedules import Due
from tests.clocks import OwnedClock
from tests.schedules import plan

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE, SECOND, DAY = timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("off", "believed"),
    [(timedelta(days=31), True), (timedelta(days=31, seconds=1), False), (-300 * SECOND, True), (-301 * SECOND, False)],
)
def test_a_pause_is_believed_up_to_a_month_and_a_clock_that_lags_up_to_five_minutes(
    clock: OwnedClock, off: timedelta, *, believed: bool
) -> None:
    """Both to the second, after a start that knows nothing but what was made last."""
    assert Watch(clock, None, clock.now() - off).confirmed is believed


@pytest.mark.parametrize(
    ("moved", "after_s"), [(301.0, 900.0), (-7200.0, 900.0), (31 * 86_400.0, 900.0), (31 * 86_400.0 + 1, 86_400.0)]
)
def test_a_step_is_settled_when_it_has_stayed_for_as_long_as_it_must(
    clock: OwnedClock, moved: float, after_s: float
) -> None:
    """A second before that nothing is said; then once; then it is the time."""
    watch = Watch(clock)
    watch.look()
    clock.advance(1)
    clock.step_wall(moved)
    assert watch.look() == Step(moved, incredible=True)
    assert not watch.confirmed
    clock.advance(after_s - 1)
    assert watch.look() is None
    assert not watch.confirmed
    clock.advance(1)
    assert watch.look() == Step(moved, incredible=False, settled=True)
    assert watch.confirmed
    assert watch.look() is None


def test_a_second_step_within_a_doubt_begins_it_anew_beyond_five_minutes_only(clock: OwnedClock) -> None:
    """A clock that wanders by 300 s while it is doubted is the same step; by 301 s it is another."""
    watch = Watch(clock)
    watch.look()
    clock.step_wall(7_200)
    watch.look()
    clock.advance(890)
    clock.step_wall(300)
    assert watch.look() is None
    clock.step_wall(1)
    assert watch.look() == Step(7_501, incredible=True)
    clock.advance(890)
    assert watch.look() is None
    clock.advance(10)
    assert watch.look() == Step(7_501, incredible=False, settled=True)


def test_a_clock_that_lags_is_believed_and_one_that_went_back_is_not(clock: OwnedClock) -> None:
    """Whatever it shows has passed where it shows no earlier time than before."""
    watch = Watch(clock)
    watch.look()
    clock.advance(400)
    clock.step_wall(-400)
    assert watch.look() == Step(-400, incredible=False)
    clock.step_wall(-301)
    step = watch.look()
    assert step is not None
    assert step.incredible


def test_a_step_that_goes_away_is_said_with_how_far_it_went_back(clock: OwnedClock) -> None:
    """The way back is an event too; nothing is settled by it."""
    watch = Watch(clock)
    watch.look()
    clock.step_wall(3_600)
    watch.look()
    clock.step_wall(-3_600)
    assert watch.look() == Step(-3_600, incredible=False, settled=False)


def test_what_is_known_is_kept_once_a_minute_and_at_every_change(clock: OwnedClock, tmp_path: Path) -> None:
    """The file is not written at every look."""
    path = tmp_path / "clock.json"
    watch = Watch(clock, path)

    def seen() -> str:
        return str(json.loads(path.read_bytes())["seen"])

    watch.look()
    first = seen()
    clock.advance(59)
    watch.look()
    assert seen() == first
    clock.advance(1)
    watch.look()
    assert seen() != first
    clock.step_wall(3_600)
    watch.look()
    assert json.loads(path.read_bytes())["doubtS"] is not None
    again = Watch(clock, path)
    assert not again.confirmed
    clock.step_wall(-3_600)
    assert again.look() == Step(-3_600, incredible=False)


def test_how_long_a_doubt_lasts_is_said_by_how_far_the_clock_is(clock: OwnedClock, tmp_path: Path) -> None:
    """Exactly a month ahead is confirmed after minutes, a second more after a day."""
    path = tmp_path / "clock.json"
    for moved, ends in ((31 * 86_400, "for 15 minutes:"), (31 * 86_400 + 1, "for a day:")):
        path.unlink(missing_ok=True)
        watch = Watch(clock, path)
        watch.look()
        clock.step_wall(moved)
        watch.look()
        assert ends in (problem(path) or "")
        clock.step_wall(-moved)
    path.write_text('{"boot": "x"}')
    assert problem(path) is None
    path.write_text("[]")
    assert problem(path) is None


def _run(due: datetime, retry_at: datetime | None, outcome: str | None = "failed") -> Run:
    return Run(
        7, "job", due - 5 * MINUTE, due, due, 3, due, 1.0, outcome, "error", "no luck", retry_at, 1, None, None, None,
        None, "0.1.0",
    )  # fmt: skip


def _owed(standing: JobProgress, now: datetime, *, catch_up: bool = True, text: str = "cron */5 * * * *") -> Owed:
    jobs = plan({"job": text})
    return owed(replace(jobs.tasks["job"], catch_up=catch_up), jobs, standing, now)


def test_an_attempt_is_repeated_at_its_second_and_at_once_where_that_lies_too_far_ahead() -> None:
    """A repetition that was set by a clock that was ahead does not wait for it."""
    jobs = plan({"job": "cron */5 * * * *"})
    wait = timedelta(seconds=jobs.settings.retry_after)
    due = NOON + 5 * MINUTE
    now = due + MINUTE
    for retry_at, waits in ((now, False), (now + SECOND, True), (now + wait, True), (now + wait + SECOND, False)):
        found = _owed(JobProgress(NOON, NOON, (_run(due, retry_at),)), now)
        assert (found.attempt is None) is waits
        assert (found.failed is not None, found.unsettled, found.since) == (True, due, due)
        if found.attempt is not None:
            assert (found.attempt.number, found.attempt.window) == (4, Due(due - 5 * MINUTE, due, due))


def test_a_run_that_is_going_on_is_what_is_owed() -> None:
    """Nothing else of that job is begun."""
    due = NOON + 5 * MINUTE
    run = _run(due, None, None)
    assert _owed(JobProgress(NOON, NOON, (run,)), NOON + 30 * MINUTE) == Owed(unsettled=due, since=due, running=run)
    assert _owed(JobProgress(NOON, NOON), NOON + 4 * MINUTE) == Owed()


def test_what_was_due_at_the_horizon_is_made_and_what_was_due_before_is_skipped() -> None:
    """`[schedule] catch_up`, to the second; of two windows the newest is made in any case."""
    jobs = plan({"job": "daily 06:00"})
    horizon = timedelta(seconds=jobs.settings.catch_up)
    first = datetime(2026, 3, 11, 6, tzinfo=UTC)
    exact = _owed(JobProgress(NOON, NOON), first + horizon, text="daily 06:00")
    assert exact.attempt is not None
    assert (exact.attempt.window.due, exact.skip) == (first, None)
    late = _owed(JobProgress(NOON, NOON), first + horizon + SECOND, text="daily 06:00")
    assert late.attempt is not None
    assert late.skip is not None
    assert (late.attempt.window.due, late.skip.count, late.skip.cause) == (first + DAY, 1, "catch_up")
    assert (late.skip.first, late.skip.last) == (late.skip.first, late.skip.first)
    assert late.since == late.unsettled == first + DAY


def test_skipped_windows_are_told_in_words() -> None:
    """One or many; the setting in days."""
    due = Due(NOON - DAY, NOON, NOON)
    one = Skip(due, due, 1, "catch_up").ended(14 * 86_400.0)
    assert (one.outcome, one.seconds, one.cause) == ("skipped", 0.0, "catch_up")
    assert one.detail == "1 window was due more than 14 days ago ([schedule] catch_up)"
    many = Skip(due, due, 2, "newest only").ended(86_400.0)
    assert many.detail.startswith("2 windows were followed by a newer one")


def test_after_a_change_of_schedule_the_first_window_begins_where_the_last_one_ended() -> None:
    """At most `catch_up` before its own beginning: what is longer ago is a window of its own, and is skipped."""
    most = timedelta(seconds=plan({"job": "hourly"}).settings.catch_up)
    now = NOON + timedelta(hours=1)
    for gap in (timedelta(0), timedelta(minutes=30), most, most + SECOND):
        found = _owed(JobProgress(NOON, NOON, (), NOON - gap), now, text="hourly")
        assert found.attempt is not None
        start = found.attempt.window.start
        assert start == NOON - min(gap, most)
        assert found.attempt.window.end == now
        assert (found.skip is not None) is (gap > most)
        if found.skip is not None:
            assert found.skip.first == Due(NOON - gap, NOON - most, NOON - most)


def test_of_all_that_is_owed_the_oldest_is_made_and_names_decide_between_equals() -> None:
    """What cannot be made now is not asked; nothing gives nothing."""
    jobs = plan({"a": "hourly", "b": "hourly", "c": "hourly"})
    after = {name: JobProgress(NOON, NOON) for name in jobs.tasks}
    after["c"] = JobProgress(NOON, NOON + timedelta(hours=1))
    owing = owed_by_all(reversed(list(jobs.tasks.values())), jobs, after, NOON + timedelta(hours=2))
    found = oldest(owing)
    assert found is not None
    assert isinstance(found.attempt, Attempt)
    assert (found.attempt.task.name, found.attempt.order) == ("a", (NOON + timedelta(hours=1), "a"))
    assert oldest([Owed(), Owed(unsettled=NOON)]) is None
    assert settled([Owed(), Owed(unsettled=NOON + SECOND)], NOON)
    assert not settled([Owed(), Owed(unsettled=NOON)], NOON)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("60 * * * *", 'minute "60" is outside 0 to 59'),
        ("* 24 * * *", 'hour "24" is outside 0 to 23'),
        ("* * 0 * *", 'day of month "0" is outside 1 to 31'),
        ("* * 32 * *", 'day of month "32" is outside 1 to 31'),
        ("* * * 0 *", 'month "0" is outside 1 to 12'),
        ("* * * 13 *", 'month "13" is outside 1 to 12'),
        ("* * * * 8", 'day of week "8" is outside 0 to 7'),
        ("5-4 * * * *", 'minute "5-4" is outside'),
        ("*/0 * * * *", 'minute "*/0" is not a number'),
        ("* * * * fun", 'day of week "fun" is not known'),
        ("* * 30 feb *", "no date is ever like that"),
        ("* * * *", "here are 4"),
    ],
)
def test_a_field_out_of_range_is_named(text: str, said: str) -> None:
    """With its field and its bounds."""
    with pytest.raises(UsageError) as refused:
        Cron.parse(text.split())
    assert said in str(refused.value)


def test_the_ends_of_every_field_are_inside() -> None:
    """The lowest and the highest number of each; Sunday is 0 and 7; names count from January and Sunday."""
    every = Cron.parse(["*", "*", "*", "*", "*"])
    assert (len(every.minutes), len(every.hours), len(every.month_days)) == (60, 24, 31)
    assert (len(every.months), len(every.weekdays), every.either_day) == (12, 7, False)
    ends = Cron.parse(["0,59", "0,23", "1,31", "1,12", "0,7"])
    assert [set(one) for one in (ends.minutes, ends.hours, ends.month_days)] == [{0, 59}, {0, 23}, {1, 31}]
    assert (set(ends.months), set(ends.weekdays), ends.either_day) == ({1, 12}, {0}, True)
    assert Cron.parse(["1-30/7", "3/10", "*", "jan-mar", "sat"]) == Cron(
        frozenset({1, 8, 15, 22, 29}), frozenset({3, 13, 23}), frozenset(range(1, 32)), frozenset({1, 2, 3}),
        frozenset({6}), either_day=False,
    )  # fmt: skip
    assert Cron.parse(["0", "0", "29", "2", "*"]).months == {2}


def test_both_days_or_either_as_in_the_field() -> None:
    """One of the two is enough where both are restricted; a star that steps is no restriction of either."""

    def days(text: str) -> set[int]:
        found = Cron.parse(text.split()).between(NOON.replace(day=1, hour=0) - SECOND, NOON.replace(day=31), UTC_ZONE)
        return {at.day for at in found}

    assert days("0 0 13 * fri") == {6, 13, 20, 27}
    assert days("0 0 10 * mon") == {2, 9, 10, 16, 23, 30}
    assert days("0 0 * * mon") == {2, 9, 16, 23, 30}
    assert days("0 0 */10 * mon") == set()
    assert days("0 0 10 apr *") == set()


def test_instants_lie_after_the_first_bound_and_up_to_the_second() -> None:
    """(after, until]; the last one may be `at` itself, and 29 February is found eight years back."""
    cron = Cron.parse(["0", "*", "*", "*", "*"])
    assert list(cron.between(NOON, NOON + timedelta(hours=2), UTC_ZONE)) == [NOON + timedelta(hours=n) for n in (1, 2)]
    assert list(cron.between(NOON - SECOND, NOON, UTC_ZONE)) == [NOON]
    assert cron.last(NOON, UTC_ZONE) == NOON
    assert cron.last(NOON - SECOND, UTC_ZONE) == NOON - timedelta(hours=1)
    leap = Cron.parse(["0", "0", "29", "2", "*"])
    assert leap.last(datetime(2104, 2, 28, tzinfo=UTC), UTC_ZONE) == datetime(2096, 2, 29, tzinfo=UTC)
    assert leap.last(datetime(1904, 2, 28, tzinfo=UTC), UTC_ZONE) == datetime(1896, 2, 29, tzinfo=UTC)
    assert list(leap.between(datetime(2099, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC), UTC_ZONE)) == []


@pytest.mark.parametrize(
    ("zone", "day", "text", "expected"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "30 2 * * *", ["01:00"]),  # skipped: right after the gap, once
        ("Europe/Berlin", date(2026, 10, 25), "30 2 * * *", ["00:30"]),  # twice: the first of the two
        ("Europe/Berlin", date(2026, 3, 28), "30 2 * * *", ["01:30"]),
        ("America/Sao_Paulo", date(2018, 11, 4), "0 0 * * *", ["03:00"]),  # midnight itself is skipped
    ],
)
def test_a_local_time_that_is_skipped_or_twice_comes_once(zone: str, day: date, text: str, expected: list[str]) -> None:
    """Right after the gap; the first of two."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=2)
    found = list(Cron.parse(text.split()).between(begin, begin + timedelta(hours=22), ZoneInfo(zone)))
    assert [f"{at:%H:%M}" for at in found] == expected


def test_an_owner_is_named_while_it_owns_and_not_after(tmp_path: Path) -> None:
    """PID, host, since when, by which command; the file stays, and says nothing."""
    assert owner(tmp_path / "data") is None
    with owned(tmp_path / "data", command="up", now=NOON):
        found = owner(tmp_path / "data")
        assert found is not None
        assert (found.command, found.started) == ("up", "2026-03-10T12:00:00Z")
        assert found.pid > 0
    assert owner(tmp_path / "data") is None
    assert (tmp_path / "data" / "scheduler.lock").read_bytes() == b""
    assert (tmp_path / "data" / "scheduler.lock").stat().st_mode & 0o777 == 0o600
