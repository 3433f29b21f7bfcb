"""The text exposition: prometheus-client parses it; what that parser takes amiss is set right here."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as _openmetrics,  # pyright: ignore[reportUnknownVariableType]
)
from prometheus_client.parser import text_string_to_metric_families as classic

from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.errors import shown

# the library types one of its two parsers
openmetrics = cast(Callable[[str], Iterable[Metric]], _openmetrics)
MAX_SAMPLES: Final = 200_000
MAX_LABELS: Final = 64
MAX_LINE: Final = 4 * 1024**2
_SHORT: Final = 4096
TOLERANCE_S: Final = 600.0
# a page or JSON; a line may begin with a brace, too, where its name is quoted
_ELSE: Final = re.compile(r'[<\[]|\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})')
_NAME: Final = re.compile(r"(?:# (?:TYPE|HELP) )?([a-zA-Z_:][a-zA-Z0-9_:]*)")


@dataclass(slots=True)
class Sample:
    """One line: `value` may be NaN or infinite; `at_s` is the exposition's own time, if it gave one.

    `key` says which series it is among those of its name, once that is decided.
    """

    name: str
    labels: Mapping[str, str]
    value: float
    at_s: float | None = None
    key: tuple[object, ...] = ()


@dataclass(slots=True)
class Exposition:
    """The samples that were wanted, by name; `unread` are the families that no rule of the mapping reads.

    `refused` counts lines that were left out unread: no exporter writes such long lines or so many labels.
    """

    samples: dict[str, list[Sample]] = field(default_factory=dict[str, list[Sample]])
    unread: frozenset[str] = frozenset()
    refused: int = 0

    def keep_timely(self, wall_s: float) -> int:
        """Drops samples whose own time is further than ten minutes from now, and says how many."""
        dropped = 0
        for name, ones in self.samples.items():
            timely = [one for one in ones if one.at_s is None or abs(one.at_s - wall_s) <= TOLERANCE_S]
            dropped += len(ones) - len(timely)
            self.samples[name] = timely
        return dropped

    def of(self, name: str) -> list[Sample]:
        """The samples of that name, with `_total` or without: releases and parsers differ in that."""
        found = self.samples.get(name) or self.samples.get(f"{name}_total")
        return found or self.samples.get(name.removesuffix("_total")) or []


def parse(text: str, content_type: str, wanted: Callable[[str], bool]) -> Exposition:
    """Parses the lines whose names are `wanted`; a page that is not an exposition is refused with its beginning."""
    stripped = text.lstrip()
    if not stripped:
        raise FetchError("not an exposition: the answer is empty")
    if _ELSE.match(stripped) or "\0" in stripped[:1000]:
        raise FetchError(f'not an exposition: "{shown(stripped[:80])}"')
    lines, unread, refused = _chosen(text, wanted)
    chosen = "\n".join(lines) + "\n"
    try:
        if "openmetrics" in content_type:
            try:
                found: list[Metric] = list(openmetrics(chosen + ("" if chosen.endswith("# EOF\n") else "# EOF\n")))
            except ValueError:
                found = list(classic(chosen))
        else:
            found = list(classic(chosen))
    except (ValueError, KeyError, IndexError) as error:
        raise FetchError(f"not an exposition: {shown(str(error))}") from error
    made = Exposition(unread=unread, refused=refused)
    for family in found:
        for one in family.samples:
            if len(one.labels) > MAX_LABELS:
                made.refused += 1
                continue
            at_s = float(one.timestamp) if one.timestamp is not None else None
            made.samples.setdefault(one.name, []).append(Sample(one.name, one.labels, float(one.value), at_s))
    return made


def _chosen(text: str, wanted: Callable[[str], bool]) -> tuple[list[str], frozenset[str], int]:
    """The wanted lines, TYPE lines included, the other names, and how many wanted lines are too long to be parsed.

    Too many samples are refused before parsing; a long line would cost the parser minutes, and is left out alone.
    """
    chosen: list[str] = []
    count = refused = 0
    known: dict[str, bool] = {}
    for line in text.split("\n"):
        match = _NAME.match(line)
        if match is None:
            # a quoted name has letters that no family of any mapping has
            if line and not line.startswith(("#", '{"')):
                refused += (long := _too_long(line))
                chosen += [] if long else [line.rstrip("\r")]
            continue
        name = match[1]
        count += not line.startswith("#")
        if count > MAX_SAMPLES:
            raise FetchError(f"too many samples: more than {MAX_SAMPLES:,}")
        if name not in known:
            known[name] = wanted(name)
        if known[name] and not line.startswith("# HELP"):
            refused += (long := _too_long(line))
            chosen += [] if long else [line.rstrip("\r")]
    return chosen, frozenset(name for name, used in known.items() if not used), refused


def _too_long(line: str) -> bool:
    """Whether a line would cost the parser minutes: its time grows with the square of the labels."""
    return len(line) > MAX_LINE or (len(line) > _SHORT and line.count('="') > MAX_LABELS)
