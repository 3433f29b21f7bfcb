"""What `plimsoll explain` prints can be pasted: the SQL into `plimsoll sql`, whoever named the resource."""

import csv
import io
from pathlib import Path

import pytest

from plimsoll import documents
from plimsoll.cli import run
from plimsoll.documents.evidence import BottleneckDetail
from plimsoll.queries.optimization import OptimizationQuery, optimization
from tests.contracts.rules.planted import HOSTILE, sources


@pytest.fixture
def project(tmp_path: Path) -> list[str]:
    """A project over the planted lake, with the evidence of its last report."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    published = tmp_path / "data" / "published" / "latest"
    published.mkdir(parents=True)
    (tmp_path / "data" / "lake").symlink_to(sources().snapshot.root)
    _, evidence = optimization(sources(), OptimizationQuery())
    (published / "evidence.json").write_bytes(documents.encode(evidence))
    return ["--project", str(tmp_path)]


def test_the_printed_statement_gives_the_printed_number(project: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Through the command line both times, for a resource with a name that closes the quotes."""
    _, evidence = optimization(sources(), OptimizationQuery())
    finding = next(
        one for one in evidence if one.rule == "rules.gpu_idle" and one.typed(BottleneckDetail).resource == HOSTILE
    )
    assert run(["explain", finding.subject, *project]) == 0
    printed = capsys.readouterr().out.splitlines()
    (statement,) = [line.removeprefix("sql").strip() for line in printed if line.startswith("sql ")]
    observed = float(next(line.split()[1] for line in printed if line.startswith("observed")))
    assert run(["sql", statement, "--format", "csv", *project]) == 0
    head, row = csv.reader(io.StringIO(capsys.readouterr().out))
    assert head == ["observed"]
    assert float(row[0]) == pytest.approx(observed, rel=1e-5)  # it prints six digits


def test_a_resource_is_explained_by_its_sweep(project: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Utilization, saturation and errors; by its id as the inventory has it."""
    assert run(["explain", HOSTILE, *project]) == 0
    printed = capsys.readouterr().out
    assert "gpu        utilization present" in printed
    assert "errors absent" in printed
    assert run(["explain", "optimization.unlock", *project]) == 0
    assert "gpu_ecc_uncorrected_count" in capsys.readouterr().out
