"""A real Prometheus, node_exporter and blackbox exporter beside `plimsoll up`: both tell of one machine under load.

`python -m tests.system.beside_prometheus --seconds 600` makes the load (processor, disk, network where it may lay a
cable of its own), reads for that long, and prints both numbers for the same window; it fails where they are more than
2 % apart. Needs Debian's three programs.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import polars as pl

from plimsoll.project import Project, builtin_root
from plimsoll.tables import SAMPLES
from tests.system.test_real_exporters import free_port, node_exporter, running

ANSWERS_AFTER_S = 0.3
CABLE = "ens81"
_BUSY = """
import os, sys, time
path, until = sys.argv[1], time.monotonic() + float(sys.argv[2])
block = os.urandom(4 << 20)
while time.monotonic() < until:
    began = time.monotonic()
    with open(path, "wb") as file:
        file.write(block)
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with open(path, "rb") as file:
        file.read()
    while time.monotonic() - began < 0.15:
        pass
    time.sleep(0.1)
"""
_SENDING = """
import socket, sys, time
until, data = time.monotonic() + float(sys.argv[2]), b"x" * 1400
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    while time.monotonic() < until:
        for _ in range(30):
            one.sendto(data, (sys.argv[1], 9))
        time.sleep(0.02)
"""
_RATE = "rate(%s{%s}[$w])"


@dataclass(frozen=True)
class Compared:
    """One number of both; `other` is PromQL's."""

    resource: str
    metric: str
    ours: float
    other: float

    @property
    def apart(self) -> float:
        """How far they are from one another, as a share of the larger one; of a percentage below 1 as one of 1."""
        least = 1.0 if self.metric.endswith("_pct") else 1e-9
        return abs(self.ours - self.other) / max(abs(self.ours), abs(self.other), least)

    def __str__(self) -> str:
        return f"{self.resource:8} {self.metric:28} {self.ours:16.3f} {self.other:16.3f}  {100 * self.apart:6.2f} %"


def questions(*, cabled: bool) -> dict[str, str]:
    """Our metric -> the same in PromQL; `$w` is the window."""
    links = f'device=~"eth.*|{CABLE}"' if cabled else 'device=~"e.*"'
    disks = 'device=~"[vsx]d[a-z]+|xvd[a-z]+|nvme[0-9]+n[0-9]+"'
    cpu = "sum(rate(node_cpu_seconds_total[$w]))"
    return {
        "cpu_utilization_pct": '100 * (1 - sum(rate(node_cpu_seconds_total{mode=~"idle|iowait"}[$w])) / ' + cpu + ")",
        "cpu_iowait_pct": '100 * sum(rate(node_cpu_seconds_total{mode="iowait"}[$w])) / ' + cpu,
        "memory_utilization_pct": "100 * (1 - avg_over_time(node_memory_MemAvailable_bytes[$w])"
        " / avg_over_time(node_memory_MemTotal_bytes[$w]))",
        "disk_write_bytes_per_s": f"sum({_RATE % ('node_disk_written_bytes_total', disks)})",
        "disk_read_bytes_per_s": f"sum({_RATE % ('node_disk_read_bytes_total', disks)})",
        "disk_write_operations_per_s": f"sum({_RATE % ('node_disk_writes_completed_total', disks)})",
        "disk_busy_pct": f"100 * max({_RATE % ('node_disk_io_time_seconds_total', disks)})",
        "network_transmit_bits_per_s": f"8 * sum({_RATE % ('node_network_transmit_bytes_total', links)})",
        "network_receive_bits_per_s": f"8 * sum({_RATE % ('node_network_receive_bytes_total', links)})",
        "storage_utilization_pct": "100 * (1 - avg_over_time(node_filesystem_avail_bytes{r}[$w])"
        " / (avg_over_time(node_filesystem_size_bytes{r}[$w]) - avg_over_time(node_filesystem_free_bytes{r}[$w])"
        " + avg_over_time(node_filesystem_avail_bytes{r}[$w])))".replace("{r}", '{mountpoint="/"}'),
    }


@contextmanager
def a_cable() -> Generator[str]:
    """The address of a machine at the other end of a cable of our own; empty where we may not lay one."""
    name = f"plimsoll-{os.getpid()}"

    def ip(*words: str) -> bool:
        return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0

    if not shutil.which("ip") or not ip("netns", "add", name):
        yield ""
        return
    try:
        laid = (
            ip("link", "add", CABLE, "type", "veth", "peer", "name", "eth0", "netns", name)
            and ip("addr", "add", "10.231.7.1/24", "dev", CABLE)
            and ip("link", "set", CABLE, "up")
            and ip("-n", name, "addr", "add", "10.231.7.2/24", "dev", "eth0")
            and ip("-n", name, "link", "set", "eth0", "up")
        )
        yield "10.231.7.2" if laid else ""
    finally:
        ip("netns", "del", name)


@contextmanager
def _slow_page() -> Generator[str]:
    """A page that answers after a time that does not change."""

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(ANSWERS_AFTER_S)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _program(words: Sequence[str]) -> Generator[None]:
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            yield
        finally:
            program.terminate()
            program.wait(timeout=30)


