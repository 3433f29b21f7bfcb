"""One state of the world, told by many releases of an exporter, gives one set of readings."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.payloads import FILES, FOLDER, mapping_of, rows, third
from tests.recorded.written.__main__ import described

SERVED: Mapping[str, float] = {
    "running_count": 6.0,
    "queue_depth_count": 3.0,
    "kv_cache_utilization_pct": 42.0,
    "response_time_ms": 650.0,
    "response_time_p95_ms": 1000.0,
    "response_time_p99_ms": 1000.0,
    "time_to_first_token_ms": 110.0,
    "inter_token_latency_ms": 20.0,
    "queue_time_ms": 90.0,
    "prompt_tokens_per_s": 375.0,
    "generation_tokens_per_s": 100.0,
    "throughput_per_s": 200 * 0.25 / 60,
    "prefix_cache_hit_pct": 100 / 3,
    "preemptions_per_s": 12 * 0.25 / 60,
}
CARDS: Mapping[str, float] = {
    "gpu_utilization_pct": 48.0,
    "gpu_memory_controller_pct": 31.5,
    "gpu_sm_clock_mhz": 1050.0,
    "gpu_memory_clock_mhz": 2106.0,
    "gpu_temperature_c": 67.0,
    "gpu_memory_temperature_c": 81.0,
    "gpu_power_w": 727.0,
    "gpu_power_limit_w": 1400.0,
    "gpu_energy_j": 0.25 * 5.6e5,
    "gpu_link_errors_per_s": 0.5,
    "gpu_memory_used_bytes": 62.0 * 2**30,
    "gpu_memory_utilization_pct": 100 * 62 / 160,
    "gpu_pcie_receive_bytes_per_s": 9.001e9,
    "gpu_pcie_transmit_bytes_per_s": 3.002e9,
    "gpu_nvlink_bytes_per_s": 7e10,
    "gpu_sm_active_pct": 41.0,
    "gpu_sm_occupancy_pct": 16.75,
    "gpu_tensor_active_pct": 22.0,
    "gpu_dram_active_pct": 26.125,
    "gpu_ecc_corrected_count": 2.0,
    "gpu_ecc_uncorrected_count": 0.0,
}
RIGHT: Mapping[str, Mapping[str, float]] = {
    "dcgm": CARDS,
    "amd": CARDS,
    "intel": CARDS,
    "nvidia_smi": CARDS,
    "vllm": {**SERVED, "error_rate_pct": 0.0},
    "sglang": {**SERVED, "error_rate_pct": 2.0},
    "trtllm": SERVED,
    "tgi": {**SERVED, "error_rate_pct": 10.0, "batch_size_count": 6.0},
    "triton": {
        "response_time_ms": 650.0,
        "queue_time_ms": 90.0,
        "queue_depth_count": 3.0,
        "batch_size_count": 4.0,
        "gpu_utilization_pct": 50.0,
        "gpu_power_w": 680.0,
        "gpu_power_limit_w": 1400.0,
        "gpu_memory_utilization_pct": 50.0,
        "gpu_memory_used_bytes": 8e10,
    },
    "node": {
        "cpu_utilization_pct": 36.0,
        "cpu_iowait_pct": 4.0,
        "load_average_count": 2.5,
        "memory_utilization_pct": 25.0,
        "network_receive_bits_per_s": 8 * 6e9 / 240,
        "network_transmit_bits_per_s": 8 * 3e9 / 240,
        "disk_read_bytes_per_s": 4e9 / 240,
        "disk_write_bytes_per_s": 2e9 / 240,
        "disk_busy_pct": 100 * 30 / 240,
        "storage_utilization_pct": 100 * 6 / 9.5,
    },
    "blackbox": {
        "probe_success_pct": 100.0,
        "probe_duration_ms": 100.0,
        "probe_resolve_ms": 2.0,
        "probe_connect_ms": 4.0,
        "probe_tls_ms": 12.0,
        "probe_processing_ms": 80.0,
        "probe_transfer_ms": 2.0,
        "certificate_expiry_days": 90 - 120 / 86_400,
    },
    "kube": {"gpus_allocated_count": 5.0, "queue_depth_count": 1.0},
    "cadvisor": {
        "memory_used_bytes": 8e9,
        "memory_utilization_pct": 25.0,
        "cpu_utilization_pct": 100 * (60 / 240) / 2,
        "network_receive_bits_per_s": 8 * 6e9 / 240,
        "disk_read_bytes_per_s": 4e9 / 240,
    },
    "ray": {
        "cpu_utilization_pct": 37.5,
        "memory_utilization_pct": 25.0,
        "gpu_utilization_pct": 50.0,
        "gpu_memory_used_bytes": 80_000 * 2**20,
        "gpu_memory_utilization_pct": 50.0,
        "gpu_power_w": 700.0,
        "gpu_temperature_c": 66.0,
        "queue_depth_count": 3.0,
        "throughput_per_s": 200 * 0.25 / 60,
        "error_rate_pct": 2.0,
    },
}
LEAST = {"kube": 2, "blackbox": 7, "cadvisor": 5, "trtllm": 7, "tgi": 8, "intel": 6, "ray": 8, "vllm": 8}


def of(exporter: str, release: str) -> dict[str, float]:
    """The right readings that depend on the release: what it does not tell apart."""
    right = dict(RIGHT[exporter])
    if exporter == "triton":
        canceled = 5 if release >= "2.46" else 0
        right["throughput_per_s"] = (220 + canceled) * 0.25 / 60
        right["error_rate_pct"] = 100 * 20 / 220
    return right


@pytest.mark.parametrize(("name", "text"), [pytest.param(*one, id=one[0]) for one in described()])
def test_every_release_tells_the_same(name: str, text: str) -> None:
    """Names, units, labels and copies differ; the numbers do not, and none is invented."""
    path = FOLDER / name
    assert path.read_text(encoding="utf-8") == text, "python -m tests.recorded.written"
    exporter = mapping_of(path)
    samples = rows(text)
    read, whole, said = third(exporter, samples, samples)
    right = of(exporter, path.stem.partition("-")[2])
    got = read["r", ""]
    assert got == pytest.approx({metric: right[metric] for metric in got}, rel=1e-6), said
    assert len(got) >= LEAST.get(exporter, 9), sorted(right.keys() - got.keys())
    assert whole.torn == whole.dropped == 0


def test_the_corpus_says_where_it_is_from() -> None:
    """Each payload's first line; those that were recorded are counted apart."""
    first = {path: path.read_text(encoding="utf-8").splitlines()[0] for path in FILES}
    origins = Counter(line.removeprefix("# ").split(" ")[0] for line in first.values())
    assert set(origins) <= {"written", "recorded"}
    assert all(line.startswith(("# written by us after", "# recorded by us")) for line in first.values())
    assert origins["recorded"] >= 3
    assert origins["written"] + origins["recorded"] >= 60
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"Recorded by us: {origins['recorded']}" in told
    assert f"Written by us after documentation: {origins['written']}" in told


def test_no_recorded_payload_names_this_machine() -> None:
    """What was recorded is trimmed to what is read: no host names, no paths."""
    recorded = [path for path in FILES if path.read_text(encoding="utf-8").startswith("# recorded")]
    assert all("nodename" not in Path(path).read_text(encoding="utf-8") for path in recorded)
