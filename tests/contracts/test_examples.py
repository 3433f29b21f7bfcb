"""Every example in a docstring is true."""

import doctest
import importlib
import pkgutil

import pytest

import plimsoll

MODULES = sorted(
    info.name for info in pkgutil.walk_packages(plimsoll.__path__, "plimsoll.") if "._builtin" not in info.name
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    """What a docstring shows is what happens."""
    if name.endswith("__main__"):
        pytest.skip("importing it runs the command line")
    assert doctest.testmod(importlib.import_module(name)).failed == 0
