"""The ledger: unique run keys, retries, beats, schedules with their beginning."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.ledger import JobProgress, Ledger, RunResult

DAY = datetime(2026, 1, 16, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
DUE = NEXT + timedelta(hours=7)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(tmp_path / "ledger.sqlite")


def _claim(ledger: Ledger, attempt: int = 1, *, due: datetime = DUE) -> int | None:
    shift = due - DUE
    return ledger.claim("daily", DAY + shift, NEXT + shift, due=due, attempt=attempt, started=due, version="0.1.0")


def _standing(ledger: Ledger, now: datetime) -> JobProgress:
    ledger.register({"daily": "daily 07:00"}, "UTC", now)
    return ledger.standings(["daily"], now)["daily"]


def _since(ledger: Ledger, schedule: str, zone: str, now: datetime) -> datetime:
    ledger.register({"daily": schedule}, zone, now)
    return ledger.standings(["daily"], now)["daily"].since


def test_a_run_key_exists_once(ledger: Ledger) -> None:
    """The second claim of the same attempt at the same window is told so."""
    assert _claim(ledger) is not None
    assert _claim(ledger) is None


def test_a_person_may_run_a_window_as_often_as_wanted(ledger: Ledger) -> None:
    """Only scheduled runs have a key."""
    first = ledger.begin("daily", DAY, NEXT, started=DUE, version="0.1.0")
    assert ledger.begin("daily", DAY, NEXT, started=DUE, version="0.1.0") != first
    assert _claim(ledger) is not None


def test_a_run_is_read_back_as_it_was_noted(ledger: Ledger) -> None:
    """What it cost stands beside how it ended."""
    run = _claim(ledger)
    assert run is not None
    ended = RunResult("partial", 2.5, "1 source missing", cpu_s=1.25, max_rss_bytes=9, rows=7, inputs="g-12")
    ledger.finish(run, ended)
    last = ledger.last("daily")
    assert last is not None
    assert (last.window_start, last.window_end, last.due, last.attempt) == (DAY, NEXT, DUE, 1)
    assert (last.outcome, last.seconds, last.detail, last.cpu_s) == ("partial", 2.5, "1 source missing", 1.25)
    assert (last.max_rss_bytes, last.rows, last.inputs, last.version) == (9, 7, "g-12", "0.1.0")


def test_a_window_is_settled_when_no_attempt_is_to_follow(ledger: Ledger) -> None:
    """A failure that is to be retried keeps its window open; the last failure closes it."""
    first = _claim(ledger)
    assert first is not None
    ledger.finish(first, RunResult("failed", 1.0, cause="error"), retry_at=DUE + timedelta(minutes=1))
    assert _standing(ledger, DUE).settled_until is None
    assert [run.retry_at for run in _standing(ledger, DUE).open] == [DUE + timedelta(minutes=1)]
    second = _claim(ledger, 2)
    assert second is not None
    assert [run.outcome for run in _standing(ledger, DUE).open] == ["failed", None]
    ledger.finish(second, RunResult("failed", 1.0, cause="error"))
    assert (_standing(ledger, DUE).settled_until, _standing(ledger, DUE).open) == (DUE, ())
    assert [run.attempt for run in ledger.failures(DAY)] == [2]


def test_what_the_future_did_does_not_count(ledger: Ledger) -> None:
    """A clock that was years ahead for a while leaves nothing behind that stops the present."""
    run = _claim(ledger, due=DUE + timedelta(days=3650))
    assert run is not None
    ledger.finish(run, RunResult("success", 1.0))
    assert _standing(ledger, DUE).settled_until is None


def test_half_a_second_later_is_later(ledger: Ledger) -> None:
    """Instants with and without milliseconds sort as instants."""
    run = _claim(ledger)
    assert run is not None
    ledger.finish(run, RunResult("success", 1.0))
    assert _standing(ledger, DUE + timedelta(milliseconds=500)).settled_until == DUE


def test_a_changed_schedule_begins_anew(ledger: Ledger) -> None:
    """The same text keeps its beginning; another text, or another zone, begins now."""
    assert _standing(ledger, DAY).since == DAY
    assert _standing(ledger, NEXT).since == DAY
    assert _since(ledger, "daily 08:00", "UTC", NEXT) == NEXT
    assert _since(ledger, "daily 08:00", "Europe/Berlin", DUE) == DUE


def test_a_beginning_in_the_future_is_noted_anew(ledger: Ledger) -> None:
    """It was noted while the clock was wrong."""
    _standing(ledger, DAY + timedelta(days=3650))
    assert _standing(ledger, DAY).since == DAY


def test_a_beat_counts_failures_in_a_row(ledger: Ledger) -> None:
    """One success ends the row of failures, and remembers when."""
    ledger.beat("collect", DAY, runs=10, failures=0)
    ledger.beat("collect", NEXT, runs=2, failures=2, detail="no space")
    ledger.beat("collect", DUE, runs=3, failures=3, detail="no space")
    beat = ledger.beats()["collect"]
    assert (beat.started, beat.succeeded) == (DUE, DAY)
    assert (beat.runs, beat.failures, beat.failing, beat.detail) == (15, 5, 5, "no space")
    ledger.beat("collect", DUE + timedelta(seconds=30), runs=2, failures=1)
    assert ledger.beats()["collect"].failing == 0


def test_an_unfinished_run_is_known(ledger: Ledger) -> None:
    """A process that died leaves its run open: that is how it is found."""
    run = _claim(ledger)
    assert [r.id for r in ledger.unfinished()] == [run]
