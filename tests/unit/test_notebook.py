"""The notebook of the docs runs from top to bottom on the fleet that it says to make."""

import ast
import json
import re
import shlex
from collections.abc import Sized
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from plimsoll.cli import demo
from plimsoll.cli.project import make_project
from plimsoll.clock import duration_s
from plimsoll.project import Project
from tests.shared import ROOT

CELLS: list[dict[str, Any]] = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text("utf-8"))["cells"]


def _asked() -> dict[str, str]:
    """The options of the `plimsoll demo` that the notebook begins with."""
    line = next(line for line in CELLS[0]["source"] if "plimsoll demo" in line)
    words = shlex.split(line)
    assert words[:3] == ["plimsoll", "demo", "fleet"]
    return {name.removeprefix("--"): value for name, value in zip(words[3::2], words[4::2], strict=True)}


def _run(source: str, names: dict[str, Any]) -> object:
    """A cell as a notebook runs it: the value of its last line, if that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102 - our own notebook
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None  # noqa: S307


@pytest.mark.slow
def test_every_cell_runs_and_shows_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten cells of code; whatever ends in an expression shows something that is not empty."""
    asked, folder = _asked(), tmp_path / "fleet"
    make_project(folder, overrides=f'[plimsoll]\nname = "demo fleet"\n\n[collect]\nevery = "{asked["every"]}"\n')
    demo.fill(
        Project.open(folder, here=tmp_path),
        resources=int(asked["resources"]),
        days=int(asked["days"]),
        seed=1,
        until=datetime.fromisoformat(asked["until"]),
        interval_s=round(duration_s(asked["every"])),
    )
    monkeypatch.chdir(tmp_path)
    code = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
    assert len(code) == 10
    names: dict[str, Any] = {"__name__": "notebook"}
    shown = [_run(source, names) for source in code]
    for source, value in zip(code, shown, strict=True):
        empty = value is None or (isinstance(value, Sized) and len(value) == 0)
        assert not empty or re.search(r"^\w+ = .*$", source.splitlines()[-1]), source
    assert all(cell["outputs"] == [] for cell in CELLS if cell["cell_type"] == "code"), "stored without outputs"
