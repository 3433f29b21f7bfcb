"""Names and units change with releases: each is read right, or the attempt says which family has gone and where to."""

import pytest

from plimsoll.collectors.prometheus.address import scrape
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.remarks import refuse_nothing, remarks
from tests.exporters import exporter
from tests.expositions import WALL_S, lines, mapper, readings, reads

GPU = 'gpu="0",UUID="GPU-1"'
OLD = {
    "DCGM_FI_DEV_GPU_UTIL": (55.0, "DCGM_FI_DEV_GPU_UTIL_RATIO", 0.55),
    "DCGM_FI_DEV_MEM_COPY_UTIL": (21.0, "DCGM_FI_DEV_MEMORY_UTIL_RATIO", 0.21),
    "DCGM_FI_DEV_SM_CLOCK": (1980.0, "DCGM_FI_DEV_SM_CLOCK_HERTZ", 1.98e9),
    "DCGM_FI_DEV_MEM_CLOCK": (2619.0, "DCGM_FI_DEV_MEMORY_CLOCK_HERTZ", 2.619e9),
    "DCGM_FI_DEV_GPU_TEMP": (61.0, "DCGM_FI_DEV_GPU_TEMP_CELSIUS", 61.0),
    "DCGM_FI_DEV_MEMORY_TEMP": (77.0, "DCGM_FI_DEV_MEMORY_TEMP_CELSIUS", 77.0),
    "DCGM_FI_DEV_POWER_USAGE": (412.5, "DCGM_FI_DEV_BOARD_POWER_WATTS", 412.5),
    "DCGM_FI_DEV_FB_USED": (40000.0, "DCGM_FI_DEV_FB_USED_BYTES", 40000.0 * 1024**2),
    "DCGM_FI_DEV_FB_FREE": (41000.0, "DCGM_FI_DEV_FB_FREE_BYTES", 41000.0 * 1024**2),
    "DCGM_FI_DEV_FB_RESERVED": (559.0, "DCGM_FI_DEV_FB_RESERVED_BYTES", 559.0 * 1024**2),
    "DCGM_FI_PROF_SM_ACTIVE": (0.31, "DCGM_FI_PROF_SM_UTIL_RATIO", 0.31),
    "DCGM_FI_PROF_SM_OCCUPANCY": (0.2, "DCGM_FI_PROF_SM_OCCUPANCY_RATIO", 0.2),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": (0.4, "DCGM_FI_PROF_TENSOR_UTIL_RATIO", 0.4),
    "DCGM_FI_PROF_DRAM_ACTIVE": (0.5, "DCGM_FI_PROF_DRAM_UTIL_RATIO", 0.5),
}
COUNTERS = {
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": (4e6, "DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL", 4e3),
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": (20.0, "DCGM_FI_DEV_PCIE_REPLAY_TOTAL", 20.0),
    "DCGM_FI_DEV_POWER_VIOLATION": (2e9, "DCGM_FI_DEV_GPU_POWER_THROTTLE_SECONDS_TOTAL", 2.0),
    "DCGM_FI_DEV_THERMAL_VIOLATION": (1e9, "DCGM_FI_DEV_GPU_THERMAL_THROTTLE_SECONDS_TOTAL", 1.0),
}


def told(new: bool, n: int) -> str:
    """Readings of one card under the old or the new names; counters grow with n."""
    gauges = "".join(lines(now if new else old, (GPU, value if new else was)) for old, (was, now, value) in OLD.items())
    return gauges + "".join(
        lines(now if new else old, (GPU, n * (value if new else was)), kind="counter")
        for old, (was, now, value) in COUNTERS.items()
    )


def test_new_names_in_new_units_are_the_same_readings() -> None:
    """dcgm-exporter of 4.9 and of 4.8 say the same of one card: ratios, hertz, bytes, joules, seconds."""
    old, new = (readings("dcgm", told(new, 1), told(new, 2)) for new in (False, True))
    assert new == pytest.approx(old)
    assert old["gpu_energy_j"] == pytest.approx(4000.0)
    assert old["gpu_throttled_power_pct"] == pytest.approx(20.0)
    assert len(old) == 17


def test_an_upgrade_between_two_readings_makes_no_jump() -> None:
    """F45: the counter of 4.9 goes on where that of 4.8 was."""
    before, after = reads("dcgm", [told(False, 1), told(True, 2)])
    assert after.vanished == ()
    assert after.readings["r", ""]["gpu_energy_j"] == pytest.approx(4000.0)
    assert before.readings["r", ""]["gpu_power_w"] == 412.5


