"""Imports go downward only, nowhere in circles, and other people's libraries stay in their rooms."""

import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from tests.house.checkout import imports
from tests.shared import ROOT

WALLS = {
    "apscheduler": ["plimsoll.schedule"],
    "arro3": ["plimsoll.lake"],
    "deltalake": ["plimsoll.lake.maintain.delta_log"],
    "duckdb": ["plimsoll.lake"],
    "h11": ["plimsoll.api"],
    "jinja2": ["plimsoll.publish"],
    "obstore": ["plimsoll.lake.stores"],
    "psutil": ["plimsoll.collectors.host", "plimsoll.project.runner", "plimsoll.schedule"],
    "pynvml": ["plimsoll.collectors"],
    "sklearn": ["plimsoll.analysis"],
    "smtplib": ["plimsoll.delivery"],
    "sqlite3": ["plimsoll.ledger"],
    "starlette": ["plimsoll.api"],
    "structlog": ["plimsoll.schedule"],
    "uvicorn": ["plimsoll.api"],
}


def test_imports_go_downward_only() -> None:
    """The floors of pyproject.toml hold, for imports inside functions too."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-logo",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_module_imports_itself_through_others() -> None:
    """There is an order in which every module comes after all that it imports."""
    graph = imports()
    ours = {module: graph.find_modules_directly_imported_by(module) - {module} for module in graph.modules}
    packages_of_their_parts = {
        module: {other for other in others if not other.startswith(f"{module}.") or module in ours[other]}
        for module, others in ours.items()
    }
    assert list(TopologicalSorter(packages_of_their_parts).static_order())


@pytest.mark.parametrize("library", WALLS)
def test_a_library_stays_behind_its_wall(library: str) -> None:
    """Replacing a library means touching one room."""
    graph = imports()
    if library not in graph.modules:
        pytest.skip(f"{library} is not used yet")
    outside = {
        module
        for module in graph.find_modules_that_directly_import(library)
        if not any(module == room or module.startswith((f"{room}.", f"{room}_")) for room in WALLS[library])
    }
    assert outside == set()
