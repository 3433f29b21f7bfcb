"""What the world outside the repository may or may not offer a test: shared data, programs of the system."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
"""The checkout (or the copy of it in which the tests run against the wheel)."""


def shared_path(*parts: str) -> Path:
    """A file or folder of the data that lies beside the checkout; skips where it is absent."""
    path = Path(os.environ.get("PLIMSOLL_SHARED", ROOT.parent / "shared")).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared data {'/'.join(parts)} is not on this machine")
    return path


def needs_program(name: str) -> str:
    """The path of a program of the system; skips where it is missing, fails with PLIMSOLL_TEST_SYSTEM=1."""
    path = shutil.which(name)
    if path is None:
        message = f"the program {name} is not installed"
        if os.environ.get("PLIMSOLL_TEST_SYSTEM") == "1":
            pytest.fail(f"{message}, though PLIMSOLL_TEST_SYSTEM=1 promises it")
        pytest.skip(message)
    return path
