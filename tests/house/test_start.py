"""The command line starts quickly: what only some commands need is loaded by those commands."""

import subprocess
import sys

import pytest

from plimsoll.cli.commands import COMMANDS, every_command
from tests.shared import ROOT

HEAVY = (
    "apscheduler",
    "asyncio",
    "css_inline",
    "duckdb",
    "httpx2",
    "jinja2",
    "numpy",
    "polars",
    "prometheus_client",
    "pynvml",
    "sklearn",
    "smtplib",
    "starlette",
    "structlog",
)
OURS = ("plimsoll.project", "plimsoll.config", "plimsoll.lake", "pydantic", "rich")


def _loaded(code: str, names: tuple[str, ...]) -> list[str]:
    """Which of the names are loaded after the code has run in a process of its own."""
    whole = f"import sys\n{code}\nprint(*[name for name in {names!r} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", whole], check=True, capture_output=True, text=True, cwd=ROOT)
    return done.stderr.split()


def test_help_loads_the_names_of_the_commands_alone() -> None:
    """`plimsoll --help`: neither a library of the analyses nor our own settings, project or lake."""
    assert _loaded("from plimsoll.cli import run\nrun(['--help'])", (*HEAVY, *OURS)) == []


def test_no_heavy_library_is_loaded_with_a_project() -> None:
    """Collecting, too, begins here: its process must stay small."""
    code = "from plimsoll.project import Project, builtin_root\nProject(builtin_root(), builtin_root()).config()"
    assert _loaded(code, HEAVY) == []


@pytest.mark.parametrize("words", [["status"], ["doctor"], ["jobs"]], ids=lambda words: words[0])
def test_a_look_at_a_new_project_loads_no_analysis(words: list[str]) -> None:
    """What a person asks for a dozen times a day waits for nothing that it does not need."""
    heavy = tuple(name for name in HEAVY if name not in ("apscheduler", "asyncio"))
    assert _loaded(f"from plimsoll.cli import run\nrun({[*words, '--json']!r})", heavy) == []


def test_the_help_says_of_each_command_what_the_command_says_itself() -> None:
    """The table of names is a copy of the first sentences: it cannot go stale."""
    own = {name: " ".join((c.help or "").split("\n\n")[0].split()) for name, c in every_command().commands.items()}
    assert own == {name: line for name, (_, line) in COMMANDS.items()}
