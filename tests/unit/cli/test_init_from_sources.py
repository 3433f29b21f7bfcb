"""`plimsoll init` asks a server, an exporter or Slurm, writes what it found as settings, and tries it once."""

import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from plimsoll.cli import run
from plimsoll.collectors.prometheus.survey import recognized
from plimsoll.fleet.known_when import STAGES, announced, still_to_come
from plimsoll.project import Project
from tests.exporters import Exporter, Handler, exporter
from tests.shared import ROOT

EXPOSITION = b"""node_load1 0.5
node_cpu_seconds_total{cpu="0",mode="idle"} 100
node_memory_MemTotal_bytes 8e9
node_memory_MemAvailable_bytes 4e9
"""
RECORDED = ROOT / "tests" / "recorded" / "expositions"
JOB = 'web "1"/pods'


class Server:
    """A Prometheus server: a job at two addresses, one that no mapping reads; its history begins at `first_s`."""

    def __init__(self, live: str, first_s: float | None = 1_768_000_000.0) -> None:
        self.live, self.first_s = live, first_s
        self.asked: list[str] = []

    def __call__(self, handler: Handler) -> None:
        """One question of the HTTP API."""
        parts = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append(query.get("match[]", query.get("query", parts.path)))
        handler.body(json.dumps({"status": "success", "data": self.data(parts.path, query)}).encode())

    def data(self, path: str, query: dict[str, str]) -> object:
        """What is answered."""
        if path.endswith("/job/values"):
            return [JOB, "odd"]
        if path.endswith("/targets"):
            one = {"labels": {"job": JOB}, "scrapeInterval": "15s"}
            down = {**one, "scrapeUrl": "http://127.0.0.1:1/metrics", "health": "down"}
            return {"activeTargets": [{**one, "scrapeUrl": self.live, "health": "up"}, down]}
        if path.endswith("/query"):
            return {"result": [] if self.first_s is None else [{"value": [0, str(self.first_s)]}]}
        known = ["node_load1", "node_memory_MemTotal_bytes", "node_cpu_seconds_total", "up"]
        return known if "web" in query["match[]"] else ["weird_things_total", "go_goroutines"]


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.prom")), ids=lambda path: path.stem)
def test_every_recorded_exporter_is_recognized(path: Path) -> None:
    """Whatever its release, the mapping that reads an exporter is the one that is proposed for it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    names = {line.split("{")[0].split(" ")[0] for line in lines if line and not line.startswith("#")}
    assert recognized(names).mapping == path.stem.split("-")[0]


def test_a_page_of_something_else_is_not_recognized() -> None:
    """One family by chance is no exporter."""
    assert recognized(["go_goroutines", "process_cpu_seconds_total", "node_load1"]).mapping == ""


def test_a_server_is_asked_and_its_jobs_become_sections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Addresses, mapping, selector, step are the server's; who answers and who does not is said; history is offered."""
    with exporter(lambda handler: handler.body(EXPOSITION)) as live:
        first = datetime.now(UTC) - timedelta(days=3)
        server = Server(live.url, first.timestamp())
        with exporter(server) as prometheus:
            url = f"http://127.0.0.1:{prometheus.port}"
            assert run(["init", str(tmp_path / "fleet"), "--prometheus", url]) == 0
    config = tomllib.loads((tmp_path / "fleet" / "config.toml").read_text(encoding="utf-8"))
    section = "web--1--pods"
    assert config["targets"][section] == {"urls": [live.url, "http://127.0.0.1:1/metrics"], "mapping": "node"}
    backfill = {"url": url, "mapping": "node", "selector": r'job="web \"1\"/pods"', "step": "15s"}
    assert config["backfill"][section] == backfill
    Project.open(tmp_path / "fleet", here=tmp_path).config()
    out = capsys.readouterr().out
    assert "odd: 2 families, none that a built-in mapping reads" in out
    assert "tried once: 1 resource answered: 127.0.0.1\n  http://127.0.0.1:1/metrics cannot be read: unreachable" in out
    assert f"backfill {section} --from {first:%Y-%m-%dT%H:%M}:00Z" in out
    assert r'{job="web \"1\"/pods"}' in server.asked
    assert not list((tmp_path / "fleet" / "data").iterdir())


