"""Standard output as it is: in any encoding, closed, full, or with a reader that has gone."""

import codecs
import io
import os
import sys
from types import MappingProxyType
from typing import Final

ERRORS: Final = "plimsoll-plain"
_PLAIN: Final = MappingProxyType(
    {
        "–": "-",
        "—": "-",
        "−": "-",
        "─": "-",
        "…": "...",
        "·": "*",
        "×": "x",
        "≥": ">=",
        "≤": "<=",
        "±": "+-",
        "→": "->",
        "▲": "^",
        "▼": "v",
        "●": "*",
        "◆": "*",
        "■": "#",
        "⦵": "o",
        "“": '"',
        "”": '"',
        "’": "'",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
)


def plain(error: UnicodeError) -> tuple[str, int]:
    """A codec's error handler: a glyph that the terminal does not have is written in letters that it has.

    >>> "7 – 9 · «x»".encode("ascii", errors=ERRORS) if prepare() is None else ""
    b'7 - 9 * ?x?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(one, "?") for one in error.object[error.start : error.end]), error.end


def prepare() -> None:
    """Makes standard output and error fit to take any text; one that is closed takes everything and keeps nothing."""
    codecs.register_error(ERRORS, plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def give_up() -> None:
    """Nothing more can be written to standard output, and Python must not try at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
