"""Files that people have, as their programs write them: recognized where that is unmistakable, in the right units."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plimsoll.cli import run
from plimsoll.errors import UsageError
from plimsoll.importing.documents import read_document
from plimsoll.importing.presets import Wanted, mappings, presets, recognized
from plimsoll.importing.run import Imported, import_file, of_parts
from plimsoll.lake import Lake
from plimsoll.tables import SAMPLES

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SMI = (
    "timestamp, index, name, utilization.gpu [%], memory.used [MiB], power.draw [W], temperature.gpu\n"
    "2026/05/20 10:00:00.120, 0, NVIDIA L40S, 12 %, 2 MiB, 90.50 W, 35\n"
    "2026/05/20 10:00:00.140, 1, NVIDIA L40S, [Not Supported], 1 GiB, [Unknown Error], 44\n"
    "2026/05/20 10:00:30.110, 0, NVIDIA L40S, 250 %, 4 MiB, 91 furlongs, 36\n"
)
SADF = (
    "# hostname;interval;timestamp;CPU;%user;%iowait;%steal;%idle\n"
    "web-7;600;2026-05-20 10:10:01 UTC;-1;30.00;2.50;0.00;60.00\n"
    "web-7;600;2026-05-20 10:10:01 UTC;0;99.00;0.00;0.00;1.00\n"
    "# hostname;interval;timestamp;IFACE;rxpck/s;txpck/s;rxkB/s;txkB/s\n"
    "web-7;600;2026-05-20 10:10:01 UTC;eth0;1;1;1000.00;2000.00\n"
    "web-7;600;2026-05-20 10:10:01 UTC;bond0;1;1;1000.00;2000.00\n"
)
GRAFANA = 'sep=;\n"Time";"host-a:9100";"host-b:9100"\n2026-05-20 10:00:00;41.5%;undefined\n'
INFLUX = (
    "#datatype,string,long,dateTime:RFC3339,double,string,string,string\n#default,_result,,,,,,\n"
    ",result,table,_time,_value,_field,host,index\n,,0,2026-05-20T10:00:00Z,77,utilization_gpu,n1,3\n\n"
    ",result,table,_time,_value,_field,host,index\n,,1,2026-05-20T10:00:00Z,512,memory_used,n1,3\n"
    ",,1,2026-05-20T10:00:00Z,1,fan_speed,n1,3\n"
)
CONSOLE = '"Full label","Time (UTC)","CPUUtilization"\n"i-0a CPUUtilization","2026/05/20 10:00:00",12.5\n'
DATADOG = (
    'timestamp,"avg:system.cpu.iowait{host:db-1}","sum:system.net.bytes_rcvd{host:db-1}"\n1779271200000,3.5,1000\n'
)
PMREP = (
    'Time,"nvidia.gpuactive-gpu0","nvidia.power-gpu0","kernel.all.load-1 minute"\n2026-05-20 10:00:00,55,250000,2.5\n'
)


def bring(
    tmp_path: Path, name: str, text: str, wanted: Wanted | None = None
) -> tuple[Imported, pl.DataFrame, str | None]:
    """A file through the preset that it is recognized as: what came of it, and the readings."""
    path, lake = tmp_path / name, Lake(tmp_path / "lake")
    path.write_text(text)
    form = recognized(path)
    assert form is not None
    read = mappings(form, path, wanted or Wanted())
    done = of_parts(import_file(lake, path, mapping, now=NOW, most_refused=100) for mapping in read)
    assert done.rows == done.new + done.known + done.refused + done.empty + done.repeated + done.unmapped
    return done, lake.snapshot().scan(SAMPLES).sort("ts", "resource_id", "device").collect(), form


def one(frame: pl.DataFrame, resource: str, device: str = "") -> dict[str, object]:
    """What is known of a resource's device: the last of each metric."""
    rows = frame.filter(pl.col("resource_id") == resource, pl.col("device") == device)
    found: dict[str, object] = {}
    for row in rows.iter_rows(named=True):
        found |= {name: value for name, value in row.items() if value is not None}
    return {
        name: value
        for name, value in found.items()
        if name not in ("ts", "resource_id", "device", "source", "collector")
    }


