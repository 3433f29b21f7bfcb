"""What scraping costs: 100 targets of 3,000 samples a round, against the bare parser over the same bytes.

python benchmarks/scrape_speed.py
"""

import statistics
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from typing import Any

from prometheus_client.parser import text_string_to_metric_families as parser

from plimsoll.clock import SystemClock
from plimsoll.collectors.prometheus.settings import Target
from plimsoll.collectors.prometheus.targets import Scraper

TARGETS, CPUS, MODES = 100, 64, ("idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")


def exposition() -> str:
    """A node_exporter of a large machine: what the mapping reads, and twice as much that it does not."""
    lines = ["# TYPE node_cpu_seconds_total counter"]
    lines += [f'node_cpu_seconds_total{{cpu="{n}",mode="{m}"}} {1000 + n}.5' for n in range(CPUS) for m in MODES]
    lines += [f'node_disk_read_bytes_total{{device="nvme{n}n1"}} {n * 1e9}' for n in range(24)]
    lines += [f'node_network_receive_bytes_total{{device="eth{n}"}} {n * 1e9}' for n in range(16)]
    lines += ["node_memory_MemAvailable_bytes 5e10", "node_memory_MemTotal_bytes 1e11", "node_load1 3.5"]
    left = 3000 - len(lines)
    lines += [f'node_schedstat_running_seconds_total{{cpu="{n}",more="{n % 7}"}} {n}.25' for n in range(left)]
    return "\n".join(lines) + "\n"


def serve(told: "Queue[int]") -> None:
    """The exporters, in a process of their own: their cost is not ours."""
    body = exposition().encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.put(server.server_address[1])
    server.serve_forever()


def main() -> None:
    """Prints the ratio of CPU seconds."""
    told: Queue[int] = Queue()
    exporters = Process(target=serve, args=(told,), daemon=True)
    exporters.start()
    port = told.get()
    urls = tuple(f"http://127.0.0.1:{port}/{n}" for n in range(TARGETS))
    text, clock = exposition(), SystemClock()

    bare: list[float] = []
    for _ in range(3):
        before = time.process_time()
        for _ in range(TARGETS):
            for family in parser(text):
                assert family.name
        bare.append(time.process_time() - before)

    scraper = Scraper(
        {"bench": Target.model_validate({"urls": urls, "mapping": "node", "resource": "{host}"})}, interval_s=30.0
    )
    ours: list[float] = []
    for _ in range(5):
        before, done = time.process_time(), 0
        while done < TARGETS:
            done += len(scraper.read(clock.now(), clock.monotonic()).collections)
        ours.append(time.process_time() - before)
    scraper.close()
    exporters.terminate()
    samples = text.count("\n")
    floor, spent = statistics.median(bare), statistics.median(ours[1:])
    print(f"{TARGETS} targets x {samples:,} lines: {spent:.2f} CPU s a round, the bare parser {floor:.2f} s")
    print(f"scrape, parse and map / bare parse of the same bytes {spent / floor:8.2f}")
    print(f"threads alive afterwards {threading.active_count()}")


if __name__ == "__main__":
    main()
