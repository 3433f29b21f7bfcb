"""`plimsoll demo` and small imported fleets end well, whatever their size and their history."""

import csv
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from plimsoll.cli import run
from plimsoll.clock import rfc3339
from plimsoll.project import Project, builtin_root
from tests.random_fleets import CONFIG, END

MAPPING = """
time = { column = "when", unit = "s" }
resource = { column = "host", type = "cluster" }
[values]
cpu = { metric = "cpu_utilization_pct", unit = "pct" }
mem = { metric = "memory_utilization_pct", unit = "pct" }
"""


def well(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says to people, once it has ended well."""
    capsys.readouterr()
    code = run(list(arguments))
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert not any(word in printed.err.lower() for word in ("traceback", "warning", "could not be made")), printed.err
    return printed.out


@pytest.mark.slow
@pytest.mark.parametrize(("resources", "days"), [(5, 1), (6, 15)])
def test_a_demo_of_any_size_ends_well(
    resources: int, days: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One day, two weeks and a day: its reports are made, its baselines learnt, every section is there."""
    folder = tmp_path / "demo"
    size = ("--resources", str(resources), "--days", str(days), "--every", "1h")
    well(capsys, "demo", str(folder), *size, "--until", rfc3339(END))
    learnt = Project(folder, builtin_root()).lake.snapshot().partitions("usual")
    assert learnt == [f"{END:%Y-%m-%dt%H%M}"]


@pytest.mark.slow
@pytest.mark.parametrize("hosts", [1, 2, 3, 4])
def test_a_small_imported_fleet_ends_well(hosts: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hourly readings of 16 days from a CSV file, which end two hours before they are asked about."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    rng = np.random.default_rng(hosts)
    with (tmp_path / "fleet.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("when", "host", "cpu", "mem"))
        for n in range(2, 16 * 24):
            when = (END - timedelta(hours=n)).timestamp()
            rows.writerows((when, f"h{host}", 40 + rng.normal(), 60) for host in range(hosts))
    (tmp_path / "fleet.toml").write_text(MAPPING, encoding="utf-8")
    project = ("--project", str(tmp_path))
    well(capsys, "import", str(tmp_path / "fleet.csv"), "--mapping", str(tmp_path / "fleet.toml"), *project)
    for arguments in (
        ("run", "learn"),
        ("run", "outcomes"),
        ("report", "daily"),
        ("report", "weekly"),
        ("report", "capacity"),
        ("optimization",),
        ("anomalies", "--time-range", "24h", "--granularity", "15m"),
    ):
        printed = well(capsys, *arguments, "--as-of", rfc3339(END), *project)
        assert printed or arguments[0] == "run", arguments
