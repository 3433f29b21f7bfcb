"""Bad inputs B32 to B40: a line that cannot be right is refused alone, a value that cannot be is no reading."""

import pytest

from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import load

NOW_S = 1_768_586_400.0


def read(text: str, mapping: str = "node") -> Read:
    """The readings of one exposition."""
    table = load(mapping)
    return Mapper(table, interval_s=30, resource_of=lambda _: "r").read(
        parse(text, "", table.wanted), at_s=1000.0, wall_s=NOW_S
    )


@pytest.mark.parametrize(
    "line",
    [
        "node_load1 ",
        "node_load1 abc",
        "node_load1 1_000",
        "node_load1 0x10",
        "node_load1 1 soon",
        'node_load1{a="b} 1',
        'node_load1{a="b" 1',
        'node_load1{a="1",a="2"} 1',
        'node_load1{1a="b"} 1',
        '{a="b"} 1',
    ],
)
def test_a_line_that_cannot_be_right_is_refused_alone_by_its_place(line: str) -> None:
    """B32, B33: missing or foreign values, quotes, braces, names: the line, and no number that lacks it."""
    memory = "node_memory_MemTotal_bytes 10\nnode_memory_MemAvailable_bytes 5\n"
    made = read(f"# HELP x y\n{memory}{line}\nnode_load1 3\n")
    assert made.readings["r", ""]["memory_utilization_pct"] == 50.0
    assert made.refused.startswith("1 line was refused: line 4 ")
    assert line.rstrip()[:10] in made.refused
    assert ("load_average_count" in made.readings["r", ""]) == (not line.startswith("node_load1"))


def test_many_bad_lines_are_counted_and_the_first_are_named() -> None:
    """Of 300 lines every tenth is bad: 30 are counted, three of them shown, cut; 270 are read."""
    lines = [
        f'node_disk_io_time_seconds_total{{device="sd{n}"}} {"oops" * 99 if n % 10 == 0 else n}' for n in range(300)
    ]
    text = "\n".join(["node_load1 2", *lines, ""])
    made = parse(text, "", load("node").wanted)
    assert len(made.samples["node_disk_io_time_seconds_total"]) == 270
    assert made.refused.startswith("30 lines were refused: line 2 ")
    assert made.refused.endswith("and 27 more")
    assert len(made.refused) < 500
    assert read(text).readings["r", ""] == {"load_average_count": 2.0}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("node_load1 abc\n", "not an exposition: 1 line was refused"),
        ("node_load1 abc\n" * 1_500 + "node_load1 1\n", "not an exposition: 10.. lines were refused"),
        ('node_load1 1\nnode_memory_MemTotal_bytes{a="', "the answer is torn: its last line is"),
        ("node_load1 1\nnode_memory_MemTotal_byt", "the answer is torn"),
        ("<html>\nnode_load1 1\n", "not an exposition"),
    ],
)
def test_a_torn_answer_and_one_that_is_no_exposition_are_refused_whole(text: str, why: str) -> None:
    """What follows the tear is missing, and sums would lack it; bad lines alone, or too many, are something else."""
    with pytest.raises(FetchError, match=why):
        read(text)


def test_openmetrics_without_its_end_is_torn() -> None:
    """The format says where an answer ends."""
    wanted = load("node").wanted
    assert parse("# TYPE node_load1 gauge\nnode_load1 1\n# EOF\n", "application/openmetrics-text", wanted).samples
    with pytest.raises(FetchError, match="torn: OpenMetrics ends with # EOF"):
        parse("# TYPE node_load1 gauge\nnode_load1 1\n", "application/openmetrics-text; version=1.0.0", wanted)


