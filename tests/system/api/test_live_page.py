"""The live page in headless Chromium, and the service under many questions at once."""

import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from plimsoll.lake import Lake
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES
from tests.reports import lake_of
from tests.services import ALWAYS_OVER, Service, demo_project, served
from tests.shared import needs_program

pytestmark = pytest.mark.system
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
MOST_RSS_BYTES = 1_500_000_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A small fleet that is read until now."""
    root = tmp_path_factory.mktemp("live") / "project"
    fleet = demo_project(root, config=f"[serve]\nrequests_per_minute = 100000\n{ALWAYS_OVER}")
    with served(root, fleet) as running:
        yield running


def browse(service: Service, folder: Path, *arguments: str, page: str = "") -> subprocess.CompletedProcess[str]:
    """One run of headless Chromium that waits for the page's own request."""
    command = [
        *(needs_program("chromium"), *FLAGS, f"--user-data-dir={folder}"),
        *(() if any("budget" in one for one in arguments) else ("--virtual-time-budget=8000",)),
        *(*arguments, f"http://127.0.0.1:{service.port}/{page}"),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def test_the_page_shows_the_fleet_and_breaks_nothing(service: Service, tmp_path: Path) -> None:
    """Numbers, four charts, alerts; no console message, no policy violation."""
    done = browse(service, tmp_path, "--dump-dom")
    assert not re.search(r"CONSOLE|Content Security Policy", done.stderr)
    assert re.search(r'<h1 id="state" class="(medium|high|critical)">\d+ alerts? open\.', done.stdout)
    assert done.stdout.count('<svg viewBox="0 0 1000 100"') == 4
    assert len(re.findall(r"<option", done.stdout)) >= 25
    assert 'id="when" role="status">as of ' in done.stdout


def test_a_fleet_that_stood_still_offers_the_last_window_that_has_readings(tmp_path: Path) -> None:
    """Nothing was read in the last hour: the page says when something was, and its button leads to that window."""
    until = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=9)
    fleet = Fleet.build(resources=5, days=1, until=until, interval_s=60, devices=False)
    root = tmp_path / "still"
    root.mkdir()
    (root / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    lake_of(fleet, root / "data" / "lake")
    with served(root, fleet) as running:
        shown = browse(running, tmp_path / "profile", "--dump-dom").stdout
        there = browse(running, tmp_path / "profile", "--dump-dom", page="#24h").stdout
    assert ">No readings.</h1>" in shown
    assert '<button type="button" id="reach">Show the last 24 hours, which has readings</button>' in shown
    assert '<span id="span">The last 24 hours</span>' in there
    assert "Stale." in there
    assert re.search(r"<h3>CPU<span>[\d.]+ %", there)


@pytest.mark.parametrize(("width", "height"), [(1280, 1000), (390, 1600)])
def test_it_fits_the_screen(service: Service, tmp_path: Path, width: int, height: int) -> None:
    """A desk and a phone: a picture of that size is drawn."""
    picture = tmp_path / "live.png"
    browse(service, tmp_path / "profile", f"--window-size={width},{height}", f"--screenshot={picture}")
    assert picture.stat().st_size > 25_000


def test_it_asks_again_by_itself(service: Service, tmp_path: Path) -> None:
    """Every thirty seconds (of the browser's virtual time); what is new by then is on the page."""
    needs_program("chromium")
    before, until = asked(service), time.monotonic() + 60
    new = {
        "ts": service.fleet.until,
        "resource_id": "late-comer",
        "source": "test",
        "name": "late-comer",
        "type": "network",
    }

    def join() -> None:
        while asked(service) == before and time.monotonic() < until:
            time.sleep(0.02)
        Lake(service.root / "data" / "lake").append(RESOURCES, [new], collector="test")

    with ThreadPoolExecutor(1) as other:
        joined = other.submit(join)
        command = browse(service, tmp_path, "--virtual-time-budget=3000000", "--dump-dom")
        joined.result(30)
    assert asked(service) - before >= 3
    assert "late-comer" in command.stdout


def asked(service: Service) -> int:
    """How often the performance document was asked for."""
    found = re.findall(
        r'requests_total\{route="performance",status="\d+"\} (\d+)', service.ask("/metrics").body.decode()
    )
    return sum(int(count) for count in found)


def test_slow_and_idle_clients_hold_nobody_up(service: Service) -> None:
    """F58: a hundred connections that say nothing, and one that sends a byte at a time; others are served meanwhile."""
    idle = [socket.create_connection(("127.0.0.1", service.port), timeout=30) for _ in range(100)]
    slow = socket.create_connection(("127.0.0.1", service.port), timeout=30)
    try:
        for byte in b"GET /healthz HTTP/1.1\r\nHo":
            slow.send(bytes([byte]))
            time.sleep(0.01)
        began = time.monotonic()
        assert service.ask("/healthz").status == 200
        assert time.monotonic() - began < 5
    finally:
        for connection in (*idle, slow):
            connection.close()


def test_many_heavy_questions_at_once(service: Service) -> None:
    """F57: beyond the limit 503, nothing else; the health of the service is told meanwhile; memory stays bounded."""
    paths = [f"/v2/monitoring/performance?timeRange=24h&granularity=1m&metrics={m}" for m in ("disk_io", "network_io")]
    listening = [c for c in psutil.net_connections("tcp") if c.laddr and c.laddr[1] == service.port and c.pid]
    process = psutil.Process(listening[0].pid)
    with ThreadPoolExecutor(48) as many:  # one address may have 64 connections
        asked = [many.submit(service.ask, f"{paths[n % 2]}&resourceIds={n}") for n in range(200)]
        alive = [service.ask("/healthz").status for _ in range(20)]
        statuses = Counter(one.result().status for one in asked)
    assert set(alive) == {200}
    assert set(statuses) <= {200, 503}
    assert statuses[200] >= 10
    assert process.memory_info().rss < MOST_RSS_BYTES
