"""Backfill from a server that is busy, torn, locked, and from a program that is killed (F48)."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plimsoll.cli import run
from plimsoll.project import Project
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES
from tests.prometheus_api import Api, prometheus_api

SPAN = ["--from", "2026-01-10T00:00:00Z", "--to", "2026-01-10T06:00:00Z"]
READINGS = 6 * 120


def project(folder: Path, api: Api, more: str = "") -> Project:
    """A project that knows the server."""
    folder.mkdir()
    (folder / "config.toml").write_text(
        f'[plimsoll]\nname = "x"\n[backfill.main]\nurl = "{api.url}"\nmapping = "node"\nresource = "{{instance}}"\n'
        f"queries_per_s = 1000.0\n{more}"
    )
    return Project.open(folder, here=folder)


def readings(opened: Project) -> pl.DataFrame:
    """Every reading, in order."""
    return opened.lake.snapshot().scan(SAMPLES).collect().sort("ts", "device")


def bring(opened: Project) -> int:
    """The command's exit code."""
    return run(["backfill", "main", *SPAN, "--project", str(opened.root)])


def test_a_server_that_cannot_answer_is_asked_for_less(tmp_path: Path) -> None:
    """422 for more than ten minutes at once: halves, and the same readings; NaN is no reading."""
    with prometheus_api(Api()) as api:
        whole = project(tmp_path / "whole", api)
        assert bring(whole) == 0
        plain = len(api.asked)
        api.most_ms, api.asked = 600_000, []
        halves = project(tmp_path / "halves", api)
        assert bring(halves) == 0
        assert len(api.asked) > 2 * plain
    rows = readings(whole)
    assert rows.height == READINGS
    assert rows.equals(readings(halves))
    assert rows["cpu_utilization_pct"].drop_nulls().round(2).unique().to_list() == [40.0]
    assert rows["cpu_utilization_pct"].null_count() == 0  # one window before was read for the first rate
    assert rows["load_average_count"].null_count() == READINGS


def test_what_is_brought_is_known_by_name(tmp_path: Path) -> None:
    """The inventory comes with the readings, also where the server knows the resource from before the start."""
    with prometheus_api(Api()) as api:
        brought = project(tmp_path / "p", api)
        assert bring(brought) == 0
    known = brought.lake.snapshot().scan(RESOURCES).collect().sort("ts")
    assert known["resource_id"].unique().to_list() == ["web-1:9100"]
    assert known["ts"][0] == readings(brought)["ts"][0]
    assert known["interval_s"].to_list() == [30.0, None]  # after its last reading a history promises nothing


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("torn", "not a Prometheus answer"),
        ("error", "the server says"),
        ("login", "not a Prometheus answer"),
        ("closed", "401: credentials are missing or wrong"),
    ],
)
def test_what_is_no_answer_is_said_and_nothing_is_lost(
    tmp_path: Path, mood: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line; the next run brings the rest."""
    with prometheus_api(Api()) as api:
        opened = project(tmp_path / "p", api)
        api.moods = [*[""] * 12, *[mood] * 12]
        assert bring(opened) != 0
        assert said in capsys.readouterr().err
        api.moods = []
        assert bring(opened) == 0
    assert readings(opened).height == READINGS


def test_one_busy_answer_costs_nothing(tmp_path: Path) -> None:
    """A 503 in between is asked again, in halves."""
    with prometheus_api(Api()) as api:
        opened = project(tmp_path / "p", api)
        api.moods = [*[""] * 9, "busy"]
        assert bring(opened) == 0
    assert readings(opened).height == READINGS


def test_warnings_are_kept_as_coverage_and_the_tenant_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that answered in part has said so; whoever reads the coverage knows."""
    monkeypatch.setenv("PROM_TOKEN", "s3cret")
    with prometheus_api(Api(warnings=["fetched from 2 of 3 stores"])) as api:
        opened = project(tmp_path / "p", api, 'tenant = "vision"\nbearer_env = "PROM_TOKEN"\n')
        assert bring(opened) == 0
        assert (api.headers["X-Scope-OrgID"], api.headers["Authorization"]) == ("vision", "Bearer s3cret")
    told = capsys.readouterr().err
    assert "the server warned: fetched from 2 of 3 stores" in told
    assert "s3cret" not in told
    reasons = opened.lake.snapshot().scan(COLLECTIONS).collect()["reason"].unique().to_list()
    assert reasons == ["fetched from 2 of 3 stores"]


def test_a_killed_backfill_leaves_the_same_bytes(tmp_path: Path) -> None:
    """SIGKILL at ten moments; the run that ends it has the rows of one that was never touched."""
    chance = random.Random(7)
    with prometheus_api(Api()) as api:
        untouched = project(tmp_path / "untouched", api, "window = 600\n".replace("600", '"10m"'))
        assert bring(untouched) == 0
        killed = project(tmp_path / "killed", api, 'window = "10m"\n')
        command = [sys.executable, "-m", "plimsoll", "backfill", "main", *SPAN, "--project", str(killed.root)]
        ended = 0
        for _ in range(10):
            with subprocess.Popen(command, stderr=subprocess.PIPE) as child:
                until = time.monotonic() + chance.uniform(0.7, 1.6)
                while child.poll() is None and time.monotonic() < until:
                    time.sleep(0.01)
                ended += child.poll() is None
                if child.poll() is None:
                    os.kill(child.pid, signal.SIGKILL)
        assert ended >= 3
        assert bring(killed) == 0
    one, other = readings(untouched), readings(killed)
    assert one.equals(other)
    assert _hash(untouched) == _hash(killed)
    assert killed.lake.verify(now=datetime(2026, 2, 1, tzinfo=UTC)).damaged == {}


def _hash(opened: Project) -> str:
    """The compacted day, byte for byte."""
    opened.lake.compact(now=datetime(2026, 2, 1, tzinfo=UTC), grace_s=0.0)
    (file,) = (opened.data / "lake" / "samples").glob("d-*.parquet")
    return hashlib.sha256(file.read_bytes()).hexdigest()
