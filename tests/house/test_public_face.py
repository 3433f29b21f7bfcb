"""The public face: what a job, a notebook or another program imports."""

import ast
import subprocess
import sys

import pytest

import plimsoll
from tests.shared import ROOT

JOBS = sorted((ROOT / "jobs").glob("*.py"))


@pytest.mark.parametrize("name", sorted(plimsoll.__all__))
def test_every_public_name_is_there(name: str) -> None:
    """What `__all__` lists can be imported."""
    assert getattr(plimsoll, name) is not None


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_shipped_job_imports_nothing_but_the_public_face(path: object) -> None:
    """The shipped jobs are what users copy: what they import is what Plimsoll promises to keep."""
    tree = ast.parse((ROOT / "jobs" / str(path).rpartition("/")[2]).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if alias.name.startswith("plimsoll")]
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("plimsoll"):
            assert node.module == "plimsoll"
            assert {alias.name for alias in node.names} <= set(plimsoll.__all__)


def test_importing_the_face_loads_nothing() -> None:
    """A notebook that only wants the version, and a job of a collecting host, pay for nothing else."""
    code = "import sys, plimsoll; print(*[name for name in sys.modules if name.startswith('plimsoll.')])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert loaded == ["plimsoll.version"]
