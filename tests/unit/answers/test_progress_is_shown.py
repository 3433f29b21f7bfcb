"""How far an analysis has come, for whoever waits at a terminal."""

import io

from rich.console import Console

from plimsoll.cli.progress import blocks_shown


def drawn(*, terminal: bool, blocks: int) -> str:
    """What is written while blocks are told of."""
    out = io.StringIO()
    with blocks_shown(Console(file=out, force_terminal=terminal, width=80)) as tell:
        for n in range(1, blocks + 1):
            tell("anomalies", n, blocks)
    return out.getvalue()


def test_a_terminal_sees_a_bar() -> None:
    """What is worked out, and how many blocks of how many."""
    assert "anomalies" in drawn(terminal=True, blocks=3)


def test_nobody_else_does() -> None:
    """No terminal, no word; one block is no wait worth a bar."""
    assert drawn(terminal=False, blocks=3) == ""
    assert "anomalies" not in drawn(terminal=True, blocks=1)
