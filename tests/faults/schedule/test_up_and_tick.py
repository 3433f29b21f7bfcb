"""`plimsoll up` and `plimsoll tick` as a person or a service manager runs them: signals, reload, kills, one owner."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from plimsoll.project import Project
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.project_lock import owner
from tests.clocks import OwnedClock
from tests.schedules import engine, write_job

HOURS_DOWN = 4
NOTE = "context.data.mkdir(exist_ok=True); open(context.data / '{}', 'a').write(f'{{context.as_of}}\\n')"


@pytest.fixture
def running() -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that the test starts; whatever is left of them is ended."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _start(
    running: list["subprocess.Popen[str]"], project: Project, *words: str, stderr: int | IO[str] = subprocess.PIPE
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "plimsoll", *words, "--project", str(project.root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    running.append(process)
    return process


def _wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _hours() -> list[str]:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return [str(now - timedelta(hours=back)) for back in reversed(range(HOURS_DOWN))]


@pytest.fixture
def down(project: Project) -> Project:
    """A project whose scheduler has been down for some hours: a job every second, an hourly one, a broken one."""
    write_job(project, "steps", "every 1s", NOTE.format("steps"))
    write_job(project, "hours", "hourly", NOTE.format("hours"))
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    started = OwnedClock(now - timedelta(hours=HOURS_DOWN, minutes=-1))
    engine(project, started, _own_jobs(Plan.load(project)))
    return project


def _own_jobs(whole: Plan) -> Plan:
    return Plan({name: whole.tasks[name] for name in ("steps", "hours")}, whole.zone, whole.settings)


def test_up_catches_up_steps_and_ends_when_asked(down: Project, running: list["subprocess.Popen[str]"]) -> None:
    """The missed hours once each, oldest first, while the steps go on; SIGTERM ends it within ten seconds with 0."""
    process = _start(running, down, "up")
    _wait(lambda: len(_lines(down.data / "hours")) == HOURS_DOWN and len(_lines(down.data / "steps")) > 2)
    second = _start(running, down, "up")
    assert second.wait(10) == 73
    assert second.stderr is not None
    assert f"PID {process.pid} on " in second.stderr.read()
    assert _start(running, down, "tick").wait(10) == 73
    status = _start(running, down, "status", "--json")
    told = json.loads(status.communicate()[0])
    assert told["scheduler"]["pid"] == process.pid
    assert {job["job"]: job["lastOutcome"] for job in told["jobs"]}["hours"] == "success"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert _lines(down.data / "hours") == _hours()
    made = len(_lines(down.data / "steps"))
    time.sleep(1.5)
    assert len(_lines(down.data / "steps")) == made


def test_a_killed_scheduler_takes_its_workers_with_it_and_the_next_goes_on(
    down: Project, running: list["subprocess.Popen[str]"]
) -> None:
    """SIGKILL during a window: its worker dies too, and the next scheduler makes the window once more."""
    slow = "import subprocess; time.sleep(0 if (context.data / 'fast').exists() else 600); "
    write_job(down, "hours", "hourly", slow + NOTE.format("hours"))
    process = _start(running, down, "up")
    _wait(lambda: bool(down.ledger.unfinished()))
    process.kill()
    process.wait(10)
    _wait(lambda: not _workers_of(process.pid))
    (down.data / "fast").touch()
    again = _start(running, down, "up")
    _wait(lambda: len(_lines(down.data / "hours")) == HOURS_DOWN)
    again.send_signal(signal.SIGTERM)
    assert again.wait(10) == 0
    assert _lines(down.data / "hours") == _hours()


def test_a_broken_config_keeps_the_old_one_running(down: Project, running: list["subprocess.Popen[str]"]) -> None:
    """F56: SIGHUP with a mistake in the config says where, and goes on; with the mistake mended it is taken."""
    log = down.root / "log"
    with log.open("w", encoding="utf-8") as written:
        process = _start(running, down, "up", "--json-logs", stderr=written)
    _wait(lambda: len(_lines(down.data / "steps")) > 1)
    config = down.root / "config.toml"
    config.write_text("[plimsoll]\ntimezon = 'UTC'\n", encoding="utf-8")
    process.send_signal(signal.SIGHUP)
    _wait(lambda: bool(_events(log, "config refused, the old one goes on")))
    made = len(_lines(down.data / "steps"))
    _wait(lambda: len(_lines(down.data / "steps")) > made)
    config.write_text("[plimsoll]\ntimezone = 'Asia/Tokyo'\n", encoding="utf-8")
    process.send_signal(signal.SIGHUP)
    _wait(lambda: bool(_events(log, "config reloaded")))
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    (refused,) = _events(log, "config refused, the old one goes on")
    assert refused["reason"] == 'config.toml:2: unknown setting "timezon"; did you mean "timezone"?'


def _events(log: Path, name: str) -> list[dict[str, str]]:
    events = [json.loads(line) for line in _lines(log) if line.endswith("}")]
    return [event for event in events if event["event"] == name]


def test_a_hung_step_is_started_anew(down: Project, running: list["subprocess.Popen[str]"]) -> None:
    """The worker of the steps may die; it comes back by itself."""
    process = _start(running, down, "up")
    _wait(lambda: len(_lines(down.data / "steps")) > 1)
    for worker in _workers_of(process.pid):
        os.kill(worker, signal.SIGKILL)
    made = len(_lines(down.data / "steps"))
    _wait(lambda: len(_lines(down.data / "steps")) > made + 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_tick_does_what_is_due_and_ends(down: Project, running: list["subprocess.Popen[str]"]) -> None:
    """For cron: the same ledger, the same windows, each once; a second one finds no more than a minute that turned."""
    assert _start(running, down, "tick").wait(60) == 0
    assert _lines(down.data / "hours") == _hours()
    second = _start(running, down, "tick")
    assert set(re.findall(r"done job=(\w+)", second.communicate(timeout=60)[1])) <= {"alerts", "deliver", "watch"}
    assert _lines(down.data / "hours") == _hours()


def test_a_damaged_ledger_stops_reports_and_not_the_steps(
    down: Project, running: list["subprocess.Popen[str]"]
) -> None:
    """F23: what would be made twice is not made; reading goes on, and the log says what to do."""
    (down.data / "ledger.sqlite").write_bytes(b"not a database" * 1000)
    process = _start(running, down, "up")
    _wait(lambda: len(_lines(down.data / "steps")) > 2)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=15)[1]
    assert "no reports until the ledger is restored" in said
    assert _lines(down.data / "hours") == []


def test_a_damaged_ledger_does_not_stop_the_steps_of_tick(
    down: Project, running: list["subprocess.Popen[str]"]
) -> None:
    """Cron reads on, makes no window, and says what to do with exit 1."""
    (down.data / "ledger.sqlite").write_bytes(b"not a database" * 1000)
    process = _start(running, down, "tick")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "restore a copy" in said
    assert _lines(down.data / "steps")
    assert _lines(down.data / "hours") == []


def _workers_of(pid: int) -> list[int]:
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"plimsoll.schedule.worker" in words and str(pid).encode() in words:
            found.append(int(folder.name))
    return found


def test_a_stop_in_the_middle_of_a_window(down: Project, running: list["subprocess.Popen[str]"]) -> None:
    """F55: SIGTERM while a window is being made ends everything within ten seconds; the window is made afterwards."""
    write_job(down, "hours", "hourly", "time.sleep(0 if (context.data / 'fast').exists() else 600)")
    process = _start(running, down, "up")
    _wait(lambda: bool(down.ledger.unfinished()))
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert _workers_of(process.pid) == []
    assert down.ledger.unfinished() == []
    (down.data / "fast").touch()
    assert _start(running, down, "tick").wait(60) == 0
    last = down.ledger.last("hours")
    assert last is not None
    assert (last.outcome, last.due) == ("success", datetime.fromisoformat(_hours()[-1]))


def test_a_second_stop_is_at_once(down: Project, running: list["subprocess.Popen[str]"]) -> None:
    """F55: whoever asks twice does not wait; the kernel ends the workers, the lock is free."""
    write_job(down, "hours", "hourly", "time.sleep(600)")
    process = _start(running, down, "up")
    _wait(lambda: bool(down.ledger.unfinished()))
    process.send_signal(signal.SIGTERM)
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(2) == 128 + signal.SIGTERM
    _wait(lambda: not _workers_of(process.pid), 5)
    assert owner(down.data) is None
