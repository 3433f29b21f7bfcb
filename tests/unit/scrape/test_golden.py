"""Real expositions through parser and mapping: today's and last year's names, and no value that was not measured."""

import math

import pytest

from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import builtin, load
from plimsoll.metrics import CATALOGUE
from tests.shared import shared_path

WALL_S = 1_768_564_800.0


def read(mapping: str, *files: str, after_s: tuple[float, ...] = ()) -> Read:
    """The last of several expositions of one target."""
    table, at_s = load(mapping), 0.0
    mapper = Mapper(table, interval_s=300, resource_of=lambda _: "r")
    made = Read()
    for number, name in enumerate(files):
        text = shared_path("data", "exposition", *name.split("/")).read_text()
        made = mapper.read(parse(text, "", table.wanted), at_s=at_s, wall_s=WALL_S + at_s)
        at_s += after_s[number] if number < len(after_s) else 0.0
    return made


def grown(mapping: str, file: str, by: float = 1.5, *, after_s: float = 60.0) -> Read:
    """An exposition, and the same with every counter and bucket grown by the same share."""
    table = load(mapping)
    text = shared_path("data", "exposition", *file.split("/")).read_text()
    first, second = parse(text, "", table.wanted), parse(text, "", table.wanted)
    for name, samples in second.samples.items():
        second.samples[name] = [type(s)(s.name, s.labels, s.value * by, s.at_s) for s in samples]
    mapper = Mapper(table, interval_s=300, resource_of=lambda _: "r")
    mapper.read(first, at_s=0.0, wall_s=WALL_S)
    return mapper.read(second, at_s=after_s, wall_s=WALL_S + after_s)


NODE = tuple(f"own-run/node_exporter-1.5.0-{name}.prom" for name in ("t0", "t1", "t2-after-restart"))


def test_two_scrapes_of_a_machine_give_its_rates() -> None:
    """46 % of its time not idle (0.6 of it waiting for I/O), 11.8 MB/s and 177 reads/s, 1.39 MB/s received."""
    whole = read("node", *NODE[:2], after_s=(561.0,)).readings["r", ""]
    assert whole["cpu_utilization_pct"] + whole["cpu_iowait_pct"] == pytest.approx(46, abs=0.2)
    assert whole["disk_read_bytes_per_s"] == pytest.approx(11.8e6, rel=0.01)
    assert whole["disk_read_operations_per_s"] == pytest.approx(177, rel=0.01)
    assert whole["network_receive_bits_per_s"] == pytest.approx(8 * 1.39e6, rel=0.01)
    assert read("node", NODE[0]).facts["r"] == {"cpu_count": 2.0, "memory_bytes": 25_276_510_208.0}


def test_a_restart_of_the_exporter_is_no_restart_of_the_machine() -> None:
    """Kernel counters went on: no spike, nothing negative."""
    before = read("node", *NODE[:2], after_s=(561.0,)).readings["r", ""]
    after = read("node", *NODE, after_s=(561.0, 19.0)).readings["r", ""]
    for name in ("disk_read_bytes_per_s", "disk_write_bytes_per_s", "network_receive_bits_per_s"):
        assert 0 <= after[name] <= 1.2 * before[name]
    assert after["cpu_utilization_pct"] <= 100


def test_a_first_reading_has_gauges_and_no_rates() -> None:
    """A counter says nothing alone."""
    whole = read("node", NODE[0]).readings["r", ""]
    assert "memory_utilization_pct" in whole
    assert not [name for name in whole if name.endswith("_per_s") or name.startswith("cpu_")]


def test_a_partitioned_gpu_is_counted_once_and_a_blank_is_no_temperature() -> None:
    """The parent counts for the resource, its instance stands beside it; 9223372036854775794 is dropped and counted."""
    made = read("dcgm", "third-party/dcgm/nvidia-docs-a100-mig-sample.prom")
    parent, part, whole = made.readings["r", "gpu0"], made.readings["r", "gpu0/13"], made.readings["r", ""]
    assert whole["gpu_utilization_pct"] == parent["gpu_utilization_pct"]
    assert whole["gpu_memory_used_bytes"] == parent["gpu_memory_used_bytes"]
    assert part["gpu_utilization_pct"] == pytest.approx(99.57, abs=0.01)
    assert made.dropped == 1
    assert all(values.get("gpu_memory_temperature_c", 0) < 120 for values in made.readings.values())


def test_old_and_new_labels_of_the_gpu_exporter_are_the_same_gpu() -> None:
    """`Hostname` of 2022: power, memory and clocks are there; families without a GPU are nobody's."""
    made = read("dcgm", "third-party/dcgm/datadog-dcgm-fixture-t4.prom")
    assert {device for _, device in made.readings} == {"", "gpu0"}
    assert made.readings["r", "gpu0"]["gpu_power_w"] == pytest.approx(8.969)


