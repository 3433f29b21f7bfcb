"""Every block of the README, the tutorial, the concepts and the how-tos is held against the program that it speaks of.

Settings go through the loader, other TOML is parsed, commands go through the command line's own parser, JSON and Python
are read. A block that is none of these says why in an HTML comment before it.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from typer._click.core import Command
from typer.core import TyperGroup

from plimsoll.cli.commands import every_command
from plimsoll.config import Layer, load
from plimsoll.project import builtin_root, sections
from tests.shared import ROOT

_FENCE = re.compile(r"(<!--[^>]*-->\n+)?^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PROGRAM = re.compile(r"(?:\S*/)?plimsoll")


@dataclass(frozen=True)
class Block:
    """A fenced block; `excuse` is the comment before it."""

    where: str
    language: str
    text: str
    excuse: str


def _blocks() -> Iterator[Block]:
    docs = ROOT / "docs"
    pages = (*docs.glob("*.md"), *docs.glob("concepts/*.md"), *docs.glob("howto/*.md"), *ROOT.glob("deploy/*.md"))
    for path in (ROOT / "README.md", *sorted(pages)):
        text = path.read_text(encoding="utf-8")
        for found in _FENCE.finditer(text):
            line = text.count("\n", 0, found.start(2)) + 1
            yield Block(f"{path.name}:{line}", found[2], found[3], found[1] or "")


BLOCKS = list(_blocks())


def _commands(text: str) -> list[list[str]]:
    """The words after `plimsoll` of every line that is such a command; also what a shell runs for another user."""
    found: list[list[str]] = []
    for line in text.splitlines():
        inner = re.search(r'-c "([^"]*plimsoll [^"]*)"', line)
        try:
            words = shlex.split(inner[1] if inner else line.removeprefix("$ "), comments=True)
        except ValueError:
            continue
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words and _PROGRAM.fullmatch(words[0]):
            ends = [n for n, word in enumerate(words) if word in (">", "|", "&&")]
            found.append(words[1 : ends[0] if ends else None])
    return found


def _parses(words: list[str]) -> None:
    """Raises what the user would see, if the command line does not take the words; runs nothing."""
    command: Command = every_command()
    while isinstance(command, TyperGroup) and words:
        assert words[0] in command.commands, f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    command.make_context("plimsoll", list(words))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_every_block_is_true(block: Block) -> None:
    """What a reader pastes is accepted: names, options, sections, keys and values are all there."""
    if block.excuse:
        return
    if block.language == "json":
        json.loads(block.text)
        return
    if block.language == "python":
        compile(block.text, block.where, "exec")
        return
    if block.language == "toml" or block.text.startswith("["):
        _accepted(block.text)
        return
    settings = re.search(r"^\[", block.text, re.MULTILINE)
    commands = _commands(block.text[: settings.start()] if settings else block.text)
    for words in commands:
        _parses(words)
    if settings:
        _accepted(block.text[settings.start() :])
    assert commands or re.search(r"^make ", block.text, re.MULTILINE), "a block of what? say why in a comment before it"


def _accepted(text: str) -> None:
    """Settings as their sections take them; files of another kind are TOML at least."""
    kinds = sections()
    tops = {name.split(".")[0] for name in kinds} - {"rules"}
    if tops & tomllib.loads(text).keys():
        built_in = Layer.read(builtin_root() / "config.toml", origin="built-in config.toml")
        load([built_in, Layer("config.toml", text)], kinds)


def test_there_are_blocks_of_each_kind() -> None:
    """The search finds what there is to find."""
    assert len(BLOCKS) > 40
    assert sum(len(_commands(block.text)) for block in BLOCKS) > 40
    assert sum(block.language == "toml" for block in BLOCKS) > 10


@pytest.mark.parametrize("words", [["optimisation"], ["status", "--jsn"], ["snooze", "x"], ["token", "new"]])
def test_a_wrong_command_is_seen(words: list[str]) -> None:
    """A test that takes everything would promise nothing."""
    with pytest.raises(Exception, match=r"no command|No such option|Missing"):
        _parses(words)
