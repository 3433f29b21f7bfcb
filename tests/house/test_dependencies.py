"""Dependencies are declared, locked with hashes, and named without a host."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from tests.house.checkout import python_files
from tests.shared import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
_PIN = re.compile(r"^([a-z0-9-]+)==\S+", re.MULTILINE)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(*, extras: bool = True) -> set[str]:
    """What the program declares; an extra is installed only by who asks for it, so only the development lock has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project.get("optional-dependencies", {}).values() if extras else ()
    names = [*project["dependencies"], *(name for extra in optional for name in extra)]
    return {_normal(re.split(r"[^A-Za-z0-9_.-]", name, maxsplit=1)[0]) for name in names}


def _imported() -> Iterator[tuple[str, str]]:
    for name, tree in python_files("src", "jobs"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield name, node.module.split(".")[0]


def test_every_imported_package_is_declared() -> None:
    """What the program imports it declares; it never lives on a dependency of a dependency."""
    owners = packages_distributions()
    foreign = {(where, top) for where, top in _imported() if top not in sys.stdlib_module_names and top != "plimsoll"}
    missing = {(where, top) for where, top in foreign if not {_normal(o) for o in owners.get(top, [top])} & _declared()}
    assert missing == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_declared_dependency(lock: str) -> None:
    """`make report` on a fresh machine installs exactly what was tested."""
    assert _declared(extras=lock == LOCKS[1]) <= set(_PIN.findall((ROOT / lock).read_text(encoding="utf-8")))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_no_host(lock: str) -> None:
    """A changed or substituted package is refused, and any registry will do."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE) if _PIN.match(entry)]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []
