"""Rows that are not their header's, numbers and times of any locale, lines beside the readings, parts and wholes."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plimsoll.importing.presets import Wanted
from tests.unit.importing.test_presets import SADF, bring, one

AT = datetime(2026, 5, 20, 10, tzinfo=UTC)
HEADER = "timestamp, index, utilization.gpu [%]\n"


@pytest.mark.parametrize(
    ("second", "refused"),
    [
        ("2026/05/20 10:00:01, 1, 42 %, surplus", "has 4 cells, and its header 3"),
        ('2026/05/20 10:00:01, 1, "42 %', "has an odd number of quotes"),
        ("Unable to determine the device handle for GPU0000:01:00.0", "cannot be read"),
    ],
)
def test_a_row_that_is_not_its_headers_is_refused_alone(tmp_path: Path, second: str, refused: str) -> None:
    """Too many cells, a lost quote, a message among the rows: by its number, and its neighbors come in."""
    text = f"{HEADER}2026/05/20 10:00:00, 0, 41 %\n{second}\n2026/05/20 10:00:02, 2, 43 %\n"
    done, frame, _ = bring(tmp_path, "smi.csv", text)
    assert frame.filter(pl.col("device") != "").sort("device")["gpu_utilization_pct"].to_list() == [41.0, 43.0]
    assert done.refused == 1
    ((row, why),) = done.reasons
    assert row == 2
    assert refused in why


def test_empty_cells_beyond_the_header_and_cells_that_lack_say_nothing(tmp_path: Path) -> None:
    """Separators at a line's end, and a row that ends early."""
    text = f"{HEADER}2026/05/20 10:00:00, 0, 41 %,,\n2026/05/20 10:00:00, 1\n"
    done, frame, _ = bring(tmp_path, "smi.csv", text)
    assert (done.new, done.empty, done.refused) == (1, 1, 0)
    assert one(frame, "smi", "gpu0") == {"gpu_utilization_pct": 41.0}


@pytest.mark.parametrize(
    ("rows", "metric", "expected"),
    [
        ("sep=;\nTime;a\n2026-05-20 10:00:00;45,25\n2026-05-20 10:01:00;1.046,5", "throughput_per_s", [45.25, 1046.5]),
        (
            'Time,a\n2026-05-20 10:00:00,"1,234.5"\n2026-05-20 10:01:00,"2,345,678"',
            "throughput_per_s",
            [1234.5, 2345678],
        ),
        ('Time,a\n2026-05-20 10:00:00,7.5\n2026-05-20 10:01:00,"1,234"', "throughput_per_s", [7.5]),  # 1.234 or 1234
        ('Time,a\n2026-05-20 10:00:00,7.5\n2026-05-20 10:01:00,"45,25"', "throughput_per_s", [7.5]),  # points elsewhere
        ("Time,a\n1779271200,1.5 K\n1779271260,2 Mil", "throughput_per_s", [1500.0, 2e6]),
        ("Time,a\n1779271200000000000,2.5 mins", "response_time_ms", [150000.0]),
        ("Time,a\n1779271200000000,3 Gbit/s", "network_receive_bits_per_s", [3e9]),
    ],
)
def test_numbers_and_times_of_any_locale(tmp_path: Path, rows: str, metric: str, expected: list[float]) -> None:
    """Decimal commas, marks between thousands, short units, seconds to nanoseconds; what is ambiguous is refused."""
    done, frame, _ = bring(tmp_path, "g.csv", f"{rows}\n", Wanted(metric=metric))
    assert frame[metric].to_list() == pytest.approx(expected, rel=1e-3)
    assert frame["ts"].min() == AT
    assert done.refused == ("7.5" in rows)


def test_lines_beside_the_readings_are_counted_and_left(tmp_path: Path) -> None:
    """A restart in sadf's table; and each row is one row, whatever parts the file has."""
    header, row, *rest = SADF.split("\n")
    restart = "web-7;-1;2026-05-20 10:00:01 UTC;LINUX-RESTART\t(8 CPU)"
    done, frame, _ = bring(tmp_path, "sar.csv", "\n".join([header, restart, row, *rest]))
    assert (done.rows, done.new, done.refused, done.unmapped) == (5, 3, 0, 2)
    assert one(frame, "web-7")["cpu_utilization_pct"] == 37.5


def test_a_core_is_not_the_machine(tmp_path: Path) -> None:
    """Telegraf reports each core beside all of them, and one field name in several measurements."""
    text = (
        ",result,table,_time,_value,_field,_measurement,cpu,host\n"
        ",,0,2026-05-20T10:00:00Z,3,usage_iowait,cpu,cpu-total,n1\n"
        ",,1,2026-05-20T10:00:00Z,90,usage_iowait,cpu,cpu7,n1\n"
        ",,2,2026-05-20T10:00:00Z,5,available,disk,,n1\n"
    )
    done, frame, _ = bring(tmp_path, "i.csv", text)
    assert (one(frame, "n1"), done.rows, done.unmapped) == ({"cpu_iowait_pct": 3.0}, 3, 2)
    wide = ",result,table,_time,host,cpu,usage_iowait\n,,0,2026-05-20T10:00:00Z,n2,cpu-total,4\n"
    assert one(bring(tmp_path, "w.csv", wide)[1], "n2") == {"cpu_iowait_pct": 4.0}


def test_a_mean_of_links_is_not_their_sum(tmp_path: Path) -> None:
    """Datadog averages over interfaces unless it is asked for a sum, or for one of them; a sum of shares is none."""
    names = (
        "avg:system.net.bytes_rcvd{host:a}",
        "avg:system.net.bytes_sent{host:a,device:eth1}",
        "sum:system.net.bytes_rcvd{host:b}",
        "sum:nvml.gpu_utilization{host:b}",
    )
    quoted = ",".join(f'"{name}"' for name in names)
    text = f"timestamp,{quoted}\n1779271200000,1000,50,2000,170\n"
    _, frame, _ = bring(tmp_path, "d.csv", text)
    assert one(frame, "a", "eth1") == {"network_transmit_bits_per_s": 400.0}
    assert one(frame, "a") == {}
    assert one(frame, "b") == {"network_receive_bits_per_s": 16000.0}


def test_rows_that_contradict_each_other_are_counted(tmp_path: Path) -> None:
    """Two values of one instant, because a column that tells them apart is not mapped; a plain repetition is none."""
    text = "timestamp, index, temperature.gpu\n2026/05/20 10:00:00, 0, 40\n2026/05/20 10:00:00, 0, 44\n"
    assert bring(tmp_path, "a.csv", text)[0].contradicting == 1
    assert bring(tmp_path, "b.csv", text.replace("44", "40"))[0].contradicting == 0


def test_one_of_several_devices_is_not_the_resource(tmp_path: Path) -> None:
    """Columns of two GPUs: neither one's watts are the machine's, and what the file says of the machine is kept."""
    header = 'Time,"nvidia.power-gpu0","nvidia.power-gpu1","kernel.all.load-1 minute"'
    text = f"{header}\n2026-05-20 10:00:00,200000,300000,2.5\n"
    _, frame, _ = bring(tmp_path, "p.csv", text)
    assert one(frame, "p") == {"load_average_count": 2.5}
    assert [one(frame, "p", f"gpu{n}") for n in range(2)] == [{"gpu_power_w": 200.0}, {"gpu_power_w": 300.0}]
