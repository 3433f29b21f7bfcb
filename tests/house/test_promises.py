"""Every test says what it promises, and promises something."""

import ast
from collections.abc import Iterator

from tests.house.checkout import python_files
from tests.house.faults import FAULTS, INPUTS, UNTESTED, named_in_tests

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


def test_every_fault_and_bad_input_has_a_test_that_names_it() -> None:
    """Or stands among those that have none, with the reason; what has a test does not stand there."""
    promises, tests = FAULTS | INPUTS, named_in_tests()
    assert [code for code in promises if code not in tests and not UNTESTED.get(code)] == []
    assert [code for code in UNTESTED if code in tests or code not in promises] == []
    assert [code for code in tests if code not in promises] == []


def test_the_list_of_faults_is_whole() -> None:
    """F01 to F62, B01 to B70: none is dropped in silence."""
    assert list(FAULTS) == [f"F{n:02}" for n in range(1, 63)]
    assert list(INPUTS) == [f"B{n:02}" for n in range(1, 71)]
