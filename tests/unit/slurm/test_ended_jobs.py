"""Ended jobs are counted once each, where they ended, whatever was running then, and in whatever zone sacct runs."""

import json
import random
import stat
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plimsoll.collectors.contract import Row
from plimsoll.collectors.slurm.answers import jobs
from plimsoll.collectors.slurm.command import asked_in_utc
from plimsoll.collectors.slurm.ended import Ended
from plimsoll.collectors.slurm.reader import SlurmReader
from plimsoll.collectors.slurm.rows import Span as Between
from plimsoll.collectors.slurm.rows import of_queue
from plimsoll.collectors.slurm.settings import Slurm

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SACCT = """#!{python}
# a sacct that understands times in its own zone, as the real one does
import json, sys, time
words = dict(zip(sys.argv[1:], sys.argv[2:]))
since, until = (time.mktime(time.strptime(words[w], "%Y-%m-%dT%H:%M:%S")) for w in ("--starttime", "--endtime"))
rows = json.load(open({rows!r}))
inside = [r for r in rows if r["time"]["start"] <= until and r["time"]["end"] >= since]
print(json.dumps({{"jobs": inside}}))
"""
SSH = """#!/bin/sh
# a login node: nothing of the caller's environment arrives, the zone is its own
shift
exec env -i PATH="$PATH" TZ=America/Los_Angeles "$@"
"""


def row(number: int, end: datetime, state: str = "COMPLETED", *, minutes: int = 5) -> dict[str, Any]:
    """A job as sacct --json tells it."""
    at = int(end.timestamp())
    return {"job_id": number, "state": {"current": [state]}, "time": {"start": at - 60 * minutes, "end": at}}


