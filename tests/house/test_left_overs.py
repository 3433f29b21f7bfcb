"""Nothing of the machine on which the project is written stays in it, and nothing unfinished."""

import ast
import re

from tests.house.checkout import python_files, tracked
from tests.shared import ROOT

_MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root)/")
_REGISTRY = re.compile(
    r"(?:pypi|pythonhosted|npmjs|registry\.[a-z]+|deb\.debian|crates)\.(?:org|io|com)\b", re.IGNORECASE
)
_UNFINISHED = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b")
_THEIRS = ("tests/recorded/", "tests/house/test_left_overs.py", "LICENSE")


def _lines_with(pattern: re.Pattern[str], suffix: str = "") -> list[str]:
    found: list[str] = []
    for name in tracked():
        if name.startswith(_THEIRS) or not name.endswith(suffix):
            continue
        raw = (ROOT / name).read_bytes()
        if b"\0" in raw[:8000]:
            continue
        lines = raw.decode("utf-8", "replace").splitlines()
        found.extend(f"{name}:{number}" for number, line in enumerate(lines, 1) if pattern.search(line))
    return found


def test_no_path_of_a_machine_is_tracked() -> None:
    """A checkout works wherever it lies."""
    assert _lines_with(_MACHINE_PATH) == []


def test_no_package_registry_is_named() -> None:
    """Packages come from whatever registry the user's pip is set up for."""
    assert _lines_with(_REGISTRY) == []


def test_nothing_is_marked_unfinished() -> None:
    """What is left to do stands in an issue, not in the code."""
    assert _lines_with(_UNFINISHED, ".py") == []


def test_no_error_is_swallowed() -> None:
    """`except ...: pass` hides the one thing that somebody will look for."""
    swallowed = [
        f"{name}:{node.lineno}"
        for name, tree in python_files()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]
    assert swallowed == []