def test_a_young_server_is_asked_for_minutes_not_weeks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no step of the question has an answer, the history begins minutes ago."""
    with exporter(lambda h: h.body(EXPOSITION)) as live, exporter(Server(live.url, None)) as prometheus:
        assert run(["init", str(tmp_path / "f"), "--prometheus", f"http://127.0.0.1:{prometheus.port}"]) == 0
    since = capsys.readouterr().out.split("--from ")[1].split(" ")[0]
    assert timedelta(0) < datetime.now(UTC) - datetime.fromisoformat(since) < timedelta(hours=1)


def test_an_exporter_is_asked_by_host_and_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its mapping is found, its address completed; the next commands and when what will be known are said."""
    with exporter(lambda handler: handler.body(EXPOSITION)) as live:
        address = f"http://127.0.0.1:{live.port}"
        assert run(["init", str(tmp_path / "f"), "--target", address]) == 0
    config = tomllib.loads((tmp_path / "f" / "config.toml").read_text(encoding="utf-8"))
    assert config["targets"] == {"node": {"urls": [f"{address}/metrics"], "mapping": "node"}}
    out = capsys.readouterr().out
    assert all(words in out for words in ("collect --for 30s", "report daily", "alerts from", "forecasts from"))


def _odd(live: Exporter) -> list[tuple[list[str], str]]:
    url = f"http://127.0.0.1:{live.port}"
    return [
        (["--target", url], "says 1 families, none that a built-in mapping reads"),
        (["--prometheus", url], "does not answer as a Prometheus server does"),
        (["--target", "http://127.0.0.1:1"], "cannot be read: unreachable"),
        (["--prometheus", "http://127.0.0.1:1"], "cannot be asked: unreachable"),
        (["--prometheus", "http://u:p@h"], "holds credentials"),
        (["--target", "gpu-01:9100"], "is not an address"),
        (["--target", url, "--bearer-env", "NOT_SET_ANYWHERE"], "is not set in this environment"),
        (["--target", url, "--prometheus", url], "name one of"),
    ]


def test_what_cannot_be_asked_is_one_line_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each refusal names what was asked and why; no half-made folder stays."""
    with exporter(lambda handler: handler.body(b"go_goroutines 7\n")) as live:
        for words, why in _odd(live):
            assert run(["init", str(tmp_path / "f"), *words]) == 2, words
            err = capsys.readouterr().err
            assert why in err, words
            assert err.count("\n") == 1
            assert not (tmp_path / "f").exists()


def test_slurm_is_asked_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes, GPUs and the queue are counted; without Slurm one line says so and nothing is made."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert run(["init", str(tmp_path / "f"), "--slurm"]) == 2
    assert "is Slurm installed here?" in capsys.readouterr().err
    (tmp_path / "bin").mkdir()
    for name in ("sinfo", "squeue"):
        program = tmp_path / "bin" / name
        program.write_text(
            f"#!/bin/sh\nexec /bin/cat {ROOT}/tests/recorded/slurm/{name}-24.05.json\n", encoding="utf-8"
        )
        program.chmod(0o755)
    assert run(["init", str(tmp_path / "f"), "--slurm"]) == 0
    out = capsys.readouterr().out
    assert "Slurm: " in out
    assert " GPUs, " in out
    assert "[slurm.cluster]" in (tmp_path / "f" / "config.toml").read_text(encoding="utf-8")


def test_what_is_still_to_come_goes_one_by_one() -> None:
    """With each length of history one kind of verdict is known; after the last nothing is announced."""
    first, zone = datetime(2026, 3, 2, 9, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    for count, stage in enumerate(STAGES):
        before = stage.at(first) - timedelta(seconds=1)
        assert len(still_to_come(first, before)) == len(STAGES) - count
        assert len(still_to_come(first, stage.at(first))) == len(STAGES) - count - 1
    assert announced(first, STAGES[-1].at(first), zone) == ""
    assert announced(first, first, zone).startswith(
        "alerts from 10:15 today; advice from 05:12 tomorrow; anomalies from Wed"
    )
