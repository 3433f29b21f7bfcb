"""Settings with a new name: refused by name, rewritten by one command; what is printed can be written back."""

import tomllib
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.config.renamed import RENAMED, new_name, upgraded
from plimsoll.errors import ConfigError
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.project import Project, builtin_root, sections

OLD = """[plimsoll]
name = "old"   # of 2025

[lines.cpu]
lasting = "7m"     # kept as it is
margin = 1.5

[hold.case-7]
since = 2026-01-16

[retention]
learnt = "40d"
# [ping]
"""


def project_of(folder: Path, text: str) -> Project:
    """A project with this config."""
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return Project(folder, builtin_root())


def test_an_old_name_is_refused_with_the_new_one(tmp_path: Path) -> None:
    """File, line, both names, and the command that mends it."""
    with pytest.raises(ConfigError, match=r"config.toml:5: lines.cpu.lasting is now lines.cpu.for; .*plimsoll upgrade"):
        project_of(tmp_path, OLD).config()


def test_upgrade_rewrites_names_and_keeps_everything_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Comments stay, the old file is kept, the second run finds nothing to do."""
    project = project_of(tmp_path, OLD)
    assert run(["upgrade", "--project", str(tmp_path)]) == 0
    text = (tmp_path / "config.toml").read_text()
    assert 'for = "7m"     # kept as it is' in text
    assert "clear_margin = 1.5" in text
    assert "[legal_hold.case-7]" in text
    assert "# [dead_mans_switch]" in text
    assert (tmp_path / "config.toml.bak").read_text() == OLD
    line = project.config().under("lines", LoadLine)["cpu"]
    assert (line.for_, line.clear_margin) == (420.0, 1.5)
    capsys.readouterr()
    assert run(["upgrade", "--project", str(tmp_path)]) == 0
    assert "every setting has its present name" in capsys.readouterr().out


def test_every_new_name_is_a_setting() -> None:
    """The table cannot send anybody to a name that does not exist."""
    known = {f"{name}.{key}" for name, kind in sections().items() for key in kind.by_key()}
    names = {name.removesuffix(".*") for name in sections()}
    for old, new in RENAMED.items():
        assert new in known or new in names, new
        assert old not in known
        assert upgraded(new)[1] == []
        assert new_name(tuple(new.split("."))) is None


def test_what_config_show_prints_is_a_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written into a config.toml, it gives the same settings."""
    project = project_of(tmp_path, '[plimsoll]\nname = "a \\"b\\""\n[machine]\nlabels = { "own er" = "x" }\n')
    assert run(["config", "show", "--project", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    before = project.config().sections
    assert tomllib.loads(shown)["machine"]["labels"] == {"own er": "x"}
    again = project_of(tmp_path, shown).config().sections
    assert {name: section.model_dump() for name, section in again.items()} == {
        name: section.model_dump() for name, section in before.items()
    }


def test_config_check_names_the_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit code 2; a right one is 0 and says how many jobs there are."""
    project_of(tmp_path, "[plimsoll]\n")
    assert run(["config", "check", "--project", str(tmp_path)]) == 0
    project_of(tmp_path, "[plimsoll]\n[collect]\nevry = '5s'\n")
    assert run(["config", "check", "--project", str(tmp_path)]) == 2
    assert "config.toml:3" in capsys.readouterr().err
