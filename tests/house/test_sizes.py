"""Files and functions stay small enough to be read in one go."""

import ast

from tests.house.checkout import python_files
from tests.shared import ROOT

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def test_no_file_is_longer_than_400_lines() -> None:
    """One file, one thing."""
    sizes = {name: (ROOT / name).read_text(encoding="utf-8").count("\n") for name, _ in python_files()}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    """A function fits on one screen."""
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in python_files()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []
