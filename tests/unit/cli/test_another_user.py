"""A project belongs to one user: files of another would lock its service out, and readings are its owner's affair."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import plimsoll
from plimsoll.lake import Lake
from plimsoll.project import builtin_root
from plimsoll.tables import SAMPLES
from tests.shared import ROOT

COMMANDS = (
    ["collect", "--for", "1s"], ["tick"], ["up"], ["run", "compact"], ["token", "new", "x"], ["forget", "a"],
    ["status"], ["performance"], ["sql", "select 1"], ["verify"],
)  # fmt: skip
# every module is loaded as root first: the interpreter itself may lie where the other user may not read
SCRIPT = """
import contextlib, io, json, os, sys
from plimsoll.cli import run
first, mine, commands, theirs, user = sys.argv[1:]

def said(command, project):
    out = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(out):
        code = run([*command, "--project", project])
    return code, out.getvalue()

for command in json.loads(first):
    said(command, mine)
os.setgroups([])
os.setgid(int(user))
os.setuid(int(user))
print(json.dumps([said(command, theirs) for command in json.loads(commands)]))
"""


def nobody() -> int:
    """The user id of nobody."""
    return pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def installed_for_all(folder: Path) -> Path:
    """A copy of the package with its built-in project, as an install that every user may read; its import path."""
    package = folder / "plimsoll"
    shutil.copytree(Path(plimsoll.__file__).parent, package)
    builtin = package / "_builtin"
    if not builtin.exists():
        for part in ("jobs", "reports"):
            shutil.copytree(builtin_root() / part, builtin / part)
        shutil.copy(builtin_root() / "config.toml", builtin)
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user, and root to become it")
def test_another_user_is_refused_by_the_owner_s_name_and_writes_nothing(open_to_all: Path) -> None:
    """B22: commands that write and commands that read, in one line each, which says what to do instead."""
    for name in ("theirs", "spare"):
        (open_to_all / name).mkdir()
        (open_to_all / name).chmod(0o755)
        (open_to_all / name / "config.toml").write_text('[plimsoll]\nname = "x"\n')
        at = datetime(2026, 1, 16, tzinfo=UTC)
        row = {"ts": at, "resource_id": "a", "device": "", "source": "t", "cpu_utilization_pct": 1.0}
        Lake(open_to_all / name / "data" / "lake").append(SAMPLES, [row], collector="t")
    before = sorted(str(path) for path in (open_to_all / "theirs").rglob("*"))
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps([c for c in COMMANDS if c != ["up"]]), str(open_to_all / "spare"),
         json.dumps(COMMANDS), str(open_to_all / "theirs"), str(nobody())],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(installed_for_all(open_to_all / "installed"))},
    )  # fmt: skip
    said = json.loads(found.stdout)
    assert len(said) == len(COMMANDS)
    for command, (code, text) in zip(COMMANDS, said, strict=True):
        assert code == 2, (command, text)
        assert text.count("\n") == 1
        assert "belongs to root; run it as its owner: sudo -u root" in text, command
    assert sorted(str(path) for path in (open_to_all / "theirs").rglob("*")) == before
