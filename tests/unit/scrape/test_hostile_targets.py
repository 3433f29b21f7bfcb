"""Targets that misbehave cost only their own slot (F36-F40, F43, F44, B30-B40)."""

import gzip
import json
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from plimsoll.collectors.prometheus import fetch
from plimsoll.collectors.prometheus.address import scrape
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.settings import Target
from plimsoll.collectors.prometheus.targets import Scraper
from plimsoll.errors import BadParameter, ConfigError
from tests.clocks import START
from tests.exporters import Handler, Say, exporter
from tests.shared import ROOT, shared_path

GOOD = b"node_load1 1.5\nnode_memory_MemAvailable_bytes 5\nnode_memory_MemTotal_bytes 10\n"


def reason(say: Say) -> str:
    """Why a target could not be read."""
    with exporter(say) as one:
        came = scrape(one.address())
    (told,) = came.collections
    assert (told["ok"], came.samples) == (False, [])
    assert "\n" not in told["reason"]
    return str(told["reason"])


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "401: credentials"), (403, "403: not allowed"), (404, "404: nothing"), (429, "429: too often"),
     (500, "500: the target refused"), (302, "302: redirects elsewhere")],
)  # fmt: skip
def test_each_refusal_has_its_own_words(status: int, said: str) -> None:
    """F36: redirects are never followed."""
    assert reason(lambda h: h.body(b"", status=status, Location="http://127.0.0.1:1/")).startswith(said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><title>Log in</title>", 'not an exposition: "<!doctype html>'),
        (b'{"status":"success"}', 'not an exposition: "{'),
        (b"", "not an exposition: the answer is empty"),
        (b"\x00\x01\x02PNG", "not an exposition"),
        (b"node_load1 1_000\n", "not an exposition"),
        (b'node_load1{a="1",a="2"} 1\n', "not an exposition"),
    ],
)
def test_what_is_no_exposition_is_told_with_its_beginning(body: bytes, said: str) -> None:
    """F39, B31: escaped, cut at 80 characters."""
    assert said in reason(lambda h: h.body(body))


def test_one_byte_a_second_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """F37: the deadline is for the whole answer, not for each byte."""
    monkeypatch.setattr(fetch, "TOTAL_S", 1.0)

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"#")
            handler.wfile.flush()
            time.sleep(0.1)

    with exporter(drip) as one, pytest.raises(FetchError, match="too slow: not done after 1 s"):
        fetch.fetch(fetch.client(), one.url, {}, total_s=1.0)


READS = """
import resource, sys
from plimsoll.collectors.prometheus.address import scrape
from plimsoll.collectors.prometheus.targets import AddressMaker
from plimsoll.collectors.prometheus.settings import Target
closed = Target(urls=("http://127.0.0.1:1/",), mapping="node")
poured = Target(urls=(sys.argv[1],), mapping="node")
first, second = AddressMaker({"a": closed, "b": poured}, interval_s=30).static()
scrape(first if first.url.endswith(":1/") else second)  # whatever has to be loaded is loaded now
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(told,) = scrape(second if first.url.endswith(":1/") else first).collections
print(told["reason"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, end="")
"""


@pytest.mark.parametrize("packed", [False, True])
def test_an_endless_body_and_a_gzip_bomb_are_cut_in_little_memory(packed: bool) -> None:
    """F38: decoded bytes are counted: 16 MiB, whatever the size on the wire."""
    bomb = gzip.compress(b"# " + b"x" * 300_000_000, compresslevel=9)

    def pour(handler: Handler) -> None:
        if packed:
            handler.body(bomb, Content_Encoding="gzip")
            return
        handler.send_response(200)
        handler.end_headers()
        for _ in range(2000):
            handler.wfile.write(b"# " + b"x" * 65_534)

    with exporter(pour) as one:
        told = subprocess.run(
            [sys.executable, "-c", READS, one.url], cwd=ROOT, capture_output=True, check=True, text=True
        )
    why, growth_kb = told.stdout.rsplit(" ", 1)
    assert why == "too large: more than 16 MiB"
    assert int(growth_kb) < 32_000


def test_a_million_series_are_refused_before_they_are_parsed() -> None:
    """F43: A cardinality bomb; the target is flagged, nothing of it is kept."""
    body = b"".join(b'node_load1{a="%d"} 1\n' % n for n in range(250_000))
    assert reason(lambda h: h.body(body)) == "too many samples: more than 200,000"


