"""Debian's own exporters and Prometheus, started and stopped by the test: scraped, killed, restarted, backfilled."""

import socket
import subprocess
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.project import Project
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES
from tests.shared import needs_program

pytestmark = pytest.mark.system


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def running(command: list[str], url: str) -> Generator[subprocess.Popen[bytes]]:
    """A program that answers at `url`; ended by its own process id."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - loopback
                    break
                except OSError:
                    time.sleep(0.05)
            yield program
        finally:
            program.kill()
            program.wait()


def node_exporter(port: int) -> list[str]:
    """The command of node_exporter."""
    return [needs_program("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}"]


def project(folder: Path, config: str) -> Project:
    """A project without this machine's own collectors."""
    folder.mkdir()
    own = "[collectors.host]\nenabled = false\n[collectors.gpu]\nenabled = false\n"
    (folder / "config.toml").write_text(f'[plimsoll]\nname = "real"\n{own}{config}')
    return Project.open(folder, here=folder)


def test_a_real_node_exporter_is_scraped_through_its_death_and_return(tmp_path: Path) -> None:
    """Rates after the second reading; while it is dead there is a row that says why; afterwards it goes on."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    opened = project(tmp_path / "p", f'[targets.hosts]\nurls = ["{url}"]\nmapping = "node"\nresource = "web-1"\n')
    where = ["--project", str(opened.root)]
    with running(node_exporter(port), url):
        assert run(["collect", "--for", "3s", *where]) == 0
    assert run(["collect", *where]) == 0
    with running(node_exporter(port), url):
        assert run(["collect", "--for", "2s", *where]) == 0
    snapshot = opened.lake.snapshot()
    rows = snapshot.scan(SAMPLES).collect()
    whole = rows.filter(rows["device"] == "")
    assert whole["resource_id"].unique().to_list() == ["web-1"]
    busy = whole["cpu_utilization_pct"].drop_nulls()
    assert len(busy) >= 2
    assert busy.is_between(0, 100).all()
    attempts = snapshot.scan(COLLECTIONS).sort("ts").collect()
    failed = attempts.filter(~attempts["ok"])
    assert failed.height >= 1
    assert failed["reason"].str.starts_with("unreachable").all()
    assert attempts["ok"].to_list()[-1]
    facts = snapshot.scan(RESOURCES).collect()
    assert (facts["cpu_count"].drop_nulls() >= 1).all()
    assert (facts["memory_bytes"].drop_nulls() > 1e8).all()
    assert facts["cpu_count"].drop_nulls().len() >= 1


def test_a_real_blackbox_exporter_and_our_own_probe_agree(tmp_path: Path) -> None:
    """Up and down, each by both."""
    port, target = free_port(), free_port()
    blackbox = [needs_program("prometheus-blackbox-exporter"), f"--web.listen-address=127.0.0.1:{port}"]
    folder = tmp_path / "blackbox.yml"
    folder.write_text("modules:\n  http_2xx:\n    prober: http\n    http:\n      preferred_ip_protocol: ip4\n")
    there, gone = f"http://127.0.0.1:{target}/metrics", f"http://127.0.0.1:{free_port()}/"
    base = f"http://127.0.0.1:{port}/probe?module=http_2xx&target="
    config = (
        f'[targets.up]\nurls = ["{base}{there}"]\nmapping = "blackbox"\nresource = "{{name}}"\ntype = "endpoint"\n'
        f'[targets.down]\nurls = ["{base}{gone}"]\nmapping = "blackbox"\nresource = "{{name}}"\ntype = "endpoint"\n'
        f'[probes.own-up]\nurl = "{there}"\n[probes.own-down]\nurl = "{gone}"\n'
    )
    opened = project(tmp_path / "p", config)
    with (
        running(node_exporter(target), there),
        running([*blackbox, f"--config.file={folder}"], f"http://127.0.0.1:{port}/metrics"),
    ):
        assert run(["collect", "--project", str(opened.root)]) == 0
    rows = opened.lake.snapshot().scan(SAMPLES).collect()
    success = dict(rows.select("resource_id", "probe_success_pct").rows())
    assert success == {"up": 100.0, "down": 0.0, "own-up": 100.0, "own-down": 0.0}
    took = dict(rows.select("resource_id", "probe_duration_ms").rows())
    assert (took["up"] > 0, took["own-up"] > 0, took["down"], took["own-down"]) == (True, True, None, None)


@pytest.mark.long
def test_history_comes_from_a_real_prometheus_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prometheus scrapes node_exporter for some seconds; its history becomes readings; again brings nothing new."""
    node, server = free_port(), free_port()
    settings = tmp_path / "prometheus.yml"
    settings.write_text(
        "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: node\n    static_configs:\n"
        f"      - targets: ['127.0.0.1:{node}']\n"
    )
    prometheus = [
        needs_program("prometheus"),
        f"--config.file={settings}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{server}",
    ]
    base = f"http://127.0.0.1:{server}"
    config = (
        f'[backfill.main]\nurl = "{base}"\nmapping = "node"\nselector = \'job="node"\'\nresource = "{{instance}}"\n'
        'step = "1s"\n'
    )
    opened = project(tmp_path / "p", config)
    with (
        running(node_exporter(node), f"http://127.0.0.1:{node}/metrics"),
        running(prometheus, f"{base}/-/ready"),
    ):
        time.sleep(12)
        until = datetime.now(UTC).replace(microsecond=0)
        span = ["--from", _text(until - timedelta(seconds=60)), "--to", _text(until)]
        where = ["--project", str(opened.root)]
        assert run(["backfill", "main", *span, *where]) == 0
        first = opened.lake.snapshot().scan(SAMPLES).collect()
        assert run(["backfill", "main", *span, *where]) == 0
        assert "0 new" in capsys.readouterr().err.splitlines()[-1]
    again = opened.lake.snapshot().scan(SAMPLES).collect()
    assert first.sort("ts", "device").equals(again.sort("ts", "device"))
    whole = first.filter(first["device"] == "")
    assert whole["resource_id"].unique().to_list() == [f"127.0.0.1:{node}"]
    assert len(whole["cpu_utilization_pct"].drop_nulls()) >= 2
    assert whole["memory_utilization_pct"].is_between(0, 100).all()


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
