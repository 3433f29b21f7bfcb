"""The command line in the places where it runs: full disks, closed pipes, old encodings, an impatient user."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.cli.explain import folded
from plimsoll.cli.project import make_project

LIST = [sys.executable, "-m", "plimsoll", "rules", "list", "--project"]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """An empty project."""
    make_project(tmp_path / "fleet")
    return tmp_path / "fleet"


def test_a_full_disk_is_one_line(fleet: Path) -> None:
    """Exit 74, and the reader knows that something is missing."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run([*LIST, str(fleet)], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 74
    assert done.stderr == "plimsoll: standard output: No space left on device; not everything was written\n"


def test_a_closed_output_and_a_gone_reader_are_quiet(fleet: Path) -> None:
    """`>&-` and `| head -1` leave no trace on standard error."""
    command = f"{' '.join(LIST)} {fleet}"
    for after in (">&-", "| head -1"):
        done = subprocess.run(["bash", "-c", f"{command} {after}"], capture_output=True, text=True, check=False)
        assert done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_glyphs_are_written_in_letters_that_the_terminal_has(fleet: Path, encoding: str) -> None:
    """A report needs no UTF-8: dashes become hyphens, and nothing is a traceback."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    words = [sys.executable, "-m", "plimsoll", "report", "daily", "--project", str(fleet)]
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding).startswith("-o- Plimsoll  Daily report")


@pytest.mark.parametrize("after_s", [0.12, 0.3, 0.6])
def test_ctrl_c_is_quiet_from_the_first_moment(fleet: Path, after_s: float) -> None:
    """While the program is still being loaded, too: exit 130 and no word."""
    code = "import sys, plimsoll.__main__ as m; sys.stdout.write('.'); sys.stdout.flush(); m.main()"
    words = [sys.executable, "-c", code, "performance", "--project", str(fleet)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        time.sleep(after_s / 4)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        process.wait(30)
    assert (process.returncode, said) == (130, b"")


def test_init_ends_with_the_next_two_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They can be pasted as they stand, and both are commands of ours."""
    assert run(["init", str(tmp_path / "my fleet")]) == 0
    *_, first, second = capsys.readouterr().out.splitlines()
    assert first.split(" ")[3:] == ["collect", "--for", "30s", "--project", f"'{tmp_path}/my", "fleet'"]
    assert second.split(" ")[3:5] == ["report", "daily"]


@pytest.mark.parametrize("words", [["init"], ["backup", "--project", "{fleet}"]])
def test_a_refusal_of_the_system_is_one_line(fleet: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`init` and `backup` where nothing may be written: what, why, and exit 74."""
    assert run([*(word.format(fleet=fleet) for word in words), "/proc/plimsoll"]) == 74
    said = capsys.readouterr().err
    assert said.startswith("plimsoll: /proc/plimsoll: ")
    assert said.count("\n") == 1


def test_no_line_of_an_explanation_is_longer_than_the_page() -> None:
    """Long evidence is cut between words; a command that may be pasted stays whole."""
    long = "needs      " + ", ".join(f"metric_{n} for rule_{n}" for n in range(90))
    assert max(len(line) for line in folded(long, 100)) <= 100
    assert " ".join(part.strip() for part in folded(long, 100)).split() == long.split()
    command = "change     kubectl: " + "kubectl --namespace ml scale deployment/code-34b " * 5
    assert folded(command, 100) == [command]


def test_an_interrupted_demo_does_not_block_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it left is cleared; what a user made is not."""
    left, mine = tmp_path / "left", tmp_path / "mine"
    make_project(left)
    (left / ".demo-unfinished").write_text("", encoding="ascii")
    make_project(mine)
    words = ["--resources", "5", "--days", "1", "--every", "3600s"]
    assert run(["demo", str(left), *words]) == 0
    assert not (left / ".demo-unfinished").exists()
    assert (left / "truth.json").exists()
    capsys.readouterr()
    assert run(["demo", str(mine), *words]) == 2
    assert "already holds a config.toml; nothing was changed" in capsys.readouterr().err


def test_a_key_below_a_commented_section_says_which_line_to_change(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first mistake of everybody: the # of the key is taken away, and the # of its section is not."""
    config = fleet / "config.toml"
    lines = config.read_text(encoding="utf-8").splitlines()
    header = next(n for n, line in enumerate(lines) if line.startswith("# [ship]"))
    key = next(n for n, line in enumerate(lines) if n > header and line.startswith("# every ="))
    lines[key] = 'every = "2m"'
    config.write_text("\n".join(lines), encoding="utf-8")
    assert run(["status", "--project", str(fleet)]) == 2
    said = capsys.readouterr().err
    assert f"take the # away from line {header + 1} too: [ship]" in said
    assert said.startswith(f'plimsoll: config.toml:{key + 1}: "every" is a setting of [ship]')