def test_nvidia_smi_with_units_in_its_cells(tmp_path: Path) -> None:
    """Units stand in the cells, what is not measured in brackets; a bad cell costs the cell; the host is its GPUs."""
    done, frame, form = bring(tmp_path, "node-3.csv", SMI)
    assert form == "nvidia-smi"
    assert (done.rows, done.new, done.refused, done.cells) == (3, 3, 0, 2)
    assert one(frame.filter(pl.col("ts") < datetime(2026, 5, 20, 10, 0, 10, tzinfo=UTC)), "node-3", "gpu1") == {
        "gpu_memory_used_bytes": 1024.0**3,
        "gpu_temperature_c": 44.0,
    }
    first = frame.filter(pl.col("ts") < datetime(2026, 5, 20, 10, 0, 10, tzinfo=UTC))
    assert one(first, "node-3") == {
        "gpu_utilization_pct": 12.0,
        "gpu_memory_used_bytes": 1024.0**3 + 2 * 1024**2,
        "gpu_power_w": 90.5,
        "gpu_temperature_c": 44.0,
    }
    assert [why for _, why in done.reasons] == [
        'power.draw [W] "91 furlongs" is not a number in a unit of gpu_power_w',
        'utilization.gpu [%] "250 %" is above 100.0 pct',
    ]


def test_sadf_with_several_reports_in_one_file(tmp_path: Path) -> None:
    """All processors and not the first; kibibytes; the bond repeats its card."""
    done, frame, form = bring(tmp_path, "sar.csv", SADF)
    assert form == "sadf"
    assert one(frame, "web-7")["cpu_utilization_pct"] == 37.5
    assert one(frame, "web-7")["network_receive_bits_per_s"] == pytest.approx(8 * 1024 * 1000.0, rel=1e-3)
    assert one(frame, "web-7", "bond0")["network_transmit_bits_per_s"] == pytest.approx(8 * 1024 * 2000.0, rel=1e-3)
    assert done.refused == 0


def test_other_exports(tmp_path: Path) -> None:
    """Grafana by --metric; Influx, CloudWatch's console, Datadog and PCP by themselves."""
    _, frame, form = bring(tmp_path, "g.csv", GRAFANA, Wanted(metric="cpu_utilization_pct"))
    assert (form, one(frame, "host-a")) == ("grafana", {"cpu_utilization_pct": 41.5})
    done, frame, form = bring(tmp_path, "i.csv", INFLUX)
    assert (form, done.rows, done.new, done.unmapped) == ("influx", 3, 2, 1)
    assert one(frame, "n1", "gpu3") == {"gpu_utilization_pct": 77.0, "gpu_memory_used_bytes": 512 * 1024.0**2}
    _, frame, form = bring(tmp_path, "c.csv", CONSOLE)
    assert (form, one(frame, "i-0a")) == ("cloudwatch", {"cpu_utilization_pct": 12.5})
    _, frame, form = bring(tmp_path, "d.csv", DATADOG)
    assert (form, one(frame, "db-1")) == ("datadog", {"cpu_iowait_pct": 3.5, "network_receive_bits_per_s": 8000.0})
    _, frame, form = bring(tmp_path, "p.csv", PMREP)
    assert form == "pmrep"
    assert one(frame, "p", "gpu0") == {"gpu_utilization_pct": 55.0, "gpu_power_w": 250.0}
    assert one(frame, "p")["load_average_count"] == 2.5


