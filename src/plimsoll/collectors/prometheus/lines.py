"""The lines of an exposition: those that are wanted, and those that no parser can read, refused one by one."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families as classic

from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.errors import shown

MAX_SAMPLES: Final = 200_000
MAX_LABELS: Final = 64
MAX_LINE: Final = 4 * 1024**2
MOST_REFUSED: Final = 1_000
"""Lines refused alone; an answer with more of them is no exposition."""
_SHORT: Final = 320
_CHUNK: Final = 256
_CUT: Final = 60
_KEPT: Final = 3
_NAME: Final = re.compile(r"(?:# (?:TYPE|HELP) )?([a-zA-Z_:][a-zA-Z0-9_:]*)")
UNREADABLE: Final = (ValueError, KeyError, IndexError)
"""What the parser raises for a line that cannot be right."""


@dataclass(slots=True)
class Lines:
    """The wanted lines of an answer, TYPE lines included, and what was refused of it.

    `numbers` are their places in the answer, from 1; `others` are the names that are not wanted. `refused` counts lines
    that were left out, `why` names the first of them, `damaged` are the names of samples on such lines: what is added
    up of them lacks a part.
    """

    texts: list[str] = field(default_factory=list[str])
    numbers: list[int] = field(default_factory=list[int])
    others: frozenset[str] = frozenset()
    refused: int = 0
    why: list[str] = field(default_factory=list[str])
    damaged: set[str] = field(default_factory=set[str])

    def refuse(self, number: int, line: str, why: str) -> None:
        """Notes one line that is left out; its text is shown cut."""
        self.refused += 1
        if len(self.why) < _KEPT:
            cut = line[:_CUT] + ("..." if len(line) > _CUT else "")
            place = f"line {number}" if number else "a line of"
            self.why.append(f'{place} "{shown(cut)}" {why}')
        if not line.startswith("#") and (match := _NAME.match(line)):
            self.damaged.add(match[1])

    @property
    def said(self) -> str:
        """What was refused, in words; empty where nothing was."""
        if not self.refused:
            return ""
        more = f" and {self.refused - len(self.why)} more" if self.refused > len(self.why) else ""
        lines = "1 line was refused" if self.refused == 1 else f"{self.refused} lines were refused"
        return f"{lines}: {'; '.join(self.why)}{more}"


def chosen(text: str, wanted: Callable[[str], bool]) -> Lines:
    """The lines whose names are wanted.

    Too many samples are refused before parsing; a long line would cost the parser minutes, and is left out alone.
    """
    made = Lines()
    count = 0
    known: dict[str, bool] = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = _NAME.match(line)
        if match is None:
            # a quoted name has letters that no family of any mapping has
            if not line.strip() or line.startswith(("#", '{"')):
                continue
        else:
            name = match[1]
            count += not line.startswith("#")
            if count > MAX_SAMPLES:
                raise FetchError(f"too many samples: more than {MAX_SAMPLES:,}")
            if name not in known:
                known[name] = wanted(name)
            if not known[name] or line.startswith("# HELP"):
                continue
        if _too_long(line):
            made.refuse(number, line, "is too long, or has too many labels")
        else:
            made.texts.append(line.rstrip("\r"))
            made.numbers.append(number)
    made.others = frozenset(name for name, used in known.items() if not used)
    return made


def _too_long(line: str) -> bool:
    """Whether a line would cost the parser minutes: its time grows with the square of the labels."""
    return len(line) > MAX_LINE or (len(line) > _SHORT and line.count('="') > MAX_LABELS)


def families(texts: Iterable[str]) -> list[Metric]:
    """What the parser of the text format makes of some lines; one of `UNREADABLE` where one of them cannot be read."""
    return list(classic("\n".join(texts) + "\n"))


def refuse_torn(text: str) -> None:
    """FetchError where an answer ends within a line: what followed is missing, and sums would lack it."""
    first, _, last = text.rpartition("\n")
    if not first or not last.strip() or last.startswith("#") or _too_long(last):
        return
    try:
        families([last])
    except UNREADABLE:
        raise FetchError(f'the answer is torn: its last line is "{shown(last[:_CUT])}"') from None


def read_singly(lines: Lines) -> list[Metric]:
    """What can be read where some line cannot: each such line is refused alone, by its place.

    FetchError where there is nothing else, or where more than `MOST_REFUSED` lines are refused.
    """
    bad = _unreadable(lines.texts)
    kept = [line for place, line in enumerate(lines.texts) if place not in bad]
    for place in sorted(bad):
        lines.refuse(lines.numbers[place], lines.texts[place], bad[place])
    if lines.refused > MOST_REFUSED or not any(line and not line.startswith("#") for line in kept):
        raise FetchError(f"not an exposition: {lines.said}")
    lines.texts, lines.numbers = kept, [n for place, n in enumerate(lines.numbers) if place not in bad]
    return families(kept)


def _unreadable(texts: Sequence[str]) -> dict[int, str]:
    """Place -> why, of lines that cannot be read; it looks for no more than are refused singly."""
    found: dict[int, str] = {}
    for first in range(0, len(texts), _CHUNK):
        part = texts[first : first + _CHUNK]
        try:
            families(part)
        except UNREADABLE:
            for place, line in enumerate(part, first):
                try:
                    families([line])
                except UNREADABLE as error:
                    found[place] = f"cannot be read ({shown(str(error)[:_CUT])})" if str(error) else "cannot be read"
        if len(found) > MOST_REFUSED:
            break
    return found
