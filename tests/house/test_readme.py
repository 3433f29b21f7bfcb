"""The README is short, and what it names is there."""

import re
import subprocess

from tests.house.checkout import tracked
from tests.house.reference import command_names
from tests.shared import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    """At most 150 lines: a newcomer reads it to the end."""
    assert len(TEXT.splitlines()) <= 150


def test_every_file_that_it_names_is_tracked() -> None:
    """Links and the tree lead somewhere."""
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    tree = re.findall(r"^(?:  )?([a-z./]+/|config\.toml) {2,}", TEXT, flags=re.MULTILINE)
    inside = [f"src/plimsoll/{name}" if f"\n  {name}" in TEXT else name for name in tree]
    missing = [name for name in (*linked, *inside) if not any(file.startswith(name) for file in tracked())]
    assert len(linked) > 4
    assert len(inside) > 10
    assert missing == []


def test_every_command_that_it_names_exists() -> None:
    """`plimsoll ...` words are commands; options of theirs are checked by the reference."""
    named = set(re.findall(r"plimsoll ([a-z]+)", re.sub(r"src/plimsoll", "", TEXT)))
    assert len(named) > 6
    assert named <= command_names()


def test_every_make_target_that_it_names_exists() -> None:
    """`make report` and its siblings."""
    named = set(re.findall(r"\bmake ([a-z]+)\b", TEXT))
    listed = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {"report", "demo", "test", "check"} <= named
    assert named <= {line.split()[0] for line in listed.splitlines()}
