"""Foreign text made inert: one way for every page, table and feed that people and programs open.

Names, labels and ids come from strangers: exporters, jobs, shippers.
"""

import re
import unicodedata
from typing import Final

_FORMULA: Final = "=+-@|"
_PARTED: Final = re.compile(r"(;)(\s*)([^\s\w])")
NO_NAME: Final = "(no name)"


def visible(text: str) -> str:
    r"""The whole text with controls, direction marks and invisible characters made visible.

    >>> visible("a\x1b[2J\u202eb\ufeff")
    'a\\x1b[2J\\u202eb\\ufeff'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


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


def _starts(text: str) -> bool:
    return bool(text) and unicodedata.normalize("NFKC", text[0])[:1] in tuple(_FORMULA)