def _asked(server: str, question: str, at_s: float) -> float:
    """PromQL's answer at an instant: one number."""
    words = urllib.parse.urlencode({"query": question, "time": f"{at_s:.3f}"})
    with urllib.request.urlopen(f"{server}/api/v1/query?{words}", timeout=30) as answer:  # noqa: S310 - loopback
        found = json.load(answer)["data"]["result"]
    return float(found[0]["value"][1]) if found else float("nan")


def _weighted(rows: pl.DataFrame, metric: str) -> tuple[float, datetime, datetime] | None:
    """(mean over the time that the readings speak of, from, to): each speaks of the time since the one before."""
    known = rows.select("ts", metric).drop_nulls().sort("ts")
    if known.height < 3:
        return None
    seconds = known["ts"].diff().dt.total_milliseconds()[1:]
    mean = float((known[metric][1:].cast(pl.Float64) * seconds).sum()) / float(seconds.sum())
    return mean, known["ts"][0], known["ts"][-1]


def compare(folder: Path, *, seconds: float, every: str) -> list[Compared]:
    """Starts everything, waits, and puts both numbers side by side."""
    node, black, server = free_port(), free_port(), free_port()
    (folder / "blackbox.yml").write_text(
        "modules:\n  http:\n    prober: http\n    http:\n      preferred_ip_protocol: ip4\n"
    )
    with ExitStack() as stack:
        cable, page = stack.enter_context(a_cable()), stack.enter_context(_slow_page())
        probe = f"http://127.0.0.1:{black}/probe?module=http&target={page}"
        stack.enter_context(running(node_exporter(node), f"http://127.0.0.1:{node}/metrics"))
        words = ["prometheus-blackbox-exporter", f"--web.listen-address=127.0.0.1:{black}"]
        stack.enter_context(
            running([*words, f"--config.file={folder / 'blackbox.yml'}"], f"http://127.0.0.1:{black}/metrics")
        )
        (folder / "prometheus.yml").write_text(
            f"global:\n  scrape_interval: {every}\nscrape_configs:\n  - job_name: node\n    static_configs:\n"
            f"      - targets: ['127.0.0.1:{node}']\n  - job_name: probe\n    metrics_path: /probe\n    params:\n"
            f"      module: [http]\n      target: ['{page}']\n"
            f"    static_configs:\n      - targets: ['127.0.0.1:{black}']\n"
        )
        base = f"http://127.0.0.1:{server}"
        words = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
        stack.enter_context(running([*words, f"--web.listen-address=127.0.0.1:{server}"], f"{base}/-/ready"))
        root = _project(folder, node, probe, every)
        load = [sys.executable, "-c"]
        stack.enter_context(_program([*load, _BUSY, str(folder / "load"), str(seconds + 20)]))
        if cable:
            stack.enter_context(_program([*load, _SENDING, cable, str(seconds + 20)]))
        with _program([sys.executable, "-m", "plimsoll", "up", "--project", str(root)]):
            time.sleep(seconds)
        rows = Project(root, builtin_root()).lake.snapshot().scan(SAMPLES).filter(pl.col("device") == "").collect()
        return list(_pairs(rows, base, cabled=bool(cable)))


def _project(folder: Path, node: int, probe: str, every: str) -> Path:
    root = folder / "project"
    root.mkdir()
    (root / "config.toml").write_text(
        f'[plimsoll]\nname = "beside"\n[machine]\nid = "own"\n[collect]\nevery = "{every}"\n'
        "[collectors.gpu]\nenabled = false\n"
        f'[targets.node]\nurls = ["http://127.0.0.1:{node}/metrics"]\nmapping = "node"\nresource = "scraped"\n'
        f'[targets.page]\nurls = ["{probe}"]\nmapping = "blackbox"\nresource = "page"\ntype = "endpoint"\n'
    )
    return root


def _pairs(rows: pl.DataFrame, server: str, *, cabled: bool) -> Iterator[Compared]:
    asked = {("own", metric): text for metric, text in questions(cabled=cabled).items()}
    asked |= {("scraped", metric): text for (_, metric), text in list(asked.items())}
    asked["page", "probe_success_pct"] = "100 * avg_over_time(probe_success[$w])"
    asked["page", "probe_duration_ms"] = "1000 * avg_over_time(probe_duration_seconds[$w])"
    for (resource, metric), text in asked.items():
        found = _weighted(rows.filter(pl.col("resource_id") == resource), metric)
        if found is None:
            yield Compared(resource, metric, float("nan"), float("nan"))
            continue
        mean, first, last = found
        window = f"{round((last - first).total_seconds() * 1000)}ms"
        yield Compared(resource, metric, mean, _asked(server, text.replace("$w", window), last.timestamp()))


def main() -> int:
    """Prints the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=600.0)
    words.add_argument("--every", default="5s")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = compare(Path(name), seconds=given.seconds, every=given.every)
    sys.stdout.write("\n".join(map(str, found)) + "\n")
    worst = [one for one in found if not one.apart <= 0.02]
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
