"""The reference is the program's own account of itself, and complete."""

import re

import pytest

from plimsoll.config import Layer
from plimsoll.metrics import CATALOGUE
from plimsoll.project import builtin_root, sections
from tests.house.faults import FAULTS, INPUTS, UNTESTED, named_in_tests
from tests.house.reference import FOLDER, PAGES


@pytest.mark.parametrize("name", [name for name in PAGES if name != "faults.md"])
def test_a_page_is_fresh(name: str) -> None:
    """What the reference says is what the program does; `make docs` writes it anew."""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]()


def test_the_page_of_faults_names_tests_that_are_there() -> None:
    """Each code has its row, its promise, and tests that name it; another test that does needs no new page."""
    rows = re.findall(r"^\| ([FB]\d\d) \| (.*) \| (.*) \|$", (FOLDER / "faults.md").read_text(), re.MULTILINE)
    assert {code: promise for code, promise, _ in rows} == {
        code: promise.replace("|", "\\|") for code, promise in (FAULTS | INPUTS).items()
    }
    known = named_in_tests()
    named = {code: re.findall(r"`([^`]+)`", tests) for code, _, tests in rows}
    assert [code for code in named if not named[code] and code not in UNTESTED] == []
    assert [(code, one) for code in named for one in named[code] if f"tests/{one}" not in known[code]] == []


def test_every_setting_says_what_it_means() -> None:
    """A setting without a sentence is a riddle."""
    silent = [
        f"{name}.{key}"
        for name, kind in sections().items()
        for key, field in kind.model_fields.items()
        if not field.description
    ]
    assert silent == []


def test_the_built_in_config_shows_every_setting() -> None:
    """config.toml is where people look first: each setting stands in its section, even if only as a comment."""
    text = Layer.read(builtin_root() / "config.toml").text
    missing = [
        f"[{name}] {key}"
        for name, kind in sections().items()
        for key in kind.by_key()
        if not re.search(rf"\b{key}\b" if "*" in name else rf"^(?:# )?{key} =", _section(text, name), re.MULTILINE)
    ]
    assert missing == []


def _section(text: str, name: str) -> str:
    """The lines of a section; for tables of tables, whose keys are explained once, the whole file."""
    if "*" in name:
        return text
    found = re.search(rf"^\[{re.escape(name)}\].*?(?=^\[|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def test_every_metric_has_its_meaning() -> None:
    """A metric is known by what it measures, not by its name."""
    assert [name for name, metric in CATALOGUE.items() if not metric.meaning or not metric.label] == []