def test_a_sum_of_a_family_with_a_bad_line_is_not_known_and_its_devices_are() -> None:
    """Two disks, one of them on a bad line: the other's busy share is its own, their bytes are nobody's."""

    def told(n: int, second: str) -> str:
        return "".join(
            f'{family}{{device="{device}"}} {value}\n'
            for family, rate in (("node_disk_read_bytes_total", 3e7), ("node_disk_io_time_seconds_total", 15))
            for device, value in (("sda", n * rate), ("sdb", second or n * rate))
        )

    table = load("node")
    for second, expected in (("", 2e6), ("-", None)):
        mapper = Mapper(table, interval_s=30, resource_of=lambda _: "r")
        for n in (1, 2):
            text = told(n, second if n == 2 else "")
            made = mapper.read(parse(text, "", table.wanted), at_s=1000 + 30 * n, wall_s=NOW_S)
        assert made.readings["r", "sda"] == {"disk_busy_pct": 50.0}
        assert made.readings["r", ""].get("disk_read_bytes_per_s") == expected


@pytest.mark.parametrize("value", ["1e999", "+Inf", "-Inf", "NaN", "-3"])
def test_what_cannot_be_is_no_reading(value: str) -> None:
    """B32, B36: an overflow is infinite, and neither infinite nor negative is a load."""
    assert read(f"node_load1 {value}\n").readings == {}


def test_a_blank_of_the_gpu_library_is_missing() -> None:
    """B36: 9223372036854775794 is how it says that it does not know."""
    made = read('DCGM_FI_DEV_GPU_TEMP{gpu="0"} 9223372036854775794\n', "dcgm")
    assert made.readings == {}
    assert made.dropped == 1


@pytest.mark.parametrize(
    ("stamp_ms", "kept"),
    [(0, False), (1000 * NOW_S + 31_536e6, False), (NOW_S, False), (1000 * NOW_S - 300e3, True), (1000 * NOW_S, True)],
)
def test_a_time_of_its_own_is_taken_within_ten_minutes(stamp_ms: float, kept: bool) -> None:
    """B37: 1970, a year ahead, seconds taken for milliseconds: dropped and counted."""
    made = read(f"node_load1 1.5 {stamp_ms:.0f}\n")
    assert (bool(made.readings), made.dropped) == (kept, 0 if kept else 1)


def test_types_that_contradict_and_families_in_parts() -> None:
    """B34: TYPE twice, TYPE after its samples, a HELP of a megabyte, a family in two places."""
    text = (
        "# TYPE node_memory_MemTotal_bytes gauge\n# TYPE node_memory_MemTotal_bytes counter\n"
        f"# HELP node_memory_MemTotal_bytes {'x' * 1_000_000}\n"
        "node_memory_MemTotal_bytes 10\nnode_load1 1\n# TYPE node_load1 gauge\nnode_memory_MemAvailable_bytes 5\n"
    )
    assert read(text).readings["r", ""]["memory_utilization_pct"] == 50.0


@pytest.mark.parametrize(
    ("buckets", "p95_ms"),
    [
        ({"0.1": 95, "+Inf": 100}, 100.0),
        ({"+Inf": 100, "0.1": 95}, 100.0),  # not in order
        ({"0.1": 95, "0.2": 90, "+Inf": 100}, 100.0),  # a little out of step
        ({"0.1": 100}, 95.0),  # no last bucket
        ({"abc": 100}, None),
    ],
)
def test_histograms_that_are_not_whole(buckets: dict[str, int], p95_ms: float | None) -> None:
    """B35: repaired where a rule says how, else no reading."""
    table = load("vllm")
    mapper = Mapper(table, interval_s=30, resource_of=lambda _: "r")

    def text(times: int) -> str:
        name = "vllm:e2e_request_latency_seconds"
        lines = [f'{name}_bucket{{le="{le}"}} {count * times}\n' for le, count in buckets.items()]
        return "".join(lines) + f"{name}_count {100 * times}\n{name}_sum {5 * times}\n"

    made = Read()
    for n in (1, 2):
        try:
            made = mapper.read(parse(text(n), "", table.wanted), at_s=1000 + 30 * n, wall_s=NOW_S)
        except FetchError:
            assert p95_ms is None
            return
    found = made.readings.get(("r", ""), {}).get("response_time_p95_ms")
    assert found == (pytest.approx(p95_ms) if p95_ms is not None else None)


