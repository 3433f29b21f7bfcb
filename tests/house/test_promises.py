"""Every test says what it promises, and promises something."""

import ast
from collections.abc import Iterator

from tests.house.checkout import python_files

_CHECKS = ("assert", "raises", "check", "expect", "valid", "verify", "given", "fail")


def _tests() -> Iterator[tuple[str, ast.FunctionDef]]:
    for name, tree in python_files("tests"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{name}:{node.lineno} {node.name}", node


def test_every_test_has_its_sentence() -> None:
    """A test's docstring is the promise that it keeps."""
    assert [where for where, node in _tests() if not ast.get_docstring(node)] == []


def test_every_test_asserts_something() -> None:
    """A test that cannot fail is no test."""
    assert [where for where, node in _tests() if not any(word in ast.unparse(node) for word in _CHECKS)] == []