def document(tmp_path: Path, tree: object, wanted: Wanted | None = None) -> tuple[str | None, pl.DataFrame]:
    """A JSON document through the preset that it is recognized as."""
    path, lake = tmp_path / "doc.json", Lake(tmp_path / "lake")
    tmp_path.mkdir()
    path.write_text(json.dumps(tree))
    form = recognized(path)
    assert form is not None
    for mapping, given in read_document(form, path, wanted or Wanted()):
        import_file(lake, path, mapping, now=NOW, most_refused=0, given=given)
    return form, lake.snapshot().scan(SAMPLES).sort("ts", "resource_id", "device").collect()


def test_documents(tmp_path: Path) -> None:
    """CloudWatch's sums by their period, sadf -j, and a Prometheus answer through its exporter's mapping."""
    times = ["2026-05-20T10:00:00Z", "2026-05-20T10:01:00Z"]
    metric = {"Label": "i-2 NetworkIn", "Timestamps": times, "Values": [6e6, 6e7], "Id": "m1"}
    form, frame = document(tmp_path / "a", {"MetricDataResults": [metric]})
    assert (form, one(frame, "i-2")["network_receive_bits_per_s"]) == ("cloudwatch", pytest.approx(8e6))
    at = {"date": "2026-05-20", "time": "10:00:01", "utc": 1, "interval": 60}
    cpu = [{"cpu": "all", "iowait": 1.5, "steal": 0.0, "idle": 48.5}, {"cpu": "0", "iowait": 9.0, "idle": 1.0}]
    net = {"net-dev": [{"iface": "eth1", "rxkB": 10.0, "txkB": 0.0}]}
    statistics = [{"timestamp": at, "cpu-load": cpu, "network": net}]
    sar = {"sysstat": {"hosts": [{"nodename": "w1", "statistics": statistics}]}}
    form, frame = document(tmp_path / "b", sar)
    assert form == "sadf-json"
    assert one(frame, "w1")["cpu_utilization_pct"] == 50.0
    assert one(frame, "w1", "eth1")["network_receive_bits_per_s"] == 81920.0
    labels: dict[str, str] = {"__name__": "DCGM_FI_DEV_POWER_USAGE", "gpu": "0", "instance": "n9:9400"}
    series = [{"metric": labels | {"pod": pod}, "values": [[1779271200, "300"]]} for pod in ("p", "q")]
    form, frame = document(tmp_path / "c", {"status": "success", "data": {"resultType": "matrix", "result": series}})
    assert form == "prometheus"
    assert one(frame, "n9") == {"gpu_power_w": 300.0}


def test_a_file_that_is_none_of_them_is_not_guessed(tmp_path: Path) -> None:
    """A plain table needs its mapping; a document without the parts of its kind is refused in one line."""
    (tmp_path / "x.csv").write_text("timestamp,value\n2026-05-20T10:00:00Z,1\n")
    assert recognized(tmp_path / "x.csv") is None
    (tmp_path / "y.json").write_text('{"sysstat": {"hosts": [{"nodename": 1}]}}')
    with pytest.raises(UsageError, match="is not what sadf -j"):
        read_document("sadf-json", tmp_path / "y.json", Wanted())
    assert len(presets()) == 9


def test_the_command_names_the_format_and_accounts_for_every_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`plimsoll import FILE` of a recognized file needs no mapping; a wrong name lists the right ones."""
    assert run(["init", str(tmp_path / "p")]) == 0
    (tmp_path / "gpus.csv").write_text(SMI)
    assert run(["import", str(tmp_path / "gpus.csv"), "--resource-id", "n1", "--project", str(tmp_path / "p")]) == 0
    said = capsys.readouterr().err + capsys.readouterr().out
    assert "gpus.csv (nvidia-smi): 3 rows, 3 new, 0 known, 0 refused, 0 empty; 2 cells refused" in said
    assert "read as UTC; --zone says otherwise" in said
    assert run(["import", str(tmp_path / "gpus.csv"), "--as", "smi", "--project", str(tmp_path / "p")]) != 0
    assert "nvidia-smi" in capsys.readouterr().err
