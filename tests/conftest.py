"""Fixtures of every test: a clock that stands still, a project in a temporary folder, the same examples each run."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.clocks import OwnedClock

if TYPE_CHECKING:
    from plimsoll.project import Project

os.environ.pop("COLUMNS", None)  # pytest-xdist sets the width of its terminal; a test that wants one sets it itself
settings.register_profile(
    "same-every-time", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same-every-time")


@pytest.fixture
def clock() -> OwnedClock:
    """A clock that stands at 2026-01-16T18:00:00Z until the test moves it."""
    return OwnedClock()


@pytest.fixture
def project(tmp_path: Path) -> "Project":
    """An empty project folder of its own, over the built-in one."""
    from plimsoll.project import Project, builtin_root

    root = tmp_path / "project"
    root.mkdir()
    (root / "config.toml").write_text('[plimsoll]\nname = "test fleet"\n', encoding="utf-8")
    return Project(root, builtin_root())