def test_a_saturated_server_is_beyond_its_last_bucket() -> None:
    """The median lies beyond 60 s: 60 s is told, and that it is beyond; the mean comes from sum and count."""
    made = grown("sglang", "third-party/sglang/sglang-docs-sample.prom")
    whole = made.readings["r", ""]
    assert whole["response_time_p95_ms"] == 60_000.0
    assert {"response_time_p95_ms", "response_time_p99_ms"} <= made.beyond
    assert whole["response_time_ms"] == pytest.approx(277_500, rel=0.01)
    assert (whole["queue_depth_count"], whole["running_count"]) == (2826.0 * 1.5, 162.0 * 1.5)


def test_both_generations_of_names_of_a_language_model_server() -> None:
    """The KV cache by its new name where there is one; `perc` is a ratio in spite of its name."""
    made = grown("vllm", "third-party/vllm/datadog-vllm-fixture.prom")
    whole = made.readings["r", ""]
    assert {"queue_depth_count", "running_count", "kv_cache_utilization_pct", "generation_tokens_per_s"} <= set(whole)
    old = "vllm:gpu_cache_usage_perc 0.5\n"
    new = f"{old}vllm:kv_cache_usage_perc 0.25\n"
    table = load("vllm")
    told = [
        Mapper(table, interval_s=30, resource_of=lambda _: "r").read(parse(t, "", table.wanted), at_s=0, wall_s=0)
        for t in (old, new)
    ]
    assert [one.readings["r", ""]["kv_cache_utilization_pct"] for one in told] == [50.0, 25.0]


@pytest.mark.parametrize(
    ("mapping", "file", "expected"),
    [
        ("triton", "third-party/triton/datadog-triton-fixture-excerpt.prom", {"queue_depth_count", "gpu_power_w"}),
        ("ray", "third-party/ray/datadog-ray-worker-excerpt.prom", {"cpu_utilization_pct", "memory_utilization_pct"}),
        ("cadvisor", "third-party/cadvisor/prometheus_metrics.prom", set[str]()),
        ("blackbox", "own-run/blackbox-ok.prom", {"probe_success_pct", "probe_duration_ms"}),
        ("blackbox", "own-run/blackbox-tcp.prom", {"probe_success_pct", "probe_duration_ms"}),
        ("node", "third-party/node_exporter/e2e-output.txt", {"load_average_count", "disk_busy_pct"}),
    ],
)
def test_other_exporters_are_read_without_inventing(mapping: str, file: str, expected: set[str]) -> None:
    """What is there is read and lies within its bounds; what is not there is absent."""
    made = grown(mapping, file, by=1.0)
    whole = made.readings.get(("r", ""), {})
    assert expected <= set(whole)
    for values in made.readings.values():
        for name, value in values.items():
            metric = CATALOGUE[name]
            assert math.isfinite(value)
            assert metric.low is None or value >= metric.low
            assert metric.high is None or value <= metric.high


@pytest.mark.parametrize("file", ["blackbox-404.prom", "blackbox-refused.prom"])
def test_a_probe_that_failed_has_no_duration(file: str) -> None:
    """The exporter answers 200 all the same."""
    assert read("blackbox", f"own-run/{file}").readings["r", ""] == {"probe_success_pct": 0.0}


def test_capacity_of_a_cluster_is_a_fact() -> None:
    """GPUs of nodes, summed."""
    assert read("kube", "third-party/kube-state-metrics/node-golden.prom").facts["r"]["gpu_count"] > 0


def test_every_table_reads_metrics_of_the_catalogue() -> None:
    """Ten tables, each with a version."""
    assert len(builtin()) >= 10
    for name in builtin():
        table = load(name)
        assert table.version >= 1
        assert table.rules


def test_what_is_not_told_is_not_invented() -> None:
    """Used memory alone is no share of anything; a processor mode that is not there was not zero; no failure yet is."""
    table = load("dcgm")
    alone = parse('DCGM_FI_DEV_FB_USED{gpu="0"} 500\n', "", table.wanted)
    made = Mapper(table, interval_s=30, resource_of=lambda _: "r").read(alone, at_s=0, wall_s=0)
    assert set(made.readings["r", "gpu0"]) == {"gpu_memory_used_bytes"}

    def second(mapping: str, *texts: str) -> dict[str, float]:
        chosen = load(mapping)
        mapper = Mapper(chosen, interval_s=30, resource_of=lambda _: "r")
        told = [mapper.read(parse(text, "", chosen.wanted), at_s=30.0 * n, wall_s=0) for n, text in enumerate(texts)]
        return told[-1].readings.get(("r", ""), {})

    cpu = 'node_cpu_seconds_total{{cpu="0",mode="idle"}} {0}\nnode_cpu_seconds_total{{cpu="0",mode="user"}} {0}\n'
    assert second("node", cpu.format(10), cpu.format(25)).keys() == {"cpu_utilization_pct"}
    http = 'http_requests_total{{status="200"}} {0}\n'
    assert second("vllm", http.format(10), http.format(40)) == {"error_rate_pct": 0.0}