def test_names_of_any_letters_and_lines_of_any_length() -> None:
    """B39, B40: quoted names, a name of ten kilobytes, CRLF, `# EOF` in between, no newline at the end."""
    text = f'{{"a b<c"}} 1\r\nx{"y" * 10_000} 1\r\n# EOF\r\nnode_load1{{h="{"z" * 1_000_000}"}} 2'
    assert read(text).readings["r", ""]["load_average_count"] == 2.0


def test_a_containers_share_of_its_limit() -> None:
    """Of processors and memory; where there is no limit (0, or as good as endless) there is no share."""
    table = load("cadvisor")
    mapper = Mapper(table, interval_s=30, resource_of=lambda _: "r")

    def text(used_s: float) -> str:
        who, other = '{container="c",pod="p"}', '{container="d",pod="p"}'
        return (
            f'container_cpu_usage_seconds_total{{container="c",pod="p",cpu="total"}} {used_s}\n'
            f'container_cpu_usage_seconds_total{{container="d",pod="p",cpu="total"}} {used_s}\n'
            f"container_spec_cpu_quota{who} 200000\ncontainer_spec_cpu_period{who} 100000\n"
            f"container_spec_cpu_quota{other} -1\ncontainer_spec_cpu_period{other} 100000\n"
            f"container_memory_working_set_bytes{who} 3e9\ncontainer_spec_memory_limit_bytes{who} 4e9\n"
            f"container_memory_working_set_bytes{other} 3e9\n"
            f"container_spec_memory_limit_bytes{other} 9.223372036854772e+18\n"
        )

    for n in (0, 1):
        made = mapper.read(parse(text(30.0 * n), "", table.wanted), at_s=1000 + 30 * n, wall_s=NOW_S)
    values = made.readings["r", ""]
    assert values["cpu_utilization_pct"] == pytest.approx(50.0)
    assert values["memory_utilization_pct"] == 75.0


def test_energy_grows_and_masks_are_decoded() -> None:
    """Millijoules as joules since the reading before; heat and the power limit by their bits, also as a mean of two."""
    table = load("dcgm")
    mapper = Mapper(table, interval_s=30, resource_of=lambda _: "r")

    def text(n: int) -> str:
        return "".join(
            f'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{gpu="{gpu}"}} {9e9 + n * 9_000_000 * (gpu + 1)}\n'
            f'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS{{gpu="{gpu}"}} {mask}\n'
            f'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL{{gpu="{gpu}"}} {3 + n * gpu}\n'
            for gpu, mask in ((0, 0x24), (1, 0x01))
        )

    for n in (0, 1):
        made = mapper.read(parse(text(n), "", table.wanted), at_s=1000 + 30 * n, wall_s=NOW_S)
    whole, first, second = (made.readings["r", device] for device in ("", "gpu0", "gpu1"))
    assert (first["gpu_energy_j"], second["gpu_energy_j"], whole["gpu_energy_j"]) == (9000.0, 18_000.0, 27_000.0)
    assert (first["gpu_throttled_thermal_pct"], first["gpu_throttled_power_pct"]) == (100.0, 100.0)
    assert (second["gpu_throttled_thermal_pct"], first["gpu_throttled_hardware_pct"]) == (0.0, 0.0)
    assert whole["gpu_throttled_thermal_pct"] == 50.0
    assert (first["gpu_ecc_uncorrected_count"], second["gpu_ecc_uncorrected_count"]) == (0.0, 1.0)


def test_what_is_not_mapped_is_counted() -> None:
    """The exporter's own families alone, each once."""
    table = load("vllm")
    made = parse(
        'vllm:num_requests_waiting 1\nvllm:brand_new_total 1\nvllm:newer_bucket{le="1"} 1\nvllm:newer_count 1\n'
        "python_info 1\n",
        "",
        table.wanted,
    )
    assert table.unmapped(made.unread) == ("vllm:brand_new", "vllm:newer")
