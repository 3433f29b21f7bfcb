"""Foreign text made inert: one way for every page, table and feed that people and programs open.

Names, labels and ids come from strangers: exporters, jobs, shippers.
"""

import re
import unicodedata
from typing import Final

_FORMULA: Final = "=+-@|"
_PARTED: Final = re.compile(r"(;)(\s*)([^\s\w])")
_UNPRINTED: Final = re.compile("[^\x00-\x7e\xa1-\xac\xae-\u0377\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
"""What may not be printed: all but the ranges of which every character is."""
NO_NAME: Final = "(no name)"


def visible(text: str) -> str:
    r"""The whole text with controls, direction marks and invisible characters made visible.

    >>> visible("a\x1b[2J\u202eb\ufeff")
    'a\\x1b[2J\\u202eb\\ufeff'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def plain_json(text: str) -> str:
    r"""JSON that says the same, with what is not printed as escapes: no line ends, no direction changes.

    Outside of its strings JSON has no such characters but blanks and line ends, which stay.

    >>> plain_json('{"a": "x\u2028y\u202e \xe9"}')
    '{"a": "x\\u2028y\\u202e \xe9"}'
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNPRINTED.sub(_as_escapes, text)


def cell(value: object) -> object:
    r"""A cell of CSV that no spreadsheet takes for a formula; numbers stay numbers, unknown is empty.

    Spreadsheets skip blanks before a formula, read full-width signs as plain ones, and some part cells at semicolons.

    >>> cell("=HYPERLINK(1)"), cell("  +1"), cell("\uff1dcmd"), cell(";=1"), cell(-1.5), cell(None)
    ("'=HYPERLINK(1)", "'  +1", "'＝cmd", ";'=1", -1.5, '')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    safe = _PARTED.sub(lambda found: f"{found[1]}{found[2]}'{found[3]}" if _starts(found[3]) else found[0], value)
    safe = visible(safe)
    return f"'{safe}" if _starts(safe.lstrip()) else safe


def label_value(text: str) -> str:
    r"""The value of a label in Prometheus' text format, without its quotes.

    >>> label_value('a"b\\c')
    'a\\"b\\\\c'
    """
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')


def _as_escapes(found: re.Match[str]) -> str:
    """A character as UTF-16 tells it in JSON, unless it is printed."""
    if found[0].isprintable():
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _starts(text: str) -> bool:
    return bool(text) and unicodedata.normalize("NFKC", text[0])[:1] in tuple(_FORMULA)
