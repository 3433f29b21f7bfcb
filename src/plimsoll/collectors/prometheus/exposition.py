"""The text exposition: prometheus-client parses it; what that parser takes amiss is set right here."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, cast

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as _openmetrics,  # pyright: ignore[reportUnknownVariableType]
)

from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.lines import (
    MAX_LABELS,
    UNREADABLE,
    Lines,
    chosen,
    families,
    read_singly,
    refuse_torn,
)
from plimsoll.errors import shown

# the library types one of its two parsers
openmetrics = cast(Callable[[str], Iterable[Metric]], _openmetrics)
TOLERANCE_S: Final = 600.0
# a page or JSON; a line may begin with a brace, too, where its name is quoted
_ELSE: Final = re.compile(r'[<\[]|\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})')
_END: Final = re.compile(r"(?:\A|\n)# EOF\s*\Z")


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

    `refused` names lines that were left out. `damaged` are names of samples of which some are missing for whatever
    reason: what is added up of them is unknown.
    """

    samples: dict[str, list[Sample]] = field(default_factory=dict[str, list[Sample]])
    unread: frozenset[str] = frozenset()
    refused: str = ""
    damaged: set[str] = field(default_factory=set[str])

    def keep_timely(self, wall_s: float) -> int:
        """Drops samples whose own time is further than ten minutes from now, and says how many."""
        dropped = 0
        for name, ones in self.samples.items():
            timely = [one for one in ones if one.at_s is None or abs(one.at_s - wall_s) <= TOLERANCE_S]
            if len(timely) < len(ones):
                dropped += len(ones) - len(timely)
                there = {frozenset(one.labels.items()) for one in timely}
                if any(frozenset(one.labels.items()) not in there for one in ones):
                    self.damaged.add(name)
            self.samples[name] = timely
        return dropped

    def of(self, name: str) -> list[Sample]:
        """The samples of that name, with `_total` or without: releases and parsers differ in that."""
        found = self.samples.get(name) or self.samples.get(f"{name}_total")
        return found or self.samples.get(name.removesuffix("_total")) or []


def parse(text: str, content_type: str, wanted: Callable[[str], bool]) -> Exposition:
    """Parses the lines whose names are `wanted`; one that cannot be read is refused alone.

    FetchError for a page that is no exposition, with its beginning, and for an answer that is torn.
    """
    stripped = text.lstrip()
    if not stripped:
        raise FetchError("not an exposition: the answer is empty")
    if _ELSE.match(stripped) or "\0" in stripped[:1000]:
        raise FetchError(f'not an exposition: "{shown(stripped[:80])}"')
    if "openmetrics" in content_type and not _END.search(text[-200:]):
        raise FetchError("the answer is torn: OpenMetrics ends with # EOF")
    refuse_torn(text)
    lines = chosen(text, wanted)
    found = _families(lines, content_type)
    made = Exposition(unread=lines.others)
    for family in found:
        for one in family.samples:
            if len(one.labels) > MAX_LABELS:
                lines.refuse(0, one.name, "has too many labels")
                continue
            at_s = float(one.timestamp) if one.timestamp is not None else None
            made.samples.setdefault(one.name, []).append(Sample(one.name, one.labels, float(one.value), at_s))
    made.refused, made.damaged = lines.said, lines.damaged
    return made


def _families(lines: Lines, content_type: str) -> list[Metric]:
    """The families by the parser of their format; by that of the text format where the strict one refuses them."""
    if "openmetrics" in content_type:
        with suppress(ValueError):  # the lenient parser below says which lines are wrong
            return list(openmetrics("\n".join(lines.texts) + "\n# EOF\n"))
    try:
        return families(lines.texts)
    except UNREADABLE:
        return read_singly(lines)