@pytest.mark.parametrize(("mapping", "colon"), [("vllm", "vllm:"), ("sglang", "sglang:"), ("trtllm", "trtllm_")])
def test_names_with_a_line_instead_of_a_colon_are_the_same(mapping: str, colon: str) -> None:
    """Gateways and OpenTelemetry rewrite what Prometheus' old name rules do not have."""
    other = {"vllm:": "vllm_", "sglang:": "sglang_", "trtllm_": "trtllm:"}[colon]
    family = "num_queue_reqs" if mapping == "sglang" else "num_requests_waiting"
    latency = "e2e_request_latency_seconds"

    def text(prefix: str, n: int) -> str:
        buckets = "".join(
            f'{prefix}{latency}_bucket{{le="{le}"}} {n * count}\n' for le, count in (("1", 5), ("2", 10), ("+Inf", 10))
        )
        histogram = f"# TYPE {prefix}{latency} histogram\n{buckets}{prefix}{latency}_sum {n * 12}\n"
        return lines(f"{prefix}{family}", ("", 7.0)) + histogram + f"{prefix}{latency}_count {n * 10}\n"

    plain = readings(mapping, text(colon, 1), text(colon, 2))
    assert readings(mapping, text(other, 1), text(other, 2)) == plain
    assert plain["queue_depth_count"] == 7.0
    assert plain["response_time_ms"] == pytest.approx(1200.0)


def test_a_target_of_which_nothing_is_known_any_more_is_not_ok() -> None:
    """The attempt is no success: it says what is gone and what looks like its new name; rows of others are kept."""
    new = lines("DCGM_FI_DEV_GPU_TEMPERATURE", (GPU, 61.0)) + lines("DCGM_FI_DEV_POWER_USAGE_NOW", (GPU, 300.0))
    with exporter(lambda h: h.body(new.encode())) as one:
        came = scrape(one.address("dcgm"))
    (attempt,) = came.collections
    assert attempt["ok"] is False
    assert "DCGM_FI_DEV_GPU_TEMP is perhaps DCGM_FI_DEV_GPU_TEMPERATURE now" in attempt["reason"]
    assert came.samples == []
    with exporter(lambda h: h.body(lines("node_load1", ("", 1.0)).encode())) as other:
        (attempt,) = scrape(other.address("dcgm")).collections
    assert "there are node_load1 and others: is it another exporter?" in attempt["reason"]


def test_a_family_that_goes_while_others_stay_is_named_with_its_likely_heir() -> None:
    """The second reading lacks one of two; what needed it is unknown, and the row says so."""
    table, one = load("node"), mapper("node")
    sizes = ("node_filesystem_size_bytes", "node_filesystem_free_bytes", "node_filesystem_avail_bytes")
    place = 'device="/dev/sda1",fstype="ext4",mountpoint="/"'
    whole = "".join(lines(family, (place, 10.0 - n)) for n, family in enumerate(sizes)) + lines("node_load1", ("", 1.0))
    changed = whole.replace("node_filesystem_free_bytes", "node_filesystem_free_now_bytes")
    one.read(parse(whole, "", table.wanted), at_s=0, wall_s=WALL_S)
    exposition = parse(changed, "", table.wanted)
    read = one.read(exposition, at_s=30, wall_s=WALL_S)
    refuse_nothing("node", exposition, read)
    said = remarks("node", table, exposition, read, None) or ""
    assert "storage_utilization_pct needs node_filesystem_free_bytes, which is not there" in said
    assert "node_filesystem_free_bytes (perhaps node_filesystem_free_now_bytes now)" in said
    assert read.readings["r", ""] == {"load_average_count": 1.0}


def test_a_label_that_a_rule_looks_at_is_not_imagined() -> None:
    """Processor time without modes is not all work; GPUs without numbers are not one GPU."""
    cpu = [lines("node_cpu_seconds_total", ('cpu="0",kind="idle"', n), ('cpu="0",kind="user"', n)) for n in (1.0, 9.0)]
    second = reads("node", cpu)[-1]
    assert second.readings == {}
    assert second.unlabeled == {("node_cpu_seconds", "mode"): 2}
    gpus = lines("DCGM_FI_DEV_POWER_USAGE", ('minor="0"', 300.0), ('minor="1"', 280.0))
    exposition = parse(gpus, "", load("dcgm").wanted)
    read = mapper("dcgm").read(exposition, at_s=0, wall_s=WALL_S)
    with pytest.raises(FetchError, match="2 samples of DCGM_FI_DEV_POWER_USAGE have no label gpu"):
        refuse_nothing("dcgm", exposition, read)


def test_no_failure_yet_is_zero_but_a_counter_of_failures_that_has_gone_is_unknown() -> None:
    """Ray counts failures from the first one on: none yet is 0 %; under another name it is not known."""
    ok = [lines("ray_serve_num_http_requests_total", ('route="/"', n), kind="counter") for n in (100.0, 200.0)]
    assert readings("ray", *ok)["error_rate_pct"] == 0.0
    failed = 'error_code="503",route="/"'
    with_errors = [text + lines("ray_serve_num_http_error_requests", (failed, n)) for n, text in enumerate(ok)]
    assert readings("ray", *with_errors)["error_rate_pct"] == 1.0
    renamed = [text.replace("http_error_requests", "http_failed_error_requests") for text in with_errors]
    assert "error_rate_pct" not in readings("ray", *renamed)
    gone = reads("ray", [with_errors[0], with_errors[1], ok[1].replace("200.0", "300.0")])[-1]
    assert "error_rate_pct" not in gone.readings["r", ""]
    assert gone.vanished == ("ray_serve_num_http_error_requests",)
