"""Whatever a target sends costs bounded time and memory, is told, and loses nothing beside it."""

import time
from collections.abc import Callable

import pytest

from plimsoll.collectors.contract import Reading
from plimsoll.collectors.prometheus.address import scrape
from tests.exporters import exporter

GOOD = b"node_load1 1.5\nnode_memory_MemAvailable_bytes 5\nnode_memory_MemTotal_bytes 10\n"
LONG = "is too long, or has too many labels"
MOST_CPU_S = 20.0
"""Of any of them on a slow machine; each takes about a second, and half a million labels took many minutes once."""


def told(body: bytes, mapping: str = "node") -> Reading:
    """The second reading of a target that says this."""
    with exporter(lambda h: h.body(body)) as one:
        address = one.address(mapping, resource="r")
        before = time.process_time()
        scrape(address)
        made = scrape(address)
        assert time.process_time() - before < MOST_CPU_S
    return made


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (
            b"node_load1{" + b",".join(b'l%d="v"' % n for n in range(500_000)) + b"} 1\n",
            LONG,
        ),
        (
            b"node_load1{" + b",".join(b'l%d="v"' % n for n in range(70)) + b"} 1\n",
            LONG,
        ),
        (b'node_load1{a="' + b"x" * 10_000_000 + b'"} 1\n', LONG),
        (b'node_load1{a="' + b'\\"' * 4_000_000 + b"\n", LONG),
        (b"node_load1" + b"{" * 10_000_000 + b"\n", LONG),
        (b"z" * 10_000_000 + b"\n", ""),
        (b"# " + b"x" * 10_000_000 + b"\n", ""),
        (b"node_load1 7 1999999999000\n", "1 values that cannot be were dropped"),
        (b"node_memory_MemTotal_bytes 11\n", "1 series came twice with different values"),
        (b'node_disk_read_bytes_total{device="a\x01\x1b[31m"} 5\n', ""),
    ],
    ids=lambda one: one[:40].decode(errors="replace") if isinstance(one, bytes) else "",
)
def test_one_bad_line_costs_that_line(bad: bytes, said: str) -> None:
    """Lines of ten megabytes, half a million labels, times of next year, duplicates, control characters."""
    made = told(GOOD + bad)
    (attempt,) = made.collections
    assert attempt["ok"]
    assert said in (attempt["reason"] or "")
    (row,) = [row for row in made.samples if row["device"] == ""]
    kept = {"load_average_count": 1.5, "memory_utilization_pct": 50.0}.items()
    assert len(kept & row.items()) == 2 - (": line 4" in said_of(made) or "came twice" in said_of(made))
    assert {row.get(name) for name, _ in kept} <= {1.5, 50.0, None}  # no number that lacks a part


def said_of(made: Reading) -> str:
    """What the attempt says beside its reading."""
    return made.collections[0]["reason"] or ""


def many(count: int) -> bytes:
    """So many series that nothing reads."""
    return GOOD + b"".join(b'f{a="%d"} 1\n' % n for n in range(count))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (lambda: GOOD + b"# x\n" * 25_000_000, "too large: more than 16 MiB"),
        (lambda: many(1_000_000), "too many samples: more than 200,000"),
    ],
    ids=["100 MB", "a million series"],
)
def test_what_is_too_much_is_refused_whole(body: Callable[[], bytes], why: str) -> None:
    """A hundred megabytes, a million series: a failed attempt that says so."""
    (attempt,) = told(body()).collections
    assert (attempt["ok"], attempt["reason"]) == (False, why)


def test_a_histogram_without_its_last_bucket_is_as_long_as_its_count() -> None:
    """No `+Inf`: four of nine lie beyond the last bound that is there, and that is said."""
    text = (
        "# TYPE vllm:e2e_request_latency_seconds histogram\n"
        'vllm:e2e_request_latency_seconds_bucket{le="1"} %d\nvllm:e2e_request_latency_seconds_sum %d\n'
        "vllm:e2e_request_latency_seconds_count %d\nvllm:num_requests_running 2\n"
    )
    bodies = [(text % (5 * n, 3 * n, 9 * n)).encode() for n in (1, 2)]
    with exporter(lambda h: h.body(bodies.pop(0))) as one:
        address = one.address("vllm", resource="r")
        scrape(address)
        time.sleep(0.2)
        made = scrape(address)
    (row,) = made.samples
    assert row["running_count"] == 2.0
    assert row["response_time_ms"] == pytest.approx(1000 / 3)
    assert row["response_time_p95_ms"] == 1000.0
    assert "beyond the last bucket" in made.collections[0]["reason"]