def test_a_slow_target_costs_only_its_own_slot() -> None:
    """The quick one is read in time; the slow one comes with the next round, at its own instant."""
    release = threading.Event()

    def slow(handler: Handler) -> None:
        release.wait(5)
        handler.body(GOOD)

    with exporter(slow) as late, exporter(lambda h: h.body(GOOD)) as quick:
        target = Target.model_validate({"urls": (late.url, quick.url), "mapping": "node", "resource": "{port}"})
        scraper = Scraper({"t": target}, interval_s=1.0)
        try:
            first = scraper.read(START, 0.0)
            assert {row["resource_id"] for row in first.samples} == {str(quick.port)}
            release.set()
            time.sleep(0.3)
            second = scraper.read(START, 1.0)
            assert {row["resource_id"] for row in second.samples} == {str(quick.port), str(late.port)}
        finally:
            scraper.close()


def test_two_hundred_targets_with_few_descriptors() -> None:
    """F17: limited concurrency, no crash, nothing leaked."""
    with exporter(lambda h: h.body(GOOD)) as one:
        urls = tuple(f"http://127.0.0.1:{one.port}/{n}" for n in range(200))
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        target = Target.model_validate({"urls": urls, "mapping": "node", "resource": "{host}"})
        scraper = Scraper({"t": target}, interval_s=30.0)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
            came = [scraper.read(START, 0.0), scraper.read(START, 30.0)]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
            scraper.close()
    attempts = [told for reading in came for told in reading.collections]
    assert len(attempts) >= 200
    assert all(told["ok"] for told in attempts)


def test_labels_that_come_and_go_do_not_fill_the_memory() -> None:
    """F44: a new pod each scrape for a day; old series are forgotten."""
    table = load("cadvisor")
    mapper = Mapper(table, interval_s=30, resource_of=lambda _: "r")
    for n in range(2000):
        text = f'container_fs_reads_bytes_total{{container="c",pod="p{n}"}} {n}\n'
        mapper.read(parse(text, "", table.wanted), at_s=30.0 * n, wall_s=30.0 * n)
    assert mapper.series < 20


def test_codes_of_devices_that_come_and_go_end_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """F44: other GPUs each scrape; the codes seen last are remembered, and a new code of one of these is still new."""
    monkeypatch.setattr("plimsoll.collectors.prometheus.mapper._MOST_CODES", 50)
    table = load("dcgm")
    mapper = Mapper(table, interval_s=30, resource_of=lambda _: "r")

    def read(n: int, code: int) -> dict[str, float | None]:
        lines = [f'DCGM_FI_DEV_XID_ERRORS{{gpu="{k}"}} 0\n' for k in range(20 * n + 100, 20 * n + 120)]
        text = f'DCGM_FI_DEV_XID_ERRORS{{gpu="0"}} {code}\n' + "".join(lines)
        made = mapper.read(parse(text, "", table.wanted), at_s=30.0 * n, wall_s=30.0 * n)
        return {device: values.get("gpu_xid_code") for (_, device), values in made.readings.items()}

    for n in range(100):
        read(n, 0)
        assert mapper.codes <= 50
    assert read(100, 79)["gpu0"] == 79.0


def test_names_that_come_and_go_end_at_a_limit() -> None:
    """F44, F43: new models each scrape: as many as a target may name are kept, the rest is refused in `collections`."""
    rounds = iter(range(100))

    def say(handler: Handler) -> None:
        n = next(rounds)
        text = "".join(f'vllm:num_requests_running{{model_name="m{n}-{i}"}} 1\n' for i in range(40))
        handler.body(f'vllm:num_requests_running{{model_name="a"}} 1\n{text}'.encode())

    with exporter(say) as one:
        address = one.address("vllm", resource="{model_name}", type="endpoint")
        address.names.most = 100
        came = [scrape(address) for _ in range(4)]
        later = scrape(address, offset_s=8 * 86_400.0)
    assert [len(reading.samples) for reading in came] == [41, 41, 20, 1], "what was known goes on"
    assert [len(reading.resources) for reading in came] == [41, 40, 19, 0]
    assert "40 new names refused: [collect] names_per_target allows 100" in came[3].collections[0]["reason"]
    assert came[0].collections[0]["reason"] is None or "refused" not in came[0].collections[0]["reason"]
    assert len(later.samples) == 41, "names that were not seen for a week make room"
    assert len(address.facts) <= 141


