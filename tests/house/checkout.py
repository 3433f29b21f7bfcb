"""The checkout as the house tests see it: what git tracks, the parsed sources, the import graph."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp

from tests.shared import ROOT

PYTHON_FOLDERS = ("src", "jobs", "tests", "benchmarks")


@cache
def tracked() -> tuple[str, ...]:
    """Every file that git tracks and that is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def python_files(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Tracked Python files with their syntax trees."""
    for name in tracked():
        if name.endswith(".py") and name.split("/")[0] in (folders or PYTHON_FOLDERS):
            yield name, parsed(ROOT / name)


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports() -> grimp.ImportGraph:
    """Who imports whom, other people's packages and imports inside functions included."""
    return grimp.build_graph("plimsoll", include_external_packages=True, cache_dir=None)
