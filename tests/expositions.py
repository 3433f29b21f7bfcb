"""Expositions of tests: texts that we wrote, through parser, identity and mapping."""

from collections.abc import Sequence

from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.naming import ResourceIdTemplate

WALL_S = 1_770_000_000.0


def mapper(mapping: str, resource: str = "r", *, copies: frozenset[str] = frozenset()) -> Mapper:
    """A mapper of one target whose resource has this template."""
    namer = ResourceIdTemplate("t", "http://host-1:9400/metrics", resource)
    return Mapper(load(mapping), interval_s=30, resource_of=namer, apart=namer.labels, copies=copies)


def reads(mapping: str, texts: Sequence[str], resource: str = "r", *, after_s: float = 10.0) -> list[Read]:
    """What each of several expositions of one target gave, `after_s` one after the other."""
    one, table = mapper(mapping, resource), load(mapping)
    return [
        one.read(parse(text, "", table.wanted), at_s=after_s * n, wall_s=WALL_S + after_s * n)
        for n, text in enumerate(texts)
    ]


def readings(mapping: str, *texts: str, resource: str = "r", device: str = "", of: str = "r") -> dict[str, float]:
    """The readings of the last exposition, ten seconds after the one before."""
    return reads(mapping, texts, resource)[-1].readings.get((of, device), {})


def lines(family: str, *samples: tuple[str, float], kind: str = "gauge") -> str:
    """A family of an exposition: (labels, value) each."""
    told = "\n".join(f"{family}{{{labels}}} {value!r}" for labels, value in samples)
    return f"# TYPE {family} {kind}\n{told}\n"