def test_what_the_parser_takes_amiss_is_set_right() -> None:
    """A counter without `_total`, NaN, families in two parts, CRLF, a blank after a comma, no newline at the end."""
    table = load("triton")
    text = (
        "# TYPE nv_inference_request_success counter\r\n"
        'nv_inference_request_success{model="m", version="1"} 5\r\n'
        "# TYPE nv_inference_pending_request_count gauge\r\n"
        "nv_inference_pending_request_count NaN\r\n"
        'nv_gpu_power_usage{gpu_uuid="GPU-1"} 32'
    )
    made = parse(text, "", table.wanted)
    assert [sample.value for sample in made.of("nv_inference_request_success")] == [5.0]
    read = Mapper(table, interval_s=30, resource_of=lambda _: "r").read(made, at_s=0, wall_s=0)
    assert read.readings["r", ""] == {"gpu_power_w": 32.0}
    for name in ("simple.om.txt", "quoted.om.txt"):
        path = shared_path("data", "exposition", "third-party", "prometheus-parser")
        if (path / name).exists():
            assert parse((path / name).read_text(), "application/openmetrics-text", lambda _: True).samples


def test_a_resource_may_be_named_by_a_label_and_credentials_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One server with two models is two endpoints; a sample without the label is nobody's."""
    monkeypatch.setenv("TOKEN", "s3cret")
    body = (
        b'vllm:num_requests_waiting{model_name="a"} 1\nvllm:num_requests_waiting{model_name="b"} 2\n'
        b"vllm:num_requests_running 3\n"
    )
    seen: list[str | None] = []

    def say(handler: Handler) -> None:
        seen.append(handler.headers["Authorization"])
        handler.body(body)

    with exporter(say) as one:
        came = scrape(
            one.address("vllm", resource="{name}/{model_name}", type="endpoint", bearer_env="TOKEN", replicas_count=2.0)
        )
    assert seen == ["Bearer s3cret"]
    assert [(r["resource_id"], r["queue_depth_count"]) for r in came.samples] == [("t/a", 1.0), ("t/b", 2.0)]
    assert {(f["resource_id"], f["type"], f["replicas_count"]) for f in came.resources} == {
        ("t/a", "endpoint", 2.0),
        ("t/b", "endpoint", 2.0),
    }


def test_labels_name_the_region_the_owner_and_a_second_resource() -> None:
    """A GPU's readings belong to its host, and to the job that holds it; a label that is missing is left out."""
    body = (
        b'DCGM_FI_DEV_GPU_UTIL{gpu="0",zone="zrh",team="vision",hpc_job="900"} 40\n'
        b'DCGM_FI_DEV_GPU_UTIL{gpu="1",zone="zrh",team="vision",hpc_job=""} 0\n'
    )
    with exporter(lambda h: h.body(body)) as one:
        told = {"owner": "{team}", "rack": "{rack}", "kind": "gpu"}
        came = scrape(
            one.address("dcgm", region="{zone}", labels=told, second_resource="alps-job-{hpc_job}", resource="g1")
        )
    (fact,) = came.resources
    assert (fact["resource_id"], fact["region"]) == ("g1", "zrh")
    assert json.loads(fact["labels"]) == {"owner": "vision", "kind": "gpu"}
    whole = {r["resource_id"]: r["gpu_utilization_pct"] for r in came.samples if not r["device"]}
    assert whole == {"g1": 20.0, "alps-job-900": 40.0}


def test_a_projects_own_table_replaces_a_built_in_one_and_mistakes_are_named(tmp_path: Path) -> None:
    """`mappings/NAME.toml` in the project's folder."""
    (tmp_path / "mine.toml").write_text('[[rules]]\nmetric = "queue_depth_count"\nfamilies = ["jobs_waiting"]\n')
    with exporter(lambda h: h.body(b"jobs_waiting 7\n")) as one:
        came = scrape(one.address("mine", own=tmp_path))
    assert came.samples[0]["queue_depth_count"] == 7.0
    (tmp_path / "bad.toml").write_text('[[rules]]\nmetric = "queue_dept_count"\nfamilies = ["x"]\n')
    with pytest.raises(ConfigError, match="did you mean queue_depth_count"):
        load("bad", tmp_path)
    with pytest.raises(BadParameter, match=r'mapping "nodes" is not a mapping.*use one of: amd, blackbox'):
        load("nodes")
    for bad in (
        {"urls": ()},
        {"urls": ("ftp://x",)},
        {"urls": ("http://u:p@x/",)},
        {"urls": ("http://x",), "user": "u"},
    ):
        with pytest.raises(ValueError, match=r"needs urls|is not an address|holds credentials|go together"):
            Target.model_validate({"mapping": "node", **bad})