class Site:
    """A login node and its accounting, as programs."""

    def __init__(self, root: Path) -> None:
        self._rows = root / "rows.json"
        self.accounted()
        self.sacct, self.ssh = root / "sacct", root / "ssh"
        self.sacct.write_text(SACCT.format(python=sys.executable, rows=str(self._rows)))
        self.ssh.write_text(SSH)
        for program in (self.sacct, self.ssh):
            program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def accounted(self, *rows: dict[str, Any]) -> None:
        """What its database knows."""
        self._rows.write_text(json.dumps(rows))

    def reader(self, sacct: Sequence[str]) -> SlurmReader:
        """A reader of this cluster."""
        quiet = (sys.executable, "-c", "print('{\"jobs\": []}')")
        settings = {"squeue": quiet, "sinfo": (), "sacct": tuple(sacct), "deadline": "20s"}
        return SlurmReader({"alps": Slurm.model_validate(settings)})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site without jobs."""
    return Site(tmp_path)


def read(reader: SlurmReader, at: datetime) -> list[Row]:
    """One whole round at an instant: the rows that tell of ended jobs."""
    until = time.monotonic() + 20
    while True:
        came = reader.read(at, at.timestamp())
        if came.collections:
            assert all(one["ok"] for one in came.collections), came.collections
            return [one for one in came.samples if "jobs_ended_count" in one]
        assert time.monotonic() < until


@pytest.mark.parametrize("way", ["here", "ssh", "ssh in words"])
def test_sacct_counts_the_same_wherever_it_runs(site: Site, way: str) -> None:
    """On a login node eight hours away the last ten minutes are the same ten minutes."""
    words = {
        "here": [str(site.sacct)],
        "ssh": [str(site.ssh), "login", str(site.sacct)],
        "ssh in words": [str(site.ssh), "login", "env", "A=b", str(site.sacct)],
    }[way]
    site.accounted(row(1, NOW - timedelta(minutes=3)), row(2, NOW - timedelta(minutes=8), "FAILED"))
    reader = site.reader(words)
    (one,) = read(reader, NOW)
    reader.close()
    assert (one["jobs_ended_count"], one["error_rate_pct"]) == (2.0, 50.0)


def test_a_wrapper_of_another_name_is_asked_for_a_window_that_every_zone_holds() -> None:
    """What is too much is left out by the instant at which each job ended."""
    words = asked_in_utc(["ask-accounting"], NOW.timestamp() - 600, NOW.timestamp())
    assert words == ["ask-accounting", "--starttime", "2026-03-02T09:50:00", "--endtime", "2026-03-04T14:00:00"]


def test_jobs_that_ended_while_nothing_was_running_are_counted_where_they_ended(site: Site) -> None:
    """Three days off: every job once, in slices of the usual length, at the time at which it ended."""
    reader = site.reader([str(site.sacct)])
    site.accounted(row(1, NOW - timedelta(minutes=1)))
    (first,) = read(reader, NOW)
    assert first["jobs_ended_count"] == 1.0
    memory = json.loads(json.dumps(reader.memory()))
    reader.close()
    back = NOW + timedelta(days=3)
    ends = [NOW + timedelta(hours=hours) for hours in (1, 2, 2.01, 30, 71.9)]
    site.accounted(row(1, NOW - timedelta(minutes=1)), *(row(2 + n, end) for n, end in enumerate(ends)))
    again = site.reader([str(site.sacct)])
    again.recall(memory)
    rows: list[Row] = []
    for minute in range(4):  # a day a question
        rows += read(again, back + timedelta(minutes=minute))
    again.close()
    counted = {one["ts"]: one["jobs_ended_count"] for one in rows if one["jobs_ended_count"]}
    assert sum(counted.values()) == len(ends)
    for end in ends:
        assert any(end <= at <= end + timedelta(minutes=11) for at in counted), end
    assert len({one["ts"] for one in rows}) == len(rows)


def test_each_job_is_counted_once_also_if_the_database_hears_of_it_late() -> None:
    """Random ends, random delays up to a quarter of an hour, random questions: the sum is the number of jobs."""
    chance = random.Random(7)
    start = NOW.timestamp()
    ended = Ended(600.0)
    ended.read([], ended.window(start))
    ends = [(n, start + chance.uniform(1, 30_000), chance.uniform(0, 800)) for n in range(300)]
    now_s, total = start, 0.0
    while now_s < start + 33_000:
        now_s += chance.uniform(300, 900)
        known = [row(n, datetime.fromtimestamp(end, UTC)) for n, end, late in ends if end + late <= now_s]
        span = ended.window(now_s)
        total += sum(values["jobs_ended_count"] or 0 for _, values in ended.read(jobs({"jobs": known}), span))
    assert total == len(ends)


def test_a_clock_that_was_set_back_asks_for_the_usual_span() -> None:
    """Nothing is asked for from the future, nothing for ever."""
    ended = Ended(600.0)
    ended.read([], ended.window(5_000_000.0))
    span = ended.window(4_000_000.0)
    assert (span.since_s, span.until_s) == (3_999_400.0, 4_000_000.0)
    ended.recall("nonsense")
    assert ended.window(100 * 86_400.0 + 5_000_000.0).seconds == 86_400.0


def test_every_way_of_ending_is_counted() -> None:
    """Cancelled and preempted jobs are no work done and no failure; they exist."""
    states = ["COMPLETED", "OUT_OF_MEMORY", "CANCELLED by 1000", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "RUNNING"]
    rows = [row(n, NOW, state) for n, state in enumerate(states)]
    ((_, values),) = Ended(600.0).read(jobs({"jobs": rows}), Between(NOW.timestamp() - 600, NOW.timestamp()))
    assert values["jobs_ended_count"] == 6.0
    assert (values["throughput_per_s"], values["error_rate_pct"]) == (4 / 600, 50.0)
    for metric in ("cancelled", "preempted", "timed_out", "node_failed", "out_of_memory"):
        assert values[f"jobs_{metric}_count"] == 1.0, metric


def test_the_tasks_of_an_array_that_wait_are_counted_each() -> None:
    """One row of squeue stands for all of them."""
    waiting = {"job_id": 7, "job_state": ["PENDING"], "state_reason": "Priority", "array_task_string": "0-99:2,205%4"}
    held = {"job_id": 8, "job_state": ["PENDING"], "state_reason": "JobHeldUser", "array_task_string": "1-3"}
    values = of_queue(jobs({"jobs": [waiting, held]}), Between(0, 60))
    assert (values["queue_depth_count"], values["queue_held_count"]) == (51.0, 3.0)
